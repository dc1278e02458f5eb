package tlsdial

// Reason says in a few words why a handshake with a peer called name failed.
func Reason(err error, name string) string {
	text, _ := explain(err, name, false)
	return text
}
