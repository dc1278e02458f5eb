#!/bin/sh
# serve's TLS beside servers that speak it; see ../bench.sh. Every one of them echoes: the
# proxies in front of serve's echo in one process.
#
#	sh scripts/bench/tls.sh [PATTERN]	only the rows whose name has PATTERN
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-1}
only=${1-}

tmp=$(mktemp -d)
server_pid='' backend_pid=''
# shellcheck source=scripts/bench/servers.sh
. scripts/bench/servers.sh
# shellcheck source=scripts/bench/rows.sh
. scripts/bench/rows.sh
finish() {
	stop
	[ -z "$backend_pid" ] || kill "$backend_pid" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

CGO_ENABLED=0 go build -trimpath -o "$tmp/handshakes" ./scripts/bench/handshakes
sh scripts/install.sh "$tmp/bin" >/dev/null
PATH=$tmp/bin:$PATH
(
	umask 077
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
	cat "$tmp/cert.pem" "$tmp/key.pem" >"$tmp/both.pem"
)
start backend tcpserve -q 127.0.0.1:0 --in-process
backend_pid=$server_pid backend=$port
start free tcpserve -q 127.0.0.1:0 # HAProxy takes no port 0
stop

cat >"$tmp/stunnel.conf" <<END
foreground = yes
pid =
[echo]
accept = 127.0.0.1:0
connect = 127.0.0.1:$backend
cert = $tmp/both.pem
END
cat >"$tmp/haproxy.cfg" <<END
global
  nbthread 2
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend echo
  bind 127.0.0.1:$port ssl crt $tmp/both.pem
  default_backend echo
backend echo
  server echo 127.0.0.1:$backend
END

# command_of prints the command line of a server, or nothing when it is not there.
command_of() {
	case $1 in
	"serve echo") echo tcpserve -q tls:127.0.0.1:0 --tls-cert "$tmp/both.pem" ;;
	"serve echo --in-process") echo tcpserve -q tls:127.0.0.1:0 --tls-cert "$tmp/both.pem" --in-process ;;
	"serve cat") echo tcpserve -q tls:127.0.0.1:0 --tls-cert "$tmp/both.pem" cat ;;
	"socat fork EXEC:cat") ! command -v socat >/dev/null || echo socat "OPENSSL-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,backlog=128,verify=0,cert=$tmp/both.pem" EXEC:cat ;;
	"stunnel") ! command -v stunnel4 >/dev/null || echo stunnel4 "$tmp/stunnel.conf" ;;
	"HAProxy") ! command -v haproxy >/dev/null || echo haproxy -db -f "$tmp/haproxy.cfg" ;;
	"socat fork") ! command -v socat >/dev/null || echo socat "OPENSSL-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,backlog=128,verify=0,cert=$tmp/both.pem" PIPE ;;
	"ncat -k -e cat") ! command -v ncat >/dev/null || echo ncat --ssl --ssl-cert "$tmp/cert.pem" --ssl-key "$tmp/key.pem" -l -k -e /bin/cat 127.0.0.1 0 ;;
	esac
}

# load runs the generator once against $port and prints its line.
load() {
	# shellcheck disable=SC2086 # words
	"$tmp/handshakes" -t "$seconds" $1 127.0.0.1 "$port"
}

table=rates
for clients in 1 8; do
	compare "new, clients: $clients" 1 "-c $clients new" "serve echo" stunnel HAProxy "socat fork" "ncat -k -e cat" "serve echo --in-process"
	compare "resumed, clients: $clients" 1 "-c $clients resumed" "serve echo" stunnel HAProxy "socat fork" "serve echo --in-process"
done
for clients in 1 8; do
	compare "PROGRAM, clients: $clients" 3 "-c $clients new" "serve cat" "socat fork EXEC:cat" "ncat -k -e cat"
done
table=streams
compare "PROGRAM, stream" 1 stream "serve cat" "socat fork EXEC:cat"
compare "stream" 1 stream "serve echo" stunnel HAProxy "socat fork"

echo "$(nproc) CPUs, Linux $(uname -r), $(go env GOVERSION); $rounds rounds of $seconds s; TLS 1.3, ECDSA P-256, 64-byte"
echo "requests; CPU: busy time of the whole machine, load generator included, per connection (per MiB)."
show_tables
