//go:build !linux

package socket

import "errors"

// InfoFD reads TCP_INFO of a descriptor; only Linux has it.
func InfoFD(int) (TCPInfo, bool) { return TCPInfo{}, false }

// Outq returns how many bytes the peer has not acknowledged; only Linux tells.
func Outq(int) (int, error) { return 0, errors.ErrUnsupported }
