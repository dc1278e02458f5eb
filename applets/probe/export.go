package probe

import (
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"nettool/internal/admin"
	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/interrupt"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/export"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// maxConfig is how long a configuration may be, in bytes.
const maxConfig = 16 << 20

// Run answers until it is told to stop.
func (c *exportCmd) Run(call *cli.Call, shared *Cmd) error {
	if err := noProgram(call); err != nil {
		return err
	}
	if c.Probes < 1 || c.Probes > 10_000 {
		return exit.Errorf(exit.Usage, "--max-probes %d: want a number from 1 to 10000", c.Probes)
	}
	config, err := c.read(shared)
	if err != nil {
		return err
	}
	ctx, _, stop := interrupt.Context()
	defer stop()
	server := &admin.Server{Most: c.Probes + 64}
	var at []string
	for _, a := range c.Listen {
		listeners, err := socket.Listen(ctx, a, socket.Options{})
		if err != nil {
			return err
		}
		for _, l := range listeners {
			defer l.Close()
			at = append(at, socket.Text(l.Addr()))
			server.AnyName = server.AnyName || !isLoopback(socket.Text(l.Addr()))
		}
		server.Listeners = append(server.Listeners, listeners...)
	}
	e := export.New(ctx, config, c.Probes, call.Version)
	server.Pages, server.Find = e.Pages(), e.Find
	reloads := make(chan os.Signal, 1)
	signal.Notify(reloads, syscall.SIGHUP)
	defer signal.Stop(reloads)
	server.Start()
	defer server.Close()
	report.Notice(call.Stderr, call.Name, "exporting on %s", strings.Join(at, " "))
	for {
		select {
		case <-reloads:
			c.reload(call, shared, e)
		case <-ctx.Done():
			if sig, ok := interrupt.Of(ctx); ok && sig != syscall.SIGTERM {
				return exit.Status(exit.Signal(sig))
			}
			return nil // as a service that was told to stop
		}
	}
}

// isLoopback reports whether only this machine reaches a listener.
func isLoopback(at string) bool {
	a, err := netip.ParseAddrPort(at)
	return err != nil || a.Addr().IsLoopback()
}

// reload reads the configuration again. One that is wrong changes nothing.
func (c *exportCmd) reload(call *cli.Call, shared *Cmd, e *export.Exporter) {
	config, err := c.read(shared)
	if err != nil {
		e.Stale()
		report.Notice(call.Stderr, call.Name, "reload: %s; the configuration stays as it was", report.Escape(err.Error()))
		return
	}
	e.Use(config)
	report.Notice(call.Stderr, call.Name, "reload: %d modules", len(config.Modules))
}

// read is the configuration: the flags are the module default, the arguments targets that
// may be asked, and a file has more of both.
func (c *exportCmd) read(shared *Cmd) (*export.Config, error) {
	usual, err := shared.Attempt.spec(attempt.DefaultTimeout)
	if err != nil {
		return nil, err
	}
	config := &export.Config{Modules: map[string]attempt.Spec{}}
	if err := config.Allow(c.Targets); err != nil {
		return nil, err
	}
	if c.Config != "" {
		if err := readConfig(config, c.Config); err != nil {
			return nil, err
		}
	}
	if _, ok := config.Modules[export.Default]; !ok {
		config.Modules[export.Default] = usual
	}
	if len(config.Targets) == 0 {
		return nil, exit.Errorf(exit.Usage, "no target may be asked: name them as arguments, or in lines \"target PATTERN…\" of a --config FILE")
	}
	return config, nil
}

// readConfig reads a file. Nothing but a regular one, or what it is named on the command
// line, can be read again.
func readConfig(config *export.Config, name string) error {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return exit.Errorf(exit.Local, "--config: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return exit.Errorf(exit.Local, "--config %q: is no regular file", name)
	}
	return config.Read(io.LimitReader(f, maxConfig), name, moduleSpec)
}
