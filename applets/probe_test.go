package applets_test

// probeCommands are the script commands of the tests of probe.
func probeCommands() map[string]scriptCmd {
	return map[string]scriptCmd{}
}
