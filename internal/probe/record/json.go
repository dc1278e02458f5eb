package record

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/histogram"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/target"
	"nettool/internal/probe/wait"
	"nettool/internal/socket"
)

// Schema names the keys that every JSON line has and their meaning. They are
// only ever added to.
const Schema = "nettool.probe/1"

type jsonSink struct{ *output }

// head is what every line starts with. Times are UTC, to the microsecond.
type head struct {
	Schema string `json:"schema"`
	Type   string `json:"type"`
	TS     string `json:"ts"`
}

// place says what a line is about; null is a summary of everything, and the
// port of a unix socket.
type place struct {
	Host *string `json:"host"`
	Port *int    `json:"port"`
}

// attemptLine is one attempt or port. Null means not reached or not known.
type attemptLine struct {
	head
	place
	Seq         *int64   `json:"seq"`
	DueUS       *int64   `json:"due_us"`
	ResponseUS  *int64   `json:"response_us"`
	Addr        *string  `json:"addr"`
	Outcome     string   `json:"outcome"`
	Phase       *string  `json:"phase"`
	Errno       *string  `json:"errno"`
	Detail      *string  `json:"detail"`
	Tries       int      `json:"tries"`
	TotalUS     int64    `json:"total_us"`
	DNSUS       *int64   `json:"dns_us"`
	ConnectUS   *int64   `json:"connect_us"`
	TLSUS       *int64   `json:"tls_us"`
	SendUS      *int64   `json:"send_us"`
	FirstByteUS *int64   `json:"first_byte_us"`
	ExpectUS    *int64   `json:"expect_us"`
	CloseUS     *int64   `json:"close_us"`
	RTTUS       *int64   `json:"rtt_us"`
	Retransmits *int     `json:"syn_retransmits"`
	ICMPType    *int     `json:"icmp_type"`
	ICMPCode    *int     `json:"icmp_code"`
	ICMPFrom    *string  `json:"icmp_from"`
	PathMTU     *int     `json:"path_mtu"`
	Banner      *string  `json:"banner"`
	Status      *int     `json:"status"`
	TLSVersion  *string  `json:"tls_version"`
	TLSCipher   *string  `json:"tls_cipher"`
	TLSALPN     *string  `json:"tls_alpn"`
	TLSSubject  *string  `json:"tls_subject"`
	TLSIssuer   *string  `json:"tls_issuer"`
	TLSNames    []string `json:"tls_names"`
	TLSExpires  *string  `json:"tls_expires"`
	TLSDaysLeft *int     `json:"tls_days_left"`
}

type waitLine struct {
	attemptLine
	Done     bool          `json:"done"`
	WaitedUS int64         `json:"waited_us"`
	Attempts int           `json:"attempts"`
	History  []stretchPart `json:"history"`
}

type stretchPart struct {
	Outcome string `json:"outcome"`
	FromUS  int64  `json:"from_us"`
	ToUS    int64  `json:"to_us"`
}

type changeLine struct {
	head
	place
	State    string `json:"state"`
	Outcome  string `json:"outcome"`
	LastedUS *int64 `json:"lasted_us"`
}

type differenceLine struct {
	head
	place
	Outcome  string `json:"outcome"`
	Expected string `json:"expected"`
}

type summaryLine struct {
	head
	place
	Sent            int64            `json:"sent"`
	OK              int64            `json:"ok"`
	Missed          int64            `json:"missed"`
	PacketsSent     *int64           `json:"packets_sent"`
	PacketsLost     *int64           `json:"packets_lost"`
	NotAsked        int64            `json:"not_asked"`
	Outcomes        map[string]int64 `json:"outcomes"`
	Response        timesPart        `json:"response"`
	Service         timesPart        `json:"service"`
	JitterUS        int64            `json:"jitter_us"`
	ElapsedUS       int64            `json:"elapsed_us"`
	OutageCount     int64            `json:"outage_count"`
	LongestOutageUS int64            `json:"longest_outage_us"`
	Outages         []outagePart     `json:"outages"`
	Require         []requirePart    `json:"require"`
}

type timesPart struct {
	N      uint64 `json:"n"`
	MinUS  int64  `json:"min_us"`
	MeanUS int64  `json:"mean_us"`
	P50US  int64  `json:"p50_us"`
	P90US  int64  `json:"p90_us"`
	P99US  int64  `json:"p99_us"`
	P999US int64  `json:"p999_us"`
	MaxUS  int64  `json:"max_us"`
}

type outagePart struct {
	From     string `json:"from"`
	To       string `json:"to"`
	LengthUS int64  `json:"length_us"`
	Failed   int64  `json:"failed"`
	Outcome  string `json:"outcome"`
	Over     bool   `json:"over"`
}

type requirePart struct {
	Text  string `json:"text"`
	Holds bool   `json:"holds"`
	Got   string `json:"got"`
}

// Finding writes one attempt or port line.
func (s *jsonSink) Finding(f Finding) { s.line(ofFinding(f)) }

// Waited writes one wait line: an attempt line of the last attempt, and more.
func (s *jsonSink) Waited(w *wait.Ending) {
	line := waitLine{
		attemptLine: ofFinding(Finding{Kind: "wait", Result: &w.Last}),
		Done:        w.Done, WaitedUS: w.Took.Microseconds(), Attempts: w.Attempts,
		History: []stretchPart{},
	}
	for _, h := range w.History {
		line.History = append(line.History, stretchPart{h.Outcome.String(), h.From.Microseconds(), h.To.Microseconds()})
	}
	s.line(line)
}

