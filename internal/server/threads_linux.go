package server

import (
	"runtime"
	"sync"
)

// keepThreads starts the threads that the Go runtime may want later, which keeps
// them: it ends the process when it wants one and there is none to be had, as
// when programs have used up RLIMIT_NPROC (getrlimit(2)). Besides one for each
// processor there are those that wait in the kernel: in the loop, in a fork, in
// a write of the log, and for signals.
func keepThreads() {
	const waiting = 6
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for range runtime.GOMAXPROCS(0) + waiting {
		ready.Add(1)
		done.Go(func() {
			runtime.LockOSThread() // a thread for each
			defer runtime.UnlockOSThread()
			ready.Done()
			<-release
		})
	}
	ready.Wait()
	close(release)
	done.Wait()
}
