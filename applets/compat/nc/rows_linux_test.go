package nc

import (
	"slices"
	"strings"
)

// rows is the table of command lines.
func rows() []row {
	var all []row
	for line := range strings.Lines(wrong) {
		all = append(all, row{args: strings.TrimSpace(line)})
	}
	return slices.Concat(all, asked(), clients(), proxied(), servers())
}

// wrong are command lines that say what is wrong with them, or that nobody is there.
const wrong = `''
-l
-lk
-k
-z
-z localhost
-lz 1234
-lz
-lz 1 2 3
-l -x foo 1
-l -p 1 -s 127.0.0.1 5
-U
-U DIR/none
-vU DIR/none
-lU DIR/none/x
-Uz DIR/none
-U ''
-U a b
-U a b c
-lU a b
-lU a b c
-lU
-lU -p 1
-lUp 1 x
-lUs a b
-U -s foo bar
-U -p 1 x
-v localhost nosuchservice
-v localhost 99999
-v localhost 0
-v 127.0.0.1 70000-70001
-v 127.0.0.1 0-3
-v 127.0.0.1 1-x
-v 127.0.0.1 x-1
-v 127.0.0.1 1-2-3
-v 127.0.0.1 1-
-v 127.0.0.1 HTTP
-v 127.0.0.1 http-https
-v 127.0.0.1 ''
-v 127.0.0.1 -1
-v 127.0.0.1 -- -1
-v '' 1
-n localhost 80
-nv localhost 80
-4 -v ::1 1
-6 -v 127.0.0.1 1
-46v 127.0.0.1 1
-p x -v 127.0.0.1 1
-v -s 192.0.2.1 127.0.0.1 1
-s ::1 -vz 127.0.0.1 1
-q x
-q 5x a b
-q
-q 99999999999 a b
-q -99999999999 a b
-q x -y
-y -q x
-w
-w -1 a b
-w x a b
-w '' a b
-w 2147484 a b
-w +5 -q x
-W 0 a b
-W 2147483648 a b
-i -1 a b
-i 4294967296 a b
-M 256 a b
-M -1 a b
-M x a b
-M 0 -v 127.0.0.1 1
-m -1 a b
-m 256 a b
-m x a b
-I 0 a b
-I 1073741825 a b
-O x a b
-O 0 a b
-T foo a b
-T 256 a b
-T cs8 a b
-T -1 a b
-T af14 a b
-T critical -q x
-T 0xff -q x
-T EF a b
-V 1 a b
-V
-X 6 a b
-X CONNECT -q x
-Z 127.0.0.1 1
-vZz 127.0.0.1 1
-lZ 1
-ZU x
-ZUF x
-Zx h a 1
-F -U x
-FUx h h
-FUk h
-x h -U x
-lUx h a
-lux h 1
-u -x h a b
-s 1.2.3.4 -x h a b
-x h 127.0.0.1
-k 127.0.0.1 1
-v 127.0.0.1
a b c d
-y
-vl 192.0.2.1 80
-lv http x
-lv x
-lv 1-2
-l 1 2 3
-lp 1 a b
-U xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
-lU xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
-uU xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
-luU xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
-lU ''
-v fe80::1%nosuch 1
-U DIR
-v 224.0.0.1 1
-v ::0001 1
-uU -s DIR/none/x DIR
-v 127.0.0.1 SHUT
127.0.0.1 SHUT
-zv 127.0.0.1 SHUT
-zvn 127.0.0.1 SHUT
-zv localhost SHUT
-zv -w 1 127.0.0.1 SHUT
-v -T lowdelay -M 7 -m 1 -I 4096 -O 4096 -D 127.0.0.1 SHUT
-v -4 -p 0 -s 127.0.0.1 127.0.0.1 SHUT SHUT
-vr 127.0.0.1 SHUT-SHUT
`

// asked are questions.
func asked() []row {
	return []row{
		{args: "-z 127.0.0.1 PORT", peer: "none"},
		{args: "-zv 127.0.0.1 PORT", peer: "none"},
		{args: "-zv localhost PORT", peer: "none"},
		{args: "-zvn 127.0.0.1 PORT", peer: "none"},
		{args: "-zv -w 1 127.0.0.1 PORT", peer: "none"},
		{args: "-zv 127.0.0.1 PORT SHUT", peer: "none"},
		{args: "-zv 127.0.0.1 SHUT PORT", peer: "none"},
		{args: "-zv 127.0.0.1 PORT-PORT", peer: "none"},
		{args: "-z 127.0.0.1 SHUT PORT SHUT", peer: "none"},
		{args: "-zrv4 127.0.0.1 PORT", peer: "none"},
		{args: "-zU DIR/peer", peer: "unix none"},
		{args: "-zvU DIR/peer", peer: "unix none"},
		{args: "-zvd 127.0.0.1 PORT", in: "text", peer: "none"},
		{args: "-zuv 127.0.0.1 SHUT"},
		{args: "-zv -w 1 127.0.0.1 PORT", peer: "full"},
		{args: "-v -w 1 127.0.0.1 PORT", peer: "full"},
	}
}

