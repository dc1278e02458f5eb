package main

// row is one peer, and how each tool is asked to deal with it. %p is the port.
type row struct {
	name  string
	kind  string // of the peer, as zoo.Behaviour has it; empty: nobody listens
	input string // what standard input is, for sh; open is an input without an end
	tools map[string]string
	want  string // what a client should make of it
}

// The tools, in the order of the table.
var order = []string{"ours", "nc", "ncat", "socat"}

func plain() map[string]string {
	return map[string]string{
		"ours": "tcpconnect 127.0.0.1:%p", "nc": "nc -N 127.0.0.1 %p",
		"ncat": "ncat 127.0.0.1 %p", "socat": "socat - TCP:127.0.0.1:%p",
	}
}

func tools(ours, nc, ncat, socat string) map[string]string {
	return map[string]string{"ours": ours, "nc": nc, "ncat": ncat, "socat": socat}
}

const (
	answer = "the whole answer"

	line  = "echo hello"
	three = "head -c 3145728 /dev/zero"
	one   = "head -c 1048576 /dev/zero"
	none  = ":"
	open  = "sleep 20"
)

func rows() []row {
	return []row{
		{"answers only after FIN", "answers 0s " + answer, line, plain(), "0, 17 bytes out"},
		{"answers 0.4 s after FIN", "answers 400ms " + answer, line, plain(), "0, 17 bytes out"},
		{"answers 0.6 s after FIN", "answers 600ms " + answer, line, plain(), "0, 17 bytes out"},
		{"answers 3 s after FIN", "answers 3s " + answer, line, plain(), "0, 17 bytes out"},
		{"takes FIN as abort", "hangs-up 300ms " + answer, line, tools("tcpconnect --no-shutdown 127.0.0.1:%p", "nc 127.0.0.1 %p",
			"ncat --no-shutdown 127.0.0.1 %p", "socat - TCP:127.0.0.1:%p,shut-none"), "0, 17 bytes out"},
		{"greets, reads 0.3 s later, 1 MB upload", "greets 8 300ms", one, tools("tcpconnect --send-only 127.0.0.1:%p", "nc -N 127.0.0.1 %p >/dev/null",
			"ncat --send-only 127.0.0.1 %p", "socat -u - TCP:127.0.0.1:%p"), "0, 1048576 bytes in"},
		{"sends 1 MB, resets with input unread", "resets 1M", line, plain(), "not 0, 1048576 bytes out"},
		{"sends 10 bytes and closes, stdin stays open", "says 123456789", open, plain(), "0 at once, 10 bytes out"},
		{"never reads, idle limit 2 s", "mute", three + "; " + open, tools("tcpconnect --idle 2s 127.0.0.1:%p", "nc -N -w 2 127.0.0.1 %p",
			"ncat -i 2 127.0.0.1 %p", "socat -T 2 - TCP:127.0.0.1:%p"), "not 0 after 2 s"},
		{"never closes, 1 s after EOF", "clings " + answer, line, tools("tcpconnect --after-eof 1s 127.0.0.1:%p", "nc -N -q 1 127.0.0.1 %p",
			"ncat -i 1 127.0.0.1 %p", "socat -t 1 - TCP:127.0.0.1:%p"), "0 after 1 s, 17 bytes out"},
		{"talks on after EOF in 0.3 s gaps, 1 s after EOF", "talks 300ms 5", line, tools("tcpconnect --after-eof 1s 127.0.0.1:%p", "nc -N -q 1 127.0.0.1 %p",
			"ncat -i 1 127.0.0.1 %p", "socat -t 1 - TCP:127.0.0.1:%p"), "0, 35 bytes out"},
		{"accepts and closes, nothing sent", "closes", none, plain(), "0"},
		{"accepts and closes, 3 MB sent", "closes", three, plain(), "not 0"},
		{"reads all, waits 1 s, closes", "slow 1s", three, plain(), "0 after 1 s, 3145728 bytes in"},
		{"refuses", "", line, plain(), "not 0, says so"},
		{"drips a byte a second, deadline 3 s", "drips", open, tools("tcpconnect --deadline 3s 127.0.0.1:%p", "timeout 3 nc -N 127.0.0.1 %p",
			"timeout 3 ncat 127.0.0.1 %p", "timeout 3 socat - TCP:127.0.0.1:%p"), "not 0 after 3 s, 3 bytes out"},
	}
}
