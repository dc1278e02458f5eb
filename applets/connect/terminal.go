package connect

import (
	"context"
	"io"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/relay"
	"nettool/internal/socket"
	"nettool/internal/terminal"
)

// words is where this run says what is not the peer's.
func words(call *cli.Call) io.Writer { return terminal.Aside(call.Stderr) }

// atTerminal lets a person who types the lines of a session edit them. leave, which must
// be called, waits until all is shown, and restores the terminal. Where there is no such
// person nothing changes.
func (c *Cmd) atTerminal(ctx context.Context, s *relay.Session, target socket.Addr, call *cli.Call) (leave func(), err error) {
	leave = func() {}
	if s.In != call.Stdin || s.Out == nil || c.Bytes.Raw || !terminal.Usable(s.In, s.Out) {
		return leave, nil
	}
	history, err := c.history(target)
	if err != nil {
		return leave, err
	}
	t, err := terminal.Open(ctx, terminal.Config{In: s.In, Out: s.Out, History: history, Ended: c.ended(call)})
	if err != nil {
		return leave, exit.With(exit.Local, err)
	}
	s.In, s.Out = t.In, t.Out
	return t.Close, nil
}

// ended is what is said when somebody has typed the end of standard input.
func (c *Cmd) ended(call *cli.Call) string {
	text := call.Name + ": end of standard input (^D)"
	if c.Session.NoShutdown {
		text += "; our side stays open (--no-shutdown)"
	}
	return text
}

// history is what was typed to the peer before.
func (c *Cmd) history(target socket.Addr) (*terminal.History, error) {
	path := c.Session.History
	if path == "off" {
		return nil, nil
	}
	if path != "" {
		h, err := terminal.OpenHistory(path)
		return h, exit.With(exit.Local, err)
	}
	return terminal.HistoryOf(target.String()), nil
}
