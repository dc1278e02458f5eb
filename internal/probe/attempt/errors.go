package attempt

import "context"

// OutcomeOf is what an error of a connection stands for, outside of an attempt.
func OutcomeOf(err error) Outcome {
	o, _, _ := classify(context.Background(), Sent, err)
	return o
}
