//go:build unix

package transfer

import "os"

// syncDir writes the names in a directory to the disk: fsync(2).
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
