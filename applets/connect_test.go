package applets_test

// connectCommands are the script commands of the tests of connect.
func connectCommands() map[string]scriptCmd {
	return map[string]scriptCmd{}
}
