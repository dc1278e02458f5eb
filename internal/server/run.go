package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"nettool/internal/exit"
)

// Run serves until a signal, or --once or --max-total, ends it. The error
// carries the exit code; nil is an end after a complete drain. signals brings
// SIGTERM and SIGINT.
func Run(ctx context.Context, cfg *Config, signals <-chan os.Signal) error {
	keepDescriptors()
	fitDescriptors(cfg)
	var err error
	if cfg.heir, err = newHeir(cfg.Log); err != nil {
		return exit.With(exit.Local, err)
	}
	d, err := newDoor(cfg)
	if err != nil {
		return err
	}
	if cfg.identity, err = lookupIdentity(cfg.User, cfg.Group); err != nil {
		return exit.With(exit.Usage, err)
	}
	listeners, err := listenAll(ctx, cfg)
	if err != nil {
		return err
	}
	if err := settleIn(ctx, cfg); err != nil {
		closeListeners(listeners)
		return err
	}
	defer cfg.herald.close()
	if cfg.blindTimers() && slices.ContainsFunc(listeners, isUnix) {
		closeListeners(listeners)
		return exit.Errorf(exit.Usage, "--first-byte and --idle see a program's bytes over TCP only, not over unix sockets; --max-time works")
	}
	switch {
	case cfg.Handler == "stdio":
		return serveStdio(ctx, cfg, d, listeners, signals)
	case cfg.InProcess:
		return serveInProcess(cfg, d, listeners, signals)
	}
	return serveProcesses(cfg, d, listeners, signals)
}

// settleIn opens what else needs rights, then gives the rights up.
func settleIn(ctx context.Context, cfg *Config) (err error) {
	if cfg.herald, err = newHerald(cfg); err != nil {
		return exit.With(exit.Local, err)
	}
	if cfg.desk, err = openDesk(ctx, cfg); err != nil {
		cfg.herald.close()
		return err
	}
	if cfg.identity == nil {
		return nil
	}
	if err := cfg.identity.assume(); err != nil {
		cfg.desk.close()
		cfg.herald.close()
		return exit.With(exit.Local, err)
	}
	return nil
}

// listenAll opens the listeners of all addresses, or none.
func listenAll(ctx context.Context, cfg *Config) ([]net.Listener, error) {
	var all []net.Listener
	for _, a := range cfg.Addrs {
		some, names, err := listenNamed(ctx, "listen", a, cfg.Options, cfg.heir)
		if err != nil {
			closeListeners(all)
			return nil, err
		}
		all = append(all, some...)
		cfg.heir.listenerNames = append(cfg.heir.listenerNames, names...)
	}
	return all, nil
}

func closeListeners(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// announce logs where the server listens and how it runs connections, and tells
// whoever waits for that.
func announce(cfg *Config, addrs []net.Addr) error {
	if err := cfg.herald.ready(addrs); err != nil {
		return exit.With(exit.Local, err)
	}
	attrs := []slog.Attr{
		slog.String("local", strings.Join(textsOf(addrs), ",")),
		slog.String("handler", cfg.handlerName()),
		slog.String("model", cfg.model()),
		slog.Int("pid", os.Getpid()),
		slog.Int("max_conns", cfg.Admission.MaxConns),
	}
	if cfg.desk != nil {
		attrs = append(attrs, slog.String("admin", strings.Join(cfg.desk.addrs(), ",")))
	}
	cfg.Log.Event("listening", attrs...)
	if err := cfg.Ready(addrs); err != nil {
		return exit.With(exit.Local, err)
	}
	cfg.heir.ready()
	return nil
}

func addrsOf(listeners []net.Listener) []net.Addr {
	addrs := make([]net.Addr, len(listeners))
	for i, l := range listeners {
		addrs[i] = l.Addr()
	}
	return addrs
}

// blindTimers reports whether there are timers that cannot see a program's bytes
// but over TCP.
func (c *Config) blindTimers() bool {
	return len(c.Program) > 0 && (c.Limits.FirstByte > 0 || c.Limits.Idle > 0)
}

func isUnix(l net.Listener) bool { return l.Addr().Network() == "unix" }

// AddrText is a socket's address as nettool writes and reads it.
func AddrText(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

// logDrain says that a signal makes the server end.
func logDrain(cfg *Config, connections int, sig os.Signal) {
	cfg.herald.stopping(connections)
	cfg.Log.Event("drain", slog.Int("connections", connections), slog.String("signal", signalName(sig.(syscall.Signal))))
}

// logExit says what the server ends with.
func logExit(cfg *Config, err error, served int) error {
	cfg.Log.Event("exit", slog.Int("code", int(exit.Of(err))), slog.Int("served", served))
	return err
}

// isClosed reports whether a listener was closed by us.
func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
