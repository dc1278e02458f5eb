package report

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
)

// ucspiHandler writes tcpserver's own lines, which log analysers know:
//
//	tcpserver: status: 1/40
//	tcpserver: pid 7 from 10.0.0.1
//	tcpserver: ok 7 :10.0.0.2:80 :10.0.0.1::1234
//	tcpserver: end 7 status 256
//
// The status of an end is the one of wait(2). A connection without a process of
// its own has its number in place of the pid. Names that were not looked up are empty.
// Errors, and events that tcpserver does not have, are lines of text under its name; what
// it does not log is left out. Who is turned away has no process: with tcpserver it has
// one, and all of a connection's lines, which an exact log has, too.
type ucspiHandler struct {
	text  textHandler
	exact bool // what tcpserver has no line for is left out,
	quiet bool // and all but errors

	mu    sync.Mutex
	live  map[int64]struct{} // numbers of the connections whose beginning was logged
	limit int64
}

func newUCSPI(w io.Writer, exact bool) *ucspiHandler {
	return &ucspiHandler{text: textHandler{name: "tcpserver", to: w}, exact: exact, live: map[int64]struct{}{}}
}

func (h *ucspiHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *ucspiHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *ucspiHandler) WithGroup(string) slog.Handler            { return h }

func (h *ucspiHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.exact {
		return h.handleExact(r)
	}
	return h.handle(ctx, r)
}

// handle writes what an event stands for. h.mu is held.
func (h *ucspiHandler) handle(ctx context.Context, r slog.Record) error {
	switch r.Message {
	case "listening":
		f := fieldsOf(r)
		h.limit = f.number("max_conns")
		return h.write(h.status())
	case "open":
		f := fieldsOf(r)
		h.live[f.number("id")] = struct{}{}
		return h.write(h.status() + f.from() + f.decided("ok"))
	case "close":
		f := fieldsOf(r)
		if _, begun := h.live[f.number("id")]; !begun {
			break // its process could not be started
		}
		delete(h.live, f.number("id"))
		return h.write(fmt.Sprintf("tcpserver: end %d status %d\n", f.process(), f.waitStatus()) + h.status())
	case "reject":
		return h.rejected(fieldsOf(r))
	case "drain", "exit", "full", "unfull":
		return nil
	}
	return h.text.Handle(ctx, r)
}

// rejected writes down who was turned away.
func (h *ucspiHandler) rejected(f fields) error {
	if _, begun := h.live[f.number("id")]; begun { // it was forwarded, to nobody
		delete(h.live, f.number("id"))
		return h.write(fmt.Sprintf("tcpserver: end %d status %d\n", f.process(), refused) + h.status())
	}
	return h.write(f.decided("deny"))
}

// from is the line about where a connection comes from.
func (f fields) from() string {
	ip, _ := split(f.text("remote"))
	return fmt.Sprintf("tcpserver: pid %d from %s\n", f.process(), ip)
}

// decided is the line about what was decided about it.
func (f fields) decided(verdict string) string {
	ip, port := split(f.text("remote"))
	localIP, localPort := split(f.text("local"))
	return fmt.Sprintf("tcpserver: %s %d %s:%s:%s %s:%s:%s:%s\n", verdict, f.process(), f.text("local_host"), localIP, localPort,
		f.text("remote_host"), ip, f.text("remote_info"), port)
}

// refused is the status of a connection for which there was nobody: exit code 1.
const refused = 1 << 8

// status says how many connections are open, and how many may be. h.mu is held.
func (h *ucspiHandler) status() string {
	return fmt.Sprintf("tcpserver: status: %d/%d\n", len(h.live), h.limit)
}

func (h *ucspiHandler) write(lines string) error {
	_, err := h.text.to.Write([]byte(lines))
	return err
}

// fields are an event's attributes by key.
type fields map[string]slog.Value

func fieldsOf(r slog.Record) fields {
	f := fields{}
	r.Attrs(func(a slog.Attr) bool {
		f[a.Key] = a.Value
		return true
	})
	return f
}

func (f fields) text(key string) string {
	if v, ok := f[key]; ok {
		return Escape(v.String())
	}
	return ""
}

func (f fields) number(key string) int64 {
	switch v := f[key]; v.Kind() {
	case slog.KindInt64:
		return v.Int64()
	case slog.KindUint64:
		return int64(v.Uint64())
	}
	return 0
}

// process is the pid, or else the connection's number.
func (f fields) process() int64 {
	if pid := f.number("pid"); pid != 0 {
		return pid
	}
	return f.number("id")
}

// waitStatus is how wait(2) gives an exit code or a signal.
func (f fields) waitStatus() int64 {
	if name, ok := f["signal"]; ok {
		return int64(signalNumber(name.String()))
	}
	return f.number("exit") << 8
}

// split divides an address for tcpserver's fields. A unix socket's has no port.
func split(addr string) (host, port string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, ""
	}
	return host, port
}

// signalNumber is the number of a signal called as in "SIGTERM", or 0.
func signalNumber(name string) syscall.Signal {
	for n := syscall.Signal(1); n < 65; n++ {
		if signalName(n) == name {
			return n
		}
	}
	return 0
}
