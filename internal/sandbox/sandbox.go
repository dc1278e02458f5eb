// Package sandbox takes from a child all that its handler does not need, so that
// one that a client has taken over reaches its own connection and nothing else.
package sandbox

// Needs is what a handler needs besides its connection: the rest is taken from its
// child. The zero value is enough for a handler that only sends and receives.
type Needs struct {
	Read  []string // files to read, or directories with all below them
	Write []string // the same, also to write, to make and to remove

	Connect  []uint16 // TCP ports to connect to, of whatever host
	From     bool     // to choose the address that connections come from
	Unix     bool     // to connect to unix sockets of the file system
	Abstract bool     // to connect to abstract unix sockets
}

// connects reports whether connections are made at all.
func (n *Needs) connects() bool { return len(n.Connect) > 0 || n.Unix || n.Abstract }
