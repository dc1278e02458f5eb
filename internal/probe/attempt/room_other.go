//go:build !unix

package attempt

// Room is how many attempts may have a connection open at once.
func Room() int { return 4096 }

// Ready reports whether attempts can be made at all.
func Ready() error { return nil }
