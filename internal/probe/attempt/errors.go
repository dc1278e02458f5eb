package attempt

import (
	"context"

	"nettool/internal/exit"
)

// OutcomeOf is what an error of a connection stands for, outside of an attempt.
func OutcomeOf(err error) Outcome {
	o, _, _ := classify(context.Background(), Sent, err)
	return o
}

// usage is a mistake on the command line.
func usage(format string, args ...any) error { return exit.Errorf(exit.Usage, format, args...) }
