package serve

import "os"

// served are the signals that a server acts upon.
func served() []os.Signal { return []os.Signal{os.Interrupt} }
