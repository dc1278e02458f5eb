package applets_test

// serveCommands are the script commands of the tests of serve.
func serveCommands() map[string]scriptCmd {
	return map[string]scriptCmd{}
}
