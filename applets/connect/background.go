package connect

import "sync"

// background is a goroutine, or none, that is told when to end.
type background struct {
	done    chan struct{}
	running sync.WaitGroup
}

func (b *background) start(run func(done <-chan struct{})) {
	b.done = make(chan struct{})
	b.running.Go(func() { run(b.done) })
}

// stop waits for its end.
func (b *background) stop() {
	if b.done != nil {
		close(b.done)
		b.running.Wait()
	}
}
