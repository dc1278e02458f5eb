//go:build !linux

package socket

import "syscall"

// sign is Linux's: unsupported has refused already.
func (o Options) sign(syscall.RawConn, string, string, bool) error { return nil }
