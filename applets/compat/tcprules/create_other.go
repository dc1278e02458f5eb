//go:build !unix

package tcprules

import "os"

const createFlags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
