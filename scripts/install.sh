#!/bin/sh
# Builds nettool as one static program and installs it with its symlinks:
#
#	sh scripts/install.sh [DIR]		into DIR
#	sh scripts/install.sh --prefix DIR	into DIR/bin, with manual and completions in DIR/share
#
#	--compat	links the names of other tools, too: tcpserver, nc and so on
#	--unit		with --prefix: a unit for systemd in DIR/lib/systemd/system
#	--uninstall	removes what these put there, and nothing else
#
# DIR, when it is not given, is /usr/local/bin for root and ~/.local/bin for others. PREFIX
# in the environment is --prefix; DESTDIR is put before every path, for packages. VERSION is
# what --version shall print. A nettool that is running is replaced safely: it keeps the old
# file.
set -eu

usage() {
	echo "usage: sh scripts/install.sh [--prefix DIR] [--compat] [--unit] [--uninstall] [DIR]" >&2
	exit 2
}

dir='' prefix=${PREFIX-} compat='' unit='' uninstall=''
while [ $# -gt 0 ]; do
	case $1 in
	--prefix)
		[ $# -gt 1 ] || usage
		shift
		prefix=$1
		;;
	--compat) compat=1 ;;
	--unit) unit=1 ;;
	--uninstall) uninstall=1 ;;
	-*) usage ;;
	*)
		[ -z "$dir" ] || usage
		dir=$1
		;;
	esac
	shift
done
if [ -z "$dir" ] && [ -n "$prefix" ]; then
	dir=$prefix/bin
elif [ -z "$dir" ]; then
	dir=$HOME/.local/bin
	[ "$(id -u)" != 0 ] || dir=/usr/local/bin
fi
[ -z "$unit" ] || [ -n "$prefix" ] || usage
units=$prefix/lib/systemd/system
case $dir in
/*) to=${DESTDIR-}$dir ;;
*) to=${DESTDIR:+$DESTDIR/}$dir ;;
esac
links="tcpserve tcpconnect tcpprobe"
others="nc tcpserver tcpclient tcprules tcprulescheck tcpcat date@ who@ finger@ http@ addcr delcr"

if [ -n "$uninstall" ]; then
	for link in $links $others; do
		[ "$(readlink "$to/$link" 2>/dev/null)" != nettool ] || rm -f "$to/$link"
	done
	rm -f "$to/nettool"
	[ -z "$prefix" ] || {
		rm -f "${DESTDIR-}$units/nettool-serve@.service" "${DESTDIR-}$units/nettool-serve@.socket"
		share=${DESTDIR-}$prefix/share
		rm -f "$share/man/man1/nettool.1" "$share/man/man1/tcpserve.1" "$share/man/man1/tcpconnect.1" "$share"/man/man1/tcpprobe.1 "$share"/man/man1/tcpprobe-*.1
		for name in nettool $links; do
			rm -f "$share/bash-completion/completions/$name" "$share/fish/vendor_completions.d/$name.fish"
		done
		rm -f "$share/zsh/site-functions/_nettool"
	}
	echo "removed nettool from $to"
	exit 0
fi

# Who has another tool of one of these names there keeps it.
for link in ${compat:+$others}; do
	[ ! -e "$to/$link" ] && [ ! -L "$to/$link" ] || [ "$(readlink "$to/$link" 2>/dev/null)" = nettool ] || {
		echo "install: $to/$link is somebody else's: remove it, or leave out --compat" >&2
		exit 1
	}
done

umask 022
mkdir -p "$to"
to=$(cd "$to" && pwd)
cd "$(dirname "$0")/.."
version=${VERSION:-$(sh scripts/version.sh)}

# New files get their names by rename, so that no moment is without them.
new=$to/.nettool.$$
trap 'rm -f "$new" "$new.link"' EXIT
CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags "-s -w -X nettool/applets.version=$version" -o "$new" .
chmod 755 "$new"
mv -f "$new" "$to/nettool"
[ -z "$compat" ] || links="$links $others"
for link in $links; do
	ln -s nettool "$new.link"
	mv -f "$new.link" "$to/$link"
done
if [ -n "$prefix" ]; then
	VERSION=$version sh scripts/manual.sh "${DESTDIR-}$prefix/share"
fi
if [ -n "$unit" ]; then
	mkdir -p "${DESTDIR-}$units"
	for file in nettool-serve@.service nettool-serve@.socket; do
		sed "s,/usr/local/bin/,$dir/," "scripts/service/systemd/$file" >"${DESTDIR-}$units/$file"
		chmod 644 "${DESTDIR-}$units/$file"
	done
fi
echo "installed $("$to/nettool" --version) in $to: nettool $links"
case :$PATH: in
*:"$dir":*) ;;
*) [ -n "${DESTDIR-}" ] || echo "to call it by its name: export PATH=\"$dir:\$PATH\"" ;;
esac
