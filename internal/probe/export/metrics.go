package export

import (
	"time"

	"nettool/internal/metrics"
	"nettool/internal/probe/attempt"
)

// probed is the page about an attempt. The names that begin with probe_ are
// blackbox_exporter's.
func probed(r *attempt.Result, s *attempt.Spec) []byte {
	var p metrics.Text
	p.Gauge("probe_success", "1 if the target answered as it should.", metrics.Bool(r.OK()))
	p.Gauge("probe_duration_seconds", "How long the attempt took.", r.Total.Seconds())
	p.Gauge("probe_dns_lookup_time_seconds", "How long the name took to be looked up.", r.Took[attempt.DNS].Seconds())
	if ip := r.Peer().Addr(); ip.IsValid() {
		version := 6.0
		if ip.Is4() {
			version = 4
		}
		p.Gauge("probe_ip_protocol", "The version of IP that was used.", version)
	}
	if s.Expect != nil {
		p.Gauge("probe_failed_due_to_regex", "1 if what came was not what was expected.", metrics.Bool(r.Outcome == attempt.Mismatch && r.Detail != "" && !badStatus(r, s)))
	}
	switch {
	case s.Level == attempt.HTTP:
		web(&p, r)
	case r.Target.Network == "icmp":
		echo(&p, r)
	}
	secure(&p, r)
	p.Family("nettool_probe_outcome", "gauge", "How the attempt ended.")
	for o := range attempt.Outcomes {
		p.Sample("nettool_probe_outcome", metrics.Bool(o == r.Outcome), "outcome", o.String())
	}
	p.Family("nettool_probe_phase_seconds", "gauge", "How long the phases took that were reached.")
	for phase := range attempt.Phases {
		if took := r.Took[phase]; took > 0 {
			p.Sample("nettool_probe_phase_seconds", took.Seconds(), "phase", phase.String())
		}
	}
	if r.RTT > 0 {
		p.Gauge("nettool_probe_rtt_seconds", "The kernel's estimate of the round trip.", r.RTT.Seconds())
	}
	if r.Retransmits >= 0 {
		p.Gauge("nettool_probe_syn_retransmits", "SYNs that were sent again.", float64(r.Retransmits))
	}
	return p.Bytes()
}

// badStatus reports whether an HTTP answer was refused for its status.
func badStatus(r *attempt.Result, s *attempt.Spec) bool {
	return s.Level == attempt.HTTP && !s.HTTP.Accepts(r.Status)
}

func web(p *metrics.Text, r *attempt.Result) {
	p.Gauge("probe_http_status_code", "The answer's status.", float64(r.Status))
	p.Gauge("probe_http_ssl", "1 if the answer came over TLS.", metrics.Bool(r.TLS != nil && r.TLS.Version != ""))
	phases(p, "probe_http_duration_seconds", "How long the phases of the request took.", []phase{
		{"resolve", r.Took[attempt.DNS]},
		{"connect", r.Took[attempt.Connected]},
		{"tls", r.Took[attempt.Handshake]},
		{"processing", r.Took[attempt.Sent] + r.Took[attempt.FirstByte]},
		{"transfer", r.Took[attempt.Expected]},
	})
}

func echo(p *metrics.Text, r *attempt.Result) {
	all := []phase{{"resolve", r.Took[attempt.DNS]}}
	if r.RTT > 0 {
		all = append(all, phase{"rtt", r.RTT})
	}
	phases(p, "probe_icmp_duration_seconds", "How long the phases of the request took.", all)
}

type phase struct {
	name string
	took time.Duration
}

func phases(p *metrics.Text, name, help string, all []phase) {
	p.Family(name, "gauge", help)
	for _, one := range all {
		p.Sample(name, one.took.Seconds(), "phase", one.name)
	}
}

// secure is about TLS.
func secure(p *metrics.Text, r *attempt.Result) {
	f := r.TLS
	if f == nil {
		return
	}
	if !f.Expires.IsZero() {
		p.Gauge("probe_ssl_earliest_cert_expiry", "When the first certificate of the chain expires, in Unix time.", float64(f.Expires.Unix()))
	}
	if f.Version == "" {
		return
	}
	p.Family("probe_tls_version_info", "gauge", "The version of TLS.")
	p.Sample("probe_tls_version_info", 1, "version", f.Version)
	p.Family("probe_tls_cipher_info", "gauge", "The cipher suite.")
	p.Sample("probe_tls_cipher_info", 1, "cipher", f.Cipher)
}
