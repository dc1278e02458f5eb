//go:build !unix

package attempt

// Room is how many attempts may have a connection open at once.
func Room() int { return 4096 }
