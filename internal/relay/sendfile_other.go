//go:build !linux

package relay

// sendFile leaves files to the buffered path.
func (e *engine) sendFile() (handled bool, err error) { return false, nil }
