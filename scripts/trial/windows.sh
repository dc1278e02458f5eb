#!/bin/sh
# The Windows build, under wine, against the Linux one: serve with default flags,
# serve PROGRAM, connect and probe, both ways.
#
#	sh scripts/trial/windows.sh
#
# It wants wine64 and gcc-mingw-w64-x86-64 (Debian). Without them it says so and
# ends with 0; otherwise exit 1 when something was not as it should be.
set -eu
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/lib/wine"

for tool in wine64 x86_64-w64-mingw32-gcc; do
	command -v "$tool" >/dev/null || { echo "windows: no $tool: left out"; exit 0; }
done

tmp=$(mktemp -d)
servers='' failed=''
finish() {
	for pid in $servers; do
		kill "$pid" 2>/dev/null || :
	done
	wineserver64 -k 2>/dev/null || wineserver -k 2>/dev/null || :
	rm -rf "$tmp"
}
export WINEPREFIX="$tmp/prefix" WINEDEBUG=-all
trap finish EXIT
trap 'exit 130' INT TERM

CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -trimpath -o "$tmp/nettool.exe" .
CGO_ENABLED=0 go build -trimpath -o "$tmp/nettool" .

# Programs of this Go version take their random numbers from a library that old
# wine versions do not have.
cat >"$tmp/prng.c" <<'END'
#include <windows.h>
#include <ntsecapi.h>

BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T n)
{
	return RtlGenRandom(to, (ULONG)n);
}
END
cat >"$tmp/copy.c" <<'END'
#include <fcntl.h>
#include <io.h>

int main(void)
{
	static char buf[65536];
	int n;

	_setmode(0, _O_BINARY);
	_setmode(1, _O_BINARY);
	while ((n = _read(0, buf, sizeof buf)) > 0)
		if (_write(1, buf, n) != n)
			return 1;
	return n != 0;
}
END
wine64 cmd /c exit >/dev/null 2>&1 || : # makes the prefix
x86_64-w64-mingw32-gcc -O2 -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$tmp/prng.c" -ladvapi32
x86_64-w64-mingw32-gcc -O2 -o "$tmp/copy.exe" "$tmp/copy.c"

# serve NAME COMMAND... starts a server and sets address to where it listens.
serve() {
	log=$tmp/$1.log
	shift
	"$@" >"$log" 2>&1 &
	servers="$servers $!"
	for _ in $(seq 300); do
		address=$(sed -n 's/.*listening local=\([^ ]*\) .*/\1/p' "$log")
		[ -z "$address" ] || return 0
		sleep 0.1
	done
	echo "windows: $* does not listen:" >&2
	cat "$log" >&2
	exit 1
}

# expect NAME WANT COMMAND... compares what a command prints.
expect() {
	name=$1 want=$2
	shift 2
	if got=$(timeout 60 "$@" 2>&1 </dev/null) && case $got in *"$want"*) ;; *) false ;; esac then
		echo "ok: $name"
	else
		echo "FAILED: $name: got: $got"
		failed="$failed $name"
	fi
}

# said NAME PATTERN waits until the server's log has a line.
said() {
	for _ in $(seq 100); do
		if grep -qE "$2" "$log"; then
			echo "ok: $1"
			return
		fi
		sleep 0.1
	done
	echo "FAILED: $1: $(cat "$log")"
	failed="$failed $1"
}

# bytes CLIENT... sends 3 MB and compares what comes back.
head -c 3000000 /dev/urandom >"$tmp/sent"
bytes() {
	name=$1
	shift
	if timeout 60 "$@" <"$tmp/sent" >"$tmp/received" 2>"$tmp/errors" && cmp "$tmp/sent" "$tmp/received"; then
		echo "ok: $name"
	else
		echo "FAILED: $name: $(cat "$tmp/errors")"
		failed="$failed $name"
	fi
}

windows=$tmp/nettool.exe linux=$tmp/nettool

serve builtin wine64 "$windows" serve 127.0.0.1:0
bytes "Windows serve, Linux connect" "$linux" connect "$address"
bytes "Windows serve, Windows connect" wine64 "$windows" connect "$address"
expect "Windows serve, Linux probe" ok "$linux" probe "$address"
expect "Windows serve, Windows probe" ok wine64 "$windows" probe "$address"
said "model" 'listening .*model=in-process'
said "closing record" 'close id=1 .*reason=eof bytes_in=3000000 bytes_out=3000000'

serve program wine64 "$windows" serve 127.0.0.1:0 "$tmp/copy.exe"
bytes "Windows serve PROGRAM, Linux connect" "$linux" connect "$address"
said "exit code of the program" 'close id=1 .*handler=.*copy.exe .*reason=exit .*exit=0'

serve linux "$linux" serve 127.0.0.1:0
bytes "Linux serve, Windows connect" wine64 "$windows" connect "$address"
expect "Linux serve, Windows probe" ok wine64 "$windows" probe "$address"

[ -z "$failed" ] || { echo "windows:$failed failed" >&2; exit 1; }
