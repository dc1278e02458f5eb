//go:build !linux

package load

import "context"

// drive runs the lanes.
func drive(ctx context.Context, p *plan, lanes []*lane) { driveUsers(ctx, p, lanes) }