// Change writes one change line.
func (s *jsonSink) Change(to socket.Addr, c *tally.Change) {
	line := changeLine{head: newHead("change", c.At), place: placeOf(to), State: state(c.Up), Outcome: c.Outcome.String()}
	if !c.First {
		line.LastedUS = pointer(c.Lasted.Microseconds())
	}
	s.line(line)
}

// Difference writes one difference line.
func (s *jsonSink) Difference(r *attempt.Result, expected string) {
	s.line(differenceLine{newHead("difference", r.Start), placeOf(r.Target), r.Outcome.String(), expected})
}

// Summary writes one summary line.
func (s *jsonSink) Summary(sum *Summary) { s.line(summaryOf(sum)) }

func summaryOf(sum *Summary) summaryLine {
	t := sum.Tally
	line := summaryLine{
		head: newHead("summary", time.Now()), Sent: t.Sent, OK: t.OK, Missed: t.Missed, NotAsked: sum.NotAsked,
		Outcomes: outcomesOf(t), Response: timesOf(&t.Response), Service: timesOf(&t.Service),
		JitterUS: t.Jitter().Microseconds(), ElapsedUS: sum.Elapsed.Microseconds(),
		Outages: []outagePart{}, Require: []requirePart{},
	}
	if sum.Target != nil {
		line.place = placeOf(*sum.Target)
	}
	if t.Packets > 0 {
		line.PacketsSent, line.PacketsLost = &t.Packets, &t.Lost
	}
	kept, count := t.Outages()
	longest := t.Longest()
	line.OutageCount, line.LongestOutageUS = count, longest.Length().Microseconds()
	for _, o := range kept {
		line.Outages = append(line.Outages, outagePart{stamp(o.From), stamp(o.To), o.Length().Microseconds(), o.Failed, o.Outcome.String(), o.Over})
	}
	for _, j := range sum.Judged {
		line.Require = append(line.Require, requirePart(j))
	}
	return line
}

func (s *jsonSink) line(v any) {
	b, err := json.Marshal(v)
	s.note(err)
	s.write(append(printable(b), '\n'))
}

// printable has every character that does not print as JSON's escape: the
// marshaller lets C1 controls and those that turn text around through (RFC 8259,
// section 7).
func printable(line []byte) []byte {
	var b []byte
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		switch {
		case unicode.IsPrint(r):
			b = append(b, line[i:i+size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		i += size
	}
	return b
}

func newHead(kind string, at time.Time) head { return head{Schema, kind, stamp(at)} }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func ofFinding(f Finding) attemptLine {
	r := f.Result
	line := attemptLine{
		head: newHead(f.Kind, r.Start), place: placeOf(r.Target),
		Addr: text(r.Addr), Outcome: r.Outcome.String(), Phase: text(r.Phase.String()),
		Errno: text(r.Errno), Detail: text(r.Detail), Banner: text(r.Banner),
		Tries: max(r.Tries, 1), TotalUS: r.Total.Microseconds(),
		DNSUS: took(r, attempt.DNS), ConnectUS: took(r, attempt.Connected), TLSUS: took(r, attempt.Handshake),
		SendUS: took(r, attempt.Sent), FirstByteUS: took(r, attempt.FirstByte),
		ExpectUS: took(r, attempt.Expected), CloseUS: took(r, attempt.Close),
	}
	if f.Seq > 0 {
		line.Seq = &f.Seq
		line.DueUS, line.ResponseUS = pointer(f.Due.Microseconds()), pointer(f.Response.Microseconds())
	}
	if r.RTT > 0 {
		line.RTTUS = pointer(r.RTT.Microseconds())
	}
	if r.Retransmits >= 0 {
		line.Retransmits = &r.Retransmits
	}
	if e := r.ICMP; e != nil {
		line.ICMPType, line.ICMPCode, line.ICMPFrom = &e.Type, &e.Code, text(e.From.String())
	}
	if r.PathMTU > 0 {
		line.PathMTU = &r.PathMTU
	}
	if r.Status > 0 {
		line.Status = &r.Status
	}
	line.facts(r.TLS)
	return line
}

// facts fills in what a TLS handshake told.
func (l *attemptLine) facts(f *attempt.TLSFacts) {
	if f == nil {
		return
	}
	l.TLSVersion, l.TLSCipher, l.TLSALPN = text(f.Version), text(f.Cipher), text(f.ALPN)
	l.TLSSubject, l.TLSIssuer, l.TLSNames = text(f.Subject), text(f.Issuer), f.Names
	if !f.Expires.IsZero() {
		l.TLSExpires, l.TLSDaysLeft = pointer(stamp(f.Expires)), pointer(f.Days())
	}
}

func placeOf(a socket.Addr) place {
	p := place{Host: text(target.Host(a))}
	if n, err := strconv.Atoi(a.Port); err == nil {
		p.Port = &n
	}
	return p
}

func outcomesOf(t *tally.Tally) map[string]int64 {
	counts := make(map[string]int64, attempt.Outcomes)
	for o := range attempt.Outcomes {
		counts[o.String()] = t.Outcomes[o]
	}
	return counts
}

func timesOf(h *histogram.Histogram) timesPart {
	return timesPart{
		N: h.N(), MinUS: h.Min().Microseconds(), MeanUS: h.Mean().Microseconds(),
		P50US: h.Quantile(0.5).Microseconds(), P90US: h.Quantile(0.9).Microseconds(),
		P99US: h.Quantile(0.99).Microseconds(), P999US: h.Quantile(0.999).Microseconds(), MaxUS: h.Max().Microseconds(),
	}
}

func took(r *attempt.Result, p attempt.Phase) *int64 {
	if r.Took[p] <= 0 {
		return nil
	}
	return pointer(r.Took[p].Microseconds())
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func pointer[T any](v T) *T { return &v }