// clients are conversations that nc begins.
func clients() []row {
	return []row{
		{args: "127.0.0.1 PORT", peer: "greet"},
		{args: "-v 127.0.0.1 PORT", peer: "greet"},
		{args: "-vn 127.0.0.1 PORT", peer: "greet"},
		{args: "-v localhost PORT", peer: "greet"},
		{args: "-vv localhost PORT PORT", peer: "greet"},
		{args: "127.0.0.1 PORT", in: "text\n", peer: "line"},
		{args: "127.0.0.1 PORT", in: "text\n", peer: "half"},
		{args: "-N 127.0.0.1 PORT", in: "text\n", peer: "half"},
		{args: "-N 127.0.0.1 PORT", in: "text\n", peer: "sink"},
		{args: "-q 0 127.0.0.1 PORT", in: "text\n", peer: "sink"},
		{args: "-q 1 127.0.0.1 PORT", in: "text\n", peer: "sink"},
		{args: "-q 1 127.0.0.1 PORT", in: "", peer: "mute"},
		{args: "-q 1 127.0.0.1 PORT", in: "text\n", peer: "clings", hangs: true, want: `0 "" "" peer "text\n" EOF`, since: "nc's client does not quit"},
		{args: "-Uq 1 DIR/peer", in: "text\n", peer: "unix clings", hangs: true, want: `0 "" "" peer "text\n" EOF`, since: "nc's client does not quit"},
		{args: "-d 127.0.0.1 PORT", in: "text\n", peer: "greet", hold: true},
		{args: "-dN 127.0.0.1 PORT", in: "text\n", peer: "greet", hold: true},
		{args: "-w 1 127.0.0.1 PORT", in: "text\n", peer: "mute", hold: true},
		{args: "-w 1 127.0.0.1 PORT", in: "text\n", peer: "mute"},
		{args: "-w 0 127.0.0.1 PORT", peer: "mute", hold: true},
		{args: "-w 9 127.0.0.1 PORT", in: "text\n", peer: "line"},
		{args: "-W 1 127.0.0.1 PORT", peer: "line", hold: true},
		{args: "-C -N 127.0.0.1 PORT", in: "a\nb\r\n\nc", peer: "sink"},
		{args: "-CN 127.0.0.1 PORT", in: "a\r\nb\r\r\n", peer: "sink"},
		{args: "-N -i 1 127.0.0.1 PORT", in: "a\nb\n", peer: "sink"},
		{args: "-N -T ef -M 3 -I 8192 -O 8192 -D 127.0.0.1 PORT", in: "text\n", peer: "sink"},
		{args: "-N -s 127.0.0.1 127.0.0.1 PORT", in: "text\n", peer: "sink"},
		{args: "-vN -s localhost -n 127.0.0.1 PORT", in: "text\n", peer: "sink"},
		{args: "-NU DIR/peer", in: "text\n", peer: "unix sink"},
		{args: "-vNU DIR/peer", in: "text\n", peer: "unix sink"},
		{args: "-U DIR/peer", in: "text\n", peer: "unix line"},
		{args: "-Uq 0 DIR/peer", in: "text\n", peer: "unix sink"},
		{args: "-u -w 1 127.0.0.1 PORT", in: "text\n", peer: "udp"},
		{args: "-ub -w 1 127.0.0.1 PORT", in: "text\n", peer: "udp"},
		{args: "-u4 -T ef -M 3 -w 1 localhost PORT", in: "a\nb\n", peer: "udp"},
		{args: "-uC -w 1 127.0.0.1 PORT", in: "a\nb\n", peer: "udp", want: `0 "a\r\nb\r\n" "" peer "a\r\nb\r\n"`, since: "nc sends each end of a line as a datagram"},
		{args: "-uN -w 1 127.0.0.1 PORT", in: "text\n", peer: "udp"},
		{args: "-ud -w 1 127.0.0.1 PORT", in: "text\n", peer: "udp", hold: true},
		{args: "-u -s 127.0.0.1 -p 0 -w 1 127.0.0.1 PORT", in: "text\n", peer: "udp"},
		{args: "-u -W 1 127.0.0.1 PORT", in: "text\n", peer: "udp", hold: true},
		{args: "-u -q 1 127.0.0.1 PORT", in: "text\n", peer: "udp", want: `0 "text\n" "" peer "text\n"`, since: "nc drops the answer"},
		{args: "127.0.0.1 PORT", in: "text\n", peer: "reset", want: `1 "" "nc: 127.0.0.1:PORT: Connection reset by peer\n" peer "text\n"`, since: "nc takes a reset for an end"},
		{args: "-t 127.0.0.1 PORT", peer: "telnet", hold: false, want: `0 "hello\n" "" peer "\xff\xfe\x01\xff\xfc\x03"`, since: "nc's -t does not work"},
		{args: "-zu 127.0.0.1 SHUT", want: `1 "" ""`, since: "nc asks nothing without -v"},
	}
}

