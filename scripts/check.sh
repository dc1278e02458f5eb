#!/bin/sh
# All that must hold before a change is accepted, on a clean clone with nothing
# but Go: formatting, static checks, the other systems, and the tests with the
# race detector. Every step runs; exit 1 when one failed.
#
#	sh scripts/check.sh [STEP...]	only these steps
set -u
cd "$(dirname "$0")/.." || exit 1

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

failed='' only=$*
step() {
	name=$1
	shift
	case " ${only:-$name} " in
	*" $name "*) ;;
	*) return 0 ;;
	esac
	echo "== $name"
	"$@" || failed="$failed $name"
}

# tool is the path of a program of the tools module, built once by Go.
tool() {
	go -C scripts/tools tool -n "$1"
}

scripts() {
	set -- .ci/run scripts/*.sh scripts/*/*.sh scripts/service/s6/*/run
	for script; do
		sh -n "$script" || return 1
	done
	command -v shellcheck >/dev/null || { echo "no shellcheck: left out"; return 0; }
	shellcheck -x "$@"
}

formatted() {
	gofumpt=$(tool gofumpt) && list=$("$gofumpt" -l .) || return 1
	[ -n "$list" ] || return 0
	echo "not formatted (run go -C scripts/tools tool gofumpt -w \"\$PWD\"):"
	echo "$list"
	return 1
}

static() {
	staticcheck=$(tool staticcheck) && "$staticcheck" ./...
}

# other_systems looks at what a release for them would hold: not the scripts' own
# programs, which are Linux's. Of Linux on 32 bits at the tests, too.
other_systems() {
	go -C scripts/tools build -o "$tmp/systems" ./systems || return 1
	"$tmp/systems" . darwin freebsd netbsd windows -- . ./applets/... ./internal/... &&
		"$tmp/systems" . -tests linux/386 -- . ./applets/... ./internal/... &&
		GOFLAGS=-tags=portable "$tmp/systems" . -tests linux -- ./internal/server/... ./applets/...
}

# bench_programs compiles the C programs of the benchmarks.
bench_programs() {
	command -v cc >/dev/null || { echo "no C compiler: left out"; return 0; }
	for source in scripts/bench/*.c; do
		cc -std=gnu11 -O2 -Wall -Wextra -Werror -pthread -o /dev/null "$source" || return 1
	done
}

# known_tools finds the programs that test scripts ask for and deps.sh does not
# install: on a new machine their tests would never run.
known_tools() {
	unknown=$(grep -rhoE --include='*.txtar' '\[!?tool:[^]]+\]' applets/testdata | sed 's/.*tool:\(.*\)]/\1/' | sort -u | while read -r name; do
		grep -q "^$name:" scripts/tools/deps.sh || echo "$name"
	done)
	[ -z "$unknown" ] || { echo "not in scripts/tools/deps.sh: $(echo "$unknown" | tr '\n' ' ')"; return 1; }
}

# race is the flag of the race detector, which needs a C compiler.
race() {
	if command -v cc >/dev/null; then
		echo -race
	else
		echo "no C compiler: without the race detector" >&2
	fi
}

tests() {
	# shellcheck disable=SC2046 # no word when empty
	go test $(race) -vet=off -ldflags=-w -count=1 -parallel 8 -timeout 9m ./...
}

# portable runs, on Linux, what serve is made of on other systems.
portable() {
	# shellcheck disable=SC2046
	go test $(race) -vet=off -ldflags=-w -tags portable -count=1 -parallel 4 ./internal/server ./internal/server/loop ./internal/server/program ./internal/server/talk ./internal/server/threads || return 1
	# shellcheck disable=SC2046
	go test $(race) -vet=off -ldflags=-w -tags portable -count=1 -parallel 6 -run TestModels ./applets
}

started=$(date +%s)
step packages sh scripts/tools/deps.sh
step scripts scripts
step known-tools known_tools
step gofumpt formatted
step modules go mod tidy -diff
step vet go vet ./...
step staticcheck static
step other-systems other_systems
step bench-programs bench_programs
step tests tests
step portable portable
echo "checked in $(($(date +%s) - started)) s"
if [ -n "$failed" ]; then
	echo "failed:$failed" >&2
	exit 1
fi
