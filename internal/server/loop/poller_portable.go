//go:build !linux || portable

package loop

import "time"

// poller waits for a channel.
type poller struct{ woken chan struct{} }

func (p *poller) open(bool) error {
	p.woken = make(chan struct{}, 1)
	return nil
}

func (p *poller) close() {}

// wake ends the wait, or the next one.
func (p *poller) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

func (p *poller) prepare(time.Time) {}

// wait waits until it is woken, no longer than timeout unless that is negative.
func (p *poller) wait(timeout time.Duration) error {
	if timeout < 0 {
		<-p.woken
		return nil
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-p.woken:
	case <-t.C:
	}
	return nil
}

// KeepProcessors does nothing: the loop is a goroutine like others here.
func KeepProcessors() {}

// KeepThreads does nothing.
func KeepThreads() {}
