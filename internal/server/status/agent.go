package status

import (
	"context"
	"fmt"

	"nettool/internal/admin"
	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
	"nettool/internal/socket"
)

// Agent answers HAProxy's agent checks
// (https://docs.haproxy.org/2.6/configuration.html#5.2-agent-check): a line for
// everybody who connects. A nil one does nothing.
type Agent struct {
	sockets
	source Source
}

// OpenAgent opens the listeners of an agent; without addresses there is none.
func OpenAgent(ctx context.Context, addrs []socket.Addr, up *upgrade.Upgrader) (*Agent, error) {
	if len(addrs) == 0 {
		return nil, nil
	}
	a := &Agent{}
	var err error
	if a.sockets, err = open(ctx, "agent", addrs, &admin.Server{Line: a.line}, up); err != nil {
		return nil, err
	}
	return a, nil
}

// Start begins to answer about the source, once it serves: who connects before
// waits.
func (a *Agent) Start(source Source) {
	if a != nil {
		a.source = source
		a.server.Start()
	}
}

// Addrs is where the agent answers.
func (a *Agent) Addrs() []string {
	if a == nil {
		return nil
	}
	return a.addrs()
}

// Close closes the listeners.
func (a *Agent) Close() {
	if a != nil {
		a.close()
	}
}

// HandOver adds copies of the listeners to files, by name.
func (a *Agent) HandOver(files upgrade.Files) error {
	if a == nil {
		return nil
	}
	return a.handOver(files)
}

// Leave leaves the listeners to a successor.
func (a *Agent) Leave() {
	if a != nil {
		a.leave()
	}
}

// line is the answer. A server that does not answer is no news to HAProxy: it is
// for health checks to tell.
func (a *Agent) line() []byte {
	var g run.Gauges
	if !a.source.Ask(func() { g = a.source.Gauges() }) {
		return nil
	}
	return []byte(agentLine(&g))
}

// agentLine says whether new connections are wanted, and how many: the weight goes
// down with the free slots. HAProxy leaves its state "drain" at "ready" only. While
// connections wait for a slot, the weight is as low as it can be without saying
// "drain".
func agentLine(g *run.Gauges) string {
	if g.State == "draining" {
		return "drain\n"
	}
	free := 100
	if g.Limit > 0 {
		free = 100 * max(g.Limit-g.Open, 0) / g.Limit
	}
	if g.State != "full" {
		free = max(free, 1)
	}
	return fmt.Sprintf("ready up %d%%\n", free)
}
