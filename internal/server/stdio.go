package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/relay"
)

// serveStdio joins the first connection to our own standard input and output,
// as connect does: the same rules, the same exit codes. Two things differ, since
// we are the server: an empty standard input does not end a client's upload, and
// a client that has ended its side still gets all that a file or a pipe has to
// say. A person at a terminal is done when the client is.
func serveStdio(ctx context.Context, cfg *Config, d *door, listeners []net.Listener, signals <-chan os.Signal) error {
	if err := announce(cfg, addrsOf(listeners)); err != nil {
		closeListeners(listeners)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go attend(ctx, cfg, signals, cancel)
	conn, err := firstConn(ctx, cfg, d, listeners)
	if conn == nil {
		return logExit(cfg, err, 0)
	}
	session := &relay.Session{
		Conn: conn, In: cfg.Stdin, Out: cfg.Stdout,
		QuietEnd: true, FullDuplex: !isatty.IsTerminal(cfg.Stdin.Fd()),
		Idle: cfg.Limits.Idle, Deadline: cfg.Limits.MaxTime, QuitOn: cfg.QuitOn,
	}
	e := ending{id: 1, remote: AddrText(conn.RemoteAddr()), local: AddrText(conn.LocalAddr()), pid: os.Getpid(), counted: true, exit: -1}
	cfg.Log.Detail("open", slog.Uint64("id", 1), slog.String("remote", e.remote), slog.String("local", e.local), slog.String("handler", "stdio"), slog.Int("pid", e.pid))
	began := time.Now()
	result, err := session.Run(ctx)
	e.duration = time.Since(began)
	e.bytesIn, e.bytesOut = result.BytesIn, result.BytesOut
	cfg.Log.Event("close", append(e.attrsWith(result.Reason, "stdio"), slog.Int("code", int(exit.Of(err))))...)
	return logExit(cfg, err, 1)
}

// firstConn takes one connection and closes the listeners. It returns nil when
// a signal, or a failure, came first.
func firstConn(ctx context.Context, cfg *Config, d *door, listeners []net.Listener) (net.Conn, error) {
	type arrival struct {
		conn net.Conn
		err  error
	}
	arrivals := make(chan arrival, len(listeners))
	var acceptors sync.WaitGroup
	for _, l := range listeners {
		acceptors.Go(func() {
			conn, err := acceptAllowed(cfg, d, l)
			arrivals <- arrival{conn, err}
		})
	}
	var first arrival
	select {
	case first = <-arrivals:
	case <-ctx.Done():
	}
	closeListeners(listeners)
	acceptors.Wait()
	close(arrivals)
	for late := range arrivals { // one that came in at the same moment
		if late.conn != nil {
			late.conn.Close()
		}
	}
	return first.conn, exit.With(exit.Local, first.err)
}

// acceptAllowed takes the first connection that may come in, and turns away the
// ones before it.
func acceptAllowed(cfg *Config, d *door, l net.Listener) (net.Conn, error) {
	var short lack
	for {
		conn, err := l.Accept()
		if errors.Is(err, syscall.ECONNABORTED) {
			continue
		}
		if exhaustion(err) {
			if !short.said("accept") {
				cfg.Log.Error("accept", err)
			}
			time.Sleep(firstBackoff)
			continue
		}
		if err != nil {
			return nil, err
		}
		_, cause := d.enter(source(conn.RemoteAddr()))
		if cause == admit.None {
			return conn, nil
		}
		logReject(cfg.Log, AddrText(conn.RemoteAddr()), AddrText(conn.LocalAddr()), cause)
		if stream, ok := conn.(handler.StreamConn); ok {
			sayNoTo(stream, cfg.RejectMessage)
		}
		conn.Close()
	}
}

// attend cancels the session at the first signal that ends a server, and gives
// the watchdog its signs of life.
func attend(ctx context.Context, cfg *Config, signals <-chan os.Signal, cancel context.CancelFunc) {
	beat, stop := cfg.herald.ticks()
	defer stop()
	for {
		select {
		case <-beat:
			cfg.herald.alive()
		case sig := <-signals:
			if ends(sig) {
				cancel()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
