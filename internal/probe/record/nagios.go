package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
)

// State is what a monitoring plugin finds, as its exit code has it (Monitoring Plugins
// Development Guidelines, "Plugin Return Codes").
type State int

// The states.
const (
	StateOK State = iota
	StateWarning
	StateCritical
	StateUnknown
)

// String is the word that a plugin's line begins with.
func (s State) String() string {
	switch s {
	case StateOK:
		return "OK"
	case StateWarning:
		return "WARNING"
	case StateCritical:
		return "CRITICAL"
	}
	return "UNKNOWN"
}

// StateOf is what a result means: slow answers and certificates that expire soon are a
// warning, and what failed on this side is not known.
func StateOf(r *attempt.Result) State {
	switch {
	case r.OK():
		return StateOK
	case r.Outcome == attempt.Slow, r.Expiring:
		return StateWarning
	case r.Outcome == attempt.DNSError, !r.Outcome.Verdict():
		return StateUnknown
	}
	return StateCritical
}

// Plugin collects results for one line in the form of monitoring plugins.
type Plugin struct {
	Need int          // targets that must be ok
	Spec attempt.Spec // whose limits the line has
	all  []attempt.Result
}

// Add takes a result.
func (p *Plugin) Add(r *attempt.Result) { p.all = append(p.all, *r) }

// State is what all the results mean: as many targets as are needed are ok, or would be
// without warnings, or might be.
func (p *Plugin) State() State {
	var n [StateUnknown + 1]int
	for i := range p.all {
		n[StateOf(&p.all[i])]++
	}
	ok := n[StateOK]
	switch {
	case ok >= p.Need:
		return StateOK
	case ok+n[StateWarning] >= p.Need:
		return StateWarning
	case ok+n[StateWarning]+n[StateUnknown] >= p.Need:
		return StateUnknown
	}
	return StateCritical
}

// Line is the state, what is wrong, and the performance data.
func (p *Plugin) Line() string {
	said := make([]string, 0, len(p.all))
	ok := 0
	for i := range p.all {
		if p.all[i].OK() {
			ok++
		}
		if !p.all[i].OK() || len(p.all) == 1 {
			said = append(said, Line(&p.all[i]))
		}
	}
	text := strings.Join(said, "; ")
	if len(p.all) > 1 {
		text = strings.TrimSuffix(fmt.Sprintf("%d of %d ok; %s", ok, len(p.all), text), "; ")
	}
	return PluginLine(p.State(), text, p.performance())
}

// PluginLine is a plugin's line. A bar divides it, and cannot be in its text.
func PluginLine(s State, text, performance string) string {
	line := fmt.Sprintf("PROBE %s - %s", s, strings.ReplaceAll(text, "|", "/"))
	if performance != "" {
		line += " | " + performance
	}
	return line
}

// performance is how long each answer took, and how long certificates last.
func (p *Plugin) performance() string {
	var all []string
	for i := range p.all {
		r, time, days := &p.all[i], "time", "tls_days"
		if len(p.all) > 1 {
			label := target.Label(r.Target)
			time, days = label, label+" "+days
		}
		if r.OK() || r.Outcome == attempt.Slow {
			all = append(all, fmt.Sprintf("%s=%ss;%s;;0;%s", perfLabel(time), seconds(r.Total), limit(p.Spec.Slow), seconds(p.Spec.Limit())))
		}
		if r.TLS != nil && !r.TLS.Expires.IsZero() {
			warn := ""
			if p.Spec.Days > 0 {
				warn = strconv.Itoa(p.Spec.Days) + ":"
			}
			all = append(all, fmt.Sprintf("%s=%d;%s;;;", perfLabel(days), r.TLS.Days(), warn))
		}
	}
	return strings.Join(all, " ")
}

// perfLabel quotes a label that has more than letters.
func perfLabel(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return s
	}
	return "'" + strings.NewReplacer("'", "''", "|", "/", "=", "-").Replace(s) + "'"
}

func limit(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return seconds(d)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }
