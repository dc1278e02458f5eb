//go:build !unix || solaris || aix

package transfer

import "os"

// lock cannot tell whether somebody else has a file: each connection has its own
// then, and none is gone on with.
func lock(*os.File) bool { return false }

// linkless takes any error for one of a file system without links.
func linkless(error) bool { return true }

// locks says whether files can be locked.
const locks = false
