package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncAll writes all of the file system below a directory to the disk: syncfs(2).
func syncAll(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(d.Fd())))
}

// syncsAll says whether there is such a call; each file is written by itself
// otherwise.
const syncsAll = true
