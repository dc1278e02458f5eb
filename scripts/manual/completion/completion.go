package completion

import "nettool/scripts/manual/reference"

// Files are the completions.
func Files([]*reference.Command) map[string]string { return map[string]string{} }
