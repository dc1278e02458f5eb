#!/bin/sh
# What scripts/release.sh makes, tried as those do who get it: built twice, from two
# clones, and compared; looked at by lintian; the .deb installed, run and purged in a new Debian,
# the .rpm below a root of its own; the .apk and the archives unpacked and their
# programs run, those of other processors by qemu.
#
#	sh scripts/release/trial.sh [quick]	as root, of what is committed
#
# The second build has a build cache of its own, so that everything is compiled twice; with
# quick it has not, and only Linux on amd64 is built. It takes Debian packages (sh scripts/tools/deps.sh
# release), and the new Debian comes from where this one's apt has its own. Exit 1 when something was
# not as it should be. Nothing is left behind.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" = 0 ] || { echo 'trial: it makes a Debian of its own: as root' >&2; exit 2; }
only='*' quick=''
case ${1-} in
quick) quick=1 only='*-linux-amd64.*,*_amd64.deb,*.x86_64.*' ;;
'') ;;
*) echo 'usage: sh scripts/release/trial.sh [quick]' >&2; exit 2 ;;
esac
sh scripts/tools/deps.sh release

# All is below tmp. What is mounted there is in a name space of its own, which ends with its
# processes.
tmp=$(mktemp -d)
child=''
finish() {
	if [ -n "$child" ]; then
		kill -- -"$child" 2>/dev/null || :
		sleep 2
		kill -KILL -- -"$child" 2>/dev/null || :
		wait
	fi
	rm -rf --one-file-system "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# run has a long command, and all that it starts, be ended when this script is.
run() {
	setsid "$@" &
	child=$!
	wait "$child" && code=0 || code=$?
	child=''
	return "$code"
}

failed=''
# expect NAME WANT COMMAND... looks for a pattern in what a command prints.
expect() {
	name=$1 want=$2
	shift 2
	if got=$("$@" 2>&1 </dev/null) && printf '%s\n' "$got" | grep -qE -e "$want"; then
		echo "ok: $name"
	else
		echo "FAILED: $name: got: $(printf '%s\n' "$got" | tail -n 5)"
		failed="$failed $name;"
	fi
}

# none NAME COMMAND... expects that a command prints nothing.
none() {
	name=$1
	shift
	if got=$("$@" 2>&1) && [ -z "$got" ]; then
		echo "ok: $name"
	else
		echo "FAILED: $name: got: $got"
		failed="$failed $name;"
	fi
}

echo '== two builds'
started=$(date +%s)
git -c safe.directory='*' clone -q . "$tmp/one"
git -c safe.directory='*' clone -q . "$tmp/elsewhere/another one"
version=$(sh "$tmp/one/scripts/version.sh" | sed 's/[.+]/\\&/g') # as a pattern
run sh "$tmp/one/scripts/release.sh" "$tmp/dist" --only "$only"
echo "built in $(($(date +%s) - started)) s"
mkdir -p "$tmp/home"
cache=${quick:+$(go env GOCACHE)}
# Another place, another user's home, another time zone, umask and language.
umask 077
run env -C / HOME="$tmp/home" GOMODCACHE="$(go env GOMODCACHE)" GOCACHE="${cache:-$tmp/cache}" TZ=Asia/Kathmandu LC_ALL=C.UTF-8 \
	sh "$tmp/elsewhere/another one/scripts/release.sh" "$tmp/again" --only "$only" >"$tmp/log" 2>&1 || cat "$tmp/log"
umask 022
echo "built twice in $(($(date +%s) - started)) s"
none 'both builds are the same' diff -r "$tmp/dist" "$tmp/again"
expect 'the checksums are right' '^nettool.*: OK$' env -C "$tmp/dist" sha256sum -c SHA256SUMS
cat "$tmp/dist/SHA256SUMS"
rm -rf "$tmp/again" "$tmp/elsewhere" "$tmp/cache" "${tmp:?}/home"

# runner is what runs programs for a processor here: nothing for this one's own.
runner() {
	case $1:$(uname -m) in
	amd64:x86_64 | arm64:aarch64) echo env ;;
	arm64:*) echo qemu-aarch64 ;;
	armv7:*) echo qemu-arm ;;
	amd64:*) echo qemu-x86_64 ;;
	*) echo "qemu-$1" ;;
	esac
}

echo '== archives'
for archive in "$tmp/dist"/*.tar.gz "$tmp/dist"/*.zip; do
	[ -e "$archive" ] || continue
	stem=$(basename "$archive")
	stem=${stem%.tar.gz} stem=${stem%.zip}
	mkdir "$tmp/x"
	case $archive in
	*.zip) (cd "$tmp/x" && python3 -m zipfile -e "$archive" .) ;;
	*) tar -xzf "$archive" -C "$tmp/x" ;;
	esac
	arch=${stem##*-}
	case $stem in
	*-linux-*)
		runs=$(runner "$arch")
		if command -v "$runs" >/dev/null; then
			expect "$stem runs" "^nettool $version\$" "$runs" "$tmp/x/$stem/bin/nettool" --version
		else
			echo "no $runs: left out"
		fi
		;;
	*-windows-*) expect "$stem has a program" 'GOOS=windows' go version -m "$tmp/x/$stem/nettool.exe" ;;
	*) expect "$stem has a program" 'GOOS=(darwin|freebsd)' go version -m "$tmp/x/$stem/bin/nettool" ;;
	esac
	case $stem in
	*-windows-*) ;;
	*) expect "$stem has a manual" '^tcpserve\(1\)|TCPSERVE\(1\)' man "$tmp/x/$stem/share/man/man1/tcpserve.1" ;;
	esac
	expect "$stem says what is in it" '^std go1.*: BSD-3-Clause' find "$tmp/x/$stem" -path '*/licences/README' -exec cat {} +
	rm -rf "$tmp/x"
