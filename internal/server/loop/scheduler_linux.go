//go:build !portable

package loop

import (
	"runtime"
	"sync"
)

// idleProcessors is enough for some of the Go scheduler's processors to be idle
// while the loop waits in the kernel.
const idleProcessors = 8

// KeepProcessors gives the Go scheduler processors that stay idle while the loop
// waits, or starts programs. Without an idle one its monitor takes those of the
// threads that wait in the kernel away, every 20 µs, and they must get them back.
func KeepProcessors() { runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), idleProcessors)) }

// KeepThreads starts the threads that the Go runtime may want later, which keeps
// them: it ends the process when it wants one and there is none to be had, as
// when programs have used up RLIMIT_NPROC (getrlimit(2)). Besides one for each
// processor, and one that on a busy machine is still on its way to sleep when
// the processor wants another, there are those that wait in the kernel: in the
// loop, in a fork, for a fork, in a write of the log, and for signals.
func KeepThreads() {
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for range kept() {
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

// kept is how many threads are kept beside those that are there.
func kept() int {
	const waiting = 7
	return 2*runtime.GOMAXPROCS(0) + waiting
}

// Threads is how many threads the process has once KeepThreads was called, about.
func Threads() int {
	const before = 6 // of which the runtime has some at the start
	return kept() + before
}
