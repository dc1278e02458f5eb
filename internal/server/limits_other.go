//go:build !linux || portable

package server

import "math"

// fitDescriptors knows no limit: what a connection takes is known on Linux only.
func fitDescriptors(cfg *Config) (batch int, err error) {
	if cfg.Admission.MaxConns < 0 {
		cfg.Admission.MaxConns = math.MaxInt32
	}
	return acceptBatch, nil
}

// keepDescriptors does nothing: Go closes what it has not opened at exec, too.
func keepDescriptors() {}
