//go:build !unix

package report

import "io"

// patient is w: there is no O_NONBLOCK to share.
func patient(w io.Writer) io.Writer { return w }
