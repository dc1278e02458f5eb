package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

// Level says which events are shown.
type Level int

// The levels: Normal is the zero value.
const (
	Quiet   Level = -1 // errors only
	Normal  Level = 0
	Verbose Level = 1 // opens, too
)

// Schema names the JSON form of the events.
const Schema = "nettool.serve/1"

// timed is the format of text with times.
const timed = "text+time"

// Log is serve's event log on standard error. Its methods never block: for a slow
// reader, lines are dropped and their number is logged. It is safe for concurrent use.
type Log struct {
	level   Level
	queue   *queue
	handler slog.Handler
}

// NewLog returns a log that writes to w in format "text", "text+time", "json",
// "ucspi", or "tcpserver", which has no other lines than that program. name is how text lines begin, after the time (RFC 3339, UTC) if they
// have one. Close it to see the last lines.
func NewLog(w io.Writer, name, format string, level Level) *Log {
	l := &Log{level: level, queue: newQueue(w, noticeOf(name, format))}
	switch format {
	case "json":
		l.handler = newJSON(l.queue)
	case "ucspi", "tcpserver":
		h := newUCSPI(l.queue, format == "tcpserver")
		h.quiet = level < Verbose
		l.handler = h
		if level == Normal {
			l.level = Verbose // tcpserver logs the beginning of every connection
		}
	default:
		l.handler = &textHandler{name: name, times: format == timed, to: l.queue}
	}
	return l
}

// noticeOf writes the line that stands for lines that were lost.
func noticeOf(name, format string) func(lines int) []byte {
	return func(lines int) []byte {
		var b bytes.Buffer
		r := slog.NewRecord(time.Now(), slog.LevelInfo, "error", 0)
		r.AddAttrs(slog.String("error", fmt.Sprintf("log: %d lines dropped: standard error was not read, or full", lines)))
		var h slog.Handler = &textHandler{name: name, times: format == timed, to: &b}
		if format == "json" {
			h = newJSON(&b)
		}
		h.Handle(context.Background(), r)
		return b.Bytes()
	}
}

// Close writes what is pending. Later events are lost.
func (l *Log) Close() { l.queue.close() }

// Event logs one event, unless the log is quiet.
func (l *Log) Event(event string, attrs ...slog.Attr) {
	if l.level > Quiet {
		l.emit(event, attrs)
	}
}

// Detail logs one event that only -v shows.
func (l *Log) Detail(event string, attrs ...slog.Attr) {
	if l.level >= Verbose {
		l.emit(event, attrs)
	}
}

// Answer logs one event that somebody has asked for, at every level.
func (l *Log) Answer(event string, attrs ...slog.Attr) { l.emit(event, attrs) }

// Dropped returns how many lines have been lost so far.
func (l *Log) Dropped() int { return l.queue.lost() }

// Error logs an "error" event, at every level. what says what was being done.
func (l *Log) Error(what string, err error, attrs ...slog.Attr) {
	l.emit("error", append(slices.Clip(attrs), slog.String("error", what+": "+err.Error())))
}

func (l *Log) emit(event string, attrs []slog.Attr) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, event, 0)
	r.AddAttrs(attrs...)
	l.handler.Handle(context.Background(), r)
}

// newJSON is slog's JSON handler with our names: schema, ts, event.
func newJSON(w io.Writer) slog.Handler {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: rename})
	return h.WithAttrs([]slog.Attr{slog.String("schema", Schema)})
}

func rename(groups []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey:
		return slog.String("ts", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000000Z"))
	case slog.LevelKey:
		return slog.Attr{}
	case slog.MessageKey:
		return slog.String("event", a.Value.String())
	}
	if a.Value.Kind() == slog.KindString || (a.Value.Kind() == slog.KindAny && a.Value.Any() != nil) {
		if text := a.Value.String(); !clean(text) {
			return slog.String(a.Key, Escape(text)) // JSON lets most of Unicode's control characters through
		}
	}
	return a
}
