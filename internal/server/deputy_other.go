//go:build !linux

package server

import (
	"nettool/internal/server/supervise"
	"nettool/internal/stage"
)

// appoint starts no deputy: nothing keeps programs apart here.
func (c *Config) appoint(*supervise.Identity) (*stage.Deputy, error) { return nil, nil }

func dismiss(*stage.Deputy) {}