done

echo '== lintian'
none 'lintian is content' env TMPDIR="$tmp" lintian --allow-root --tag-display-limit 0 --fail-on error,warning "$tmp/dist"/*.deb
TMPDIR=$tmp lintian --allow-root --show-overrides --tag-display-limit 0 "$tmp/dist"/*_amd64.deb || :

# In a Debian that has the tools with which nettool must live.
echo '== .deb in a new Debian'
deb=$(echo "$tmp/dist"/*"_$(dpkg --print-architecture).deb")
dpkg-deb --info "$deb"
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2046 # names of files
set -- $(grep -lE "(^|[[:space:]])$codename([[:space:]]|\$)" /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || :)
[ $# -gt 0 ] || {
	echo "trial: apt's sources do not name $codename" >&2
	exit 1
}
root=$tmp/debian
if run mmdebstrap --quiet --mode=root --variant=minbase --include=man-db,ucspi-tcp,netcat-openbsd "$codename" "$root" "$@" >"$tmp/log" 2>&1; then
	cp "$deb" "$root/tmp/nettool.deb"
	cat >"$root/tmp/trial" <<'END'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
mount -t proc proc /proc
list() {
	find / -xdev \( -path /proc -o -path /tmp -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -print | sort
}
list >/tmp/before
dpkg -i /tmp/nettool.deb
echo "version: $(nettool --version), $(dpkg-query -W -f '${Version} ${Status}' nettool)"
tcpserve 127.0.0.1:0 --handler echo 2>/tmp/server &
server=$!
for _ in $(seq 100); do
	address=$(sed -n 's/.*listening local=\([^ ]*\).*/\1/p' /tmp/server)
	[ -z "$address" ] || break
	sleep 0.1
done
echo "echo: $(echo hello from the package | tcpconnect --wait 5s "$address")"
tcpprobe "$address"
kill "$server"
wait "$server" || echo "server: exit $?"
echo "man: $(man -w tcpserve) $(man -w tcpprobe-wait)"
man nettool | head -n 5
dpkg -L nettool
ls -l /usr/bin/nettool /usr/bin/tcp*
cat /usr/share/doc/nettool/copyright | head -n 20
dpkg --verify nettool && echo "verified"
dpkg --purge nettool
mandb -q 2>/dev/null || :
list >/tmp/after
diff /tmp/before /tmp/after && echo 'nothing is left' || :
# man keeps pages that it has shown.
find / -xdev \( -path /tmp -o -path /var/cache/man \) -prune -o \( -name '*nettool*' -o -name tcpserve -o -name 'tcpserve.*' \) -print >/tmp/names
cat /tmp/names
[ -s /tmp/names ] || echo 'nothing of that name is left'
END
	cat >"$tmp/enter" <<'END'
ip link set lo up
exec chroot "$1" sh /tmp/trial
END
	run unshare --mount --pid --net --fork --kill-child sh "$tmp/enter" "$root" >"$tmp/said" 2>&1 || failed="$failed the .deb;"
	cat "$tmp/said"
	expect 'the .deb runs' "^version: nettool $version, .* install ok installed" cat "$tmp/said"
	expect 'it serves and connects' '^echo: hello from the package' cat "$tmp/said"
	expect 'its manual is found' '^man: /usr/share/man/man1/tcpserve.1.gz /usr/share/man/man1/tcpprobe-wait.1.gz' cat "$tmp/said"
	expect 'its files are whole' '^verified' cat "$tmp/said"
	expect 'nothing is left when it is purged' '^nothing is left' cat "$tmp/said"
	expect 'nothing of its name is left' '^nothing of that name is left' cat "$tmp/said"
else
	cat "$tmp/log"
	failed="$failed a new Debian;"
fi
rm -rf --one-file-system "$root"

echo '== .rpm'
rpm=$(echo "$tmp/dist"/*".$(uname -m).rpm")
root=$tmp/rpm
mkdir -p "$root"
rpm -qip "$rpm"
expect 'the .rpm is whole' 'digests OK' rpm -K --nosignature "$rpm"
rpm --root "$root" --initdb
expect 'the .rpm is installed' '' rpm --root "$root" --force-debian --nodeps -i "$rpm"
expect 'its program runs' "^nettool $version\$" chroot "$root" /usr/bin/nettool --version
expect 'tcpserve is a link' '^nettool$' readlink "$root/usr/bin/tcpserve"
none 'rpm verifies it' rpm --root "$root" --nodeps -V nettool
rpm --root "$root" -ql nettool
expect 'it is removed' '' rpm --root "$root" -e nettool
none 'nothing of it is left' find "$root" -name '*nettool*' -o -name '*tcpserve*'
rm -rf "$root"

echo '== .apk'
apk=$(echo "$tmp/dist"/*".$(uname -m).apk")
mkdir "$tmp/apk"
tar -xzf "$apk" -C "$tmp/apk" --warning=no-unknown-keyword
cat "$tmp/apk/.PKGINFO"
expect 'the .apk says its version' '^pkgver = [0-9].*-r0$' cat "$tmp/apk/.PKGINFO"
expect 'its program runs' "^nettool $version\$" "$tmp/apk/usr/bin/nettool" --version
expect 'it has the licences' '^std go1.*: BSD-3-Clause' cat "$tmp/apk/usr/share/licenses/nettool/README"
(cd "$tmp/apk" && find . -type f -o -type l | sort)

ls -l "$tmp/dist"
echo "tried in $(($(date +%s) - started)) s"
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
