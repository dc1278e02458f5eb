package report

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// textHandler writes events for people: "NAME: event key=value …". A key that
// ends in _us is shown as a duration without that ending.
type textHandler struct {
	name  string
	times bool // lines begin with the time
	to    io.Writer
}

func (h *textHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *textHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *textHandler) WithGroup(string) slog.Handler            { return h }

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	line := make([]byte, 0, 256)
	if h.times {
		line = r.Time.UTC().AppendFormat(line, "2006-01-02T15:04:05.000Z ")
	}
	line = append(line, h.name...)
	line = append(line, ": "...)
	line = append(line, r.Message...)
	r.Attrs(func(a slog.Attr) bool {
		line = appendAttr(line, a)
		return true
	})
	_, err := h.to.Write(append(line, '\n'))
	return err
}

func appendAttr(line []byte, a slog.Attr) []byte {
	key, value := a.Key, a.Value
	line = append(line, ' ')
	if short, ok := strings.CutSuffix(key, "_us"); ok && value.Kind() == slog.KindInt64 {
		line = append(line, short...)
		line = append(line, '=')
		return append(line, (time.Duration(value.Int64()) * time.Microsecond).String()...)
	}
	line = append(line, key...)
	line = append(line, '=')
	return appendValue(line, value)
}

func appendValue(line []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindInt64:
		return strconv.AppendInt(line, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(line, v.Uint64(), 10)
	}
	if v.Kind() == slog.KindAny && v.Any() == nil {
		return append(line, '-')
	}
	text := v.String()
	if text == "" || strings.ContainsAny(text, " \"=") || !clean(text) {
		return strconv.AppendQuote(line, text)
	}
	return append(line, text...)
}
