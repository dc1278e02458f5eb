//go:build !linux

package transfer

import "os"

// syncAll has nothing to do.
func syncAll(*os.Root) error { return nil }

// syncsAll says whether there is a call that writes all files of a directory to the
// disk; each file is written by itself otherwise.
const syncsAll = false
