package tlsserve

import "os"

// openFile opens a file.
func openFile(path string) (*os.File, error) { return os.Open(path) }

// dup opens the file again: rights are not given up here.
func dup(f *os.File) (*os.File, error) { return os.Open(f.Name()) }
