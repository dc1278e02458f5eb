//go:build !linux

package sweep

// firstEphemeral is the first port that connections of this machine may get.
func firstEphemeral() uint16 { return 1024 }
