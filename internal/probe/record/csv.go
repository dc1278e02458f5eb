package record

import (
	"encoding/csv"
	"strconv"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/wait"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// csvSink writes a header and a row an attempt; an empty field is not reached
// or not known. Changes and summaries have no rows.
type csvSink struct {
	*output
	rows *csv.Writer
}

// Finding writes one row.
func (s *csvSink) Finding(f Finding) {
	s.start()
	s.note(s.rows.Write(row(ofFinding(f))))
	s.rows.Flush()
}

// Waited writes the last attempt's row.
func (s *csvSink) Waited(w *wait.Ending) { s.Finding(Finding{Kind: "wait", Result: &w.Last}) }

// Change writes nothing.
func (s *csvSink) Change(socket.Addr, *tally.Change) {}

// Difference writes nothing: the exit code tells.
func (s *csvSink) Difference(*attempt.Result, string) {}

// Summary writes nothing.
func (s *csvSink) Summary(*Summary) {}

// Close writes the header even when nothing was found.
func (s *csvSink) Close() error {
	s.start()
	s.rows.Flush()
	return s.Flush()
}

func (s *csvSink) start() {
	if s.rows != nil {
		return
	}
	s.begin([]string{
		"type", "ts", "seq", "host", "port", "addr", "outcome", "phase", "errno", "detail", "tries", "total_us",
		"dns_us", "connect_us", "tls_us", "send_us", "first_byte_us", "expect_us", "close_us", "rtt_us", "syn_retransmits", "banner", "due_us", "response_us", "status", "tls_days_left", "icmp_type", "icmp_code", "icmp_from", "path_mtu",
	})
}

// begin writes the header.
func (s *csvSink) begin(header []string) {
	s.rows = csv.NewWriter(s.w)
	s.note(s.rows.Write(header))
}

func row(l attemptLine) []string {
	return []string{
		l.Type, l.TS, number(l.Seq), word(l.Host), number(l.Port), word(l.Addr), l.Outcome, word(l.Phase), word(l.Errno),
		word(l.Detail), strconv.Itoa(l.Tries), strconv.FormatInt(l.TotalUS, 10),
		number(l.DNSUS), number(l.ConnectUS), number(l.TLSUS), number(l.SendUS), number(l.FirstByteUS), number(l.ExpectUS),
		number(l.CloseUS), number(l.RTTUS), number(l.Retransmits), word(l.Banner), number(l.DueUS), number(l.ResponseUS), number(l.Status), number(l.TLSDaysLeft),
		number(l.ICMPType), number(l.ICMPCode), word(l.ICMPFrom), number(l.PathMTU),
	}
}

// word is a field. What comes from the network is escaped, so that a table shows
// it as it is, and a row is a line.
func word(s *string) string {
	if s == nil {
		return ""
	}
	return report.Escape(*s)
}

func number[T int | int64](n *T) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(int64(*n), 10)
}
