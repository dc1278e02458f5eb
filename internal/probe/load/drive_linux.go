package load

import (
	"context"
	"runtime"
	"sync"
)

// drive runs the lanes: threads with a poller each (epoll(7)) for what is no TLS, which
// costs least beside what is measured.
func drive(ctx context.Context, p *plan, lanes []*lane) {
	if p.Target.TLS {
		driveUsers(ctx, p, lanes)
		return
	}
	before := runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + len(lanes)) // they take up one each, all the time
	defer runtime.GOMAXPROCS(before)
	var threads sync.WaitGroup
	for i, l := range lanes {
		threads.Go(func() { newPoller(l, share(p.Conns, i, len(lanes))).run(ctx) })
	}
	threads.Wait()
}
