#!/bin/sh
# What nmap and testssl.sh, which look for weak TLS, say of serve's. It fails when
# nmap finds a version before 1.2, CBC, or a cipher that it grades below A, or
# testssl.sh a weakness. Needs nmap and testssl.sh of Debian (one of them will do), and openssl.
#
#	sh scripts/trial/tls.sh
set -eu
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
server=''
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

sh scripts/install.sh "$tmp/bin" >/dev/null
(
	umask 077
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
)
mkfifo "$tmp/port"
"$tmp/bin/tcpserve" -q -1 tls:127.0.0.1:0 --tls-cert "$tmp/cert.pem" --tls-key "$tmp/key.pem" >"$tmp/port" &
server=$!
read -r port <"$tmp/port"
asked=0

if command -v nmap >/dev/null; then
	asked=1
	nmap -Pn -p "$port" --script ssl-enum-ciphers 127.0.0.1 | tee "$tmp/nmap"
	grep -q 'TLSv1.3' "$tmp/nmap"
	if grep -Eq 'SSLv|TLSv1\.[01]|_CBC_|- [B-F]$' "$tmp/nmap"; then
		echo "tls: nmap has found something weak" >&2
		exit 1
	fi
fi
if command -v testssl >/dev/null; then
	asked=1
	testssl --quiet --color 0 --protocols --vulnerable --warnings batch --severity LOW --jsonfile "$tmp/json" "127.0.0.1:$port" || :
	if grep -E '"severity" *: *"(LOW|MEDIUM|HIGH|CRITICAL)"' "$tmp/json"; then
		echo "tls: testssl.sh has found something weak" >&2
		exit 1
	fi
fi
[ "$asked" = 1 ] || { echo "tls: neither nmap nor testssl is there" >&2; exit 2; }
echo "tls: nothing weak"
