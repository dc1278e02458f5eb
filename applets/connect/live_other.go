//go:build !unix

package connect

// live has no signal to listen to here.
type live struct{}

func startLive(func()) *live { return nil }

func (*live) stop() {}