// proxied are conversations by way of a proxy.
func proxied() []row {
	return []row{
		{args: "-vXconnect -x 127.0.0.1:PORT example.invalid 80", peer: "http 200 OK"},
		{args: "-Xconnect -x 127.0.0.1:PORT example.invalid 80 81", peer: "http 200 OK"},
		{args: "-zvXconnect -x 127.0.0.1:PORT example.invalid 80 81", peer: "http 200 OK"},
		{args: "-vXconnect -x 127.0.0.1:PORT example.invalid 80 81", peer: "http 403 Forbidden"},
		{args: "-vXconnect -x 127.0.0.1:PORT example.invalid 80", peer: "http 407 Who"},
		{args: "-vX5 -x 127.0.0.1:PORT example.invalid 80", peer: "socks5 0"},
		{args: "-x 127.0.0.1:PORT ::1 80", peer: "socks5 0"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 5"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 1"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 2"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 3"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 4"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 6"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 7"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 8"},
		{args: "-vx 127.0.0.1:PORT 127.0.0.1 80", peer: "socks5 77"},
		{args: "-vX4 -x 127.0.0.1:PORT localhost 80", peer: "socks4 90"},
		{args: "-vX4 -x 127.0.0.1:PORT 127.0.0.1 80", peer: "socks4 91"},
		{args: "-vX4 -x 127.0.0.1:PORT 127.0.0.1 80", peer: "socks4 92"},
		{args: "-vX4 -x 127.0.0.1:PORT 127.0.0.1 80", peer: "socks4 93"},
		{args: "-vX4 -x 127.0.0.1:PORT 127.0.0.1 80", peer: "socks4 7"},
		{args: "-vX4 -x 127.0.0.1:PORT example.invalid 80", peer: "none"},
		{args: "-vx 127.0.0.1:SHUT example.invalid 80"},
		{args: "-vx [127.0.0.1]:SHUT example.invalid 80"},
		{args: "-vx nosuch.invalid example.invalid 80"},
		{args: "-vx 127.0.0.1:x example.invalid 80"},
	}
}

// servers are conversations that nc waits for.
func servers() []row {
	return []row{
		{args: "-lv 0", peer: "client greet"},
		{args: "-lv 127.0.0.1 0", peer: "client greet"},
		{args: "-lv localhost 0", peer: "client greet"},
		{args: "-lvn 127.0.0.1 0", peer: "client greet"},
		{args: "-lv -p 0", peer: "client greet"},
		{args: "-lv -s 127.0.0.1 -p 0", peer: "client greet"},
		{args: "-4lv 0", peer: "client greet", hold: true},
		{args: "-6lv 0", peer: "client greet", hold: true},
		{args: "-lv 0", in: "text\n", peer: "client half"},
		{args: "-lvN 0", in: "text\n", peer: "client mute"},
		{args: "-lv -q 1 0", in: "text\n", peer: "client mute"},
		{args: "-lv -q 1 0", in: "text\n", peer: "client clings"},
		{args: "-lv -w 1 0", in: "text\n", peer: "client mute", hold: true},
		{args: "-lvd 0", in: "text\n", peer: "client greet", hold: true},
		{args: "-lvC 0", in: "a\nb\n", peer: "client half"},
		{args: "-lv -W 1 0", peer: "client half", hold: true},
		{args: "-lvt 0", in: "text\n", peer: "client half"},
		{args: "-lv -T ef -M 9 -m 1 -I 9000 -O 9000 -D 0", in: "text\n", peer: "client half"},
		{args: "-lvr 0", peer: "client greet"},
		{args: "-lvb 0", peer: "client greet"},
		{args: "-lv -q 0 0", in: "text\n", peer: "client sink", want: `0 "12\n" "Listening on 0.0.0.0 N\nConnection received on localhost N\n" peer "text\n" EOF`, since: "nc -l -q drops the answer"},
		{args: "-lv -N 0", in: "text\n", peer: "client sink"},
		{args: "-lvP joe 0", peer: "client greet"},
		{args: "-lvX 5 0", peer: "client greet"},
		{args: "-lvF 0", peer: "client greet"},
		{args: "-lvU DIR/here", peer: "client greet"},
		{args: "-lvU DIR/here", in: "text\n", peer: "client half"},
		{args: "-lvUN DIR/here", in: "text\n", peer: "client mute"},
		{args: "-lvUs DIR/here", peer: "client greet"},
		{args: "-luv -w 1 127.0.0.1 0", in: "text\n", peer: "client packet"},
		{args: "-luv -W 2 0", peer: "client packets", hold: true},
		{args: "-luvU -w 1 DIR/here", in: "text\n", peer: "client packet", want: `0 "hello\n" "Bound on DIR/here\nConnection received on DIR/here\n" peer "text\n"`, since: "nc connects again at the end, and fails"},
		{args: "-luvU -W 2 DIR/here", peer: "client packets", hold: true, want: `0 "one\ntwo\n" "Bound on DIR/here\nConnection received on DIR/here\n"`, since: "nc drops what was sent if the sender is gone"},
	}
}
