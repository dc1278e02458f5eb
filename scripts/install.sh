#!/bin/sh
# Builds nettool as one static program and installs it with its symlinks:
#
#	sh scripts/install.sh [DIR]
#
# DIR, when it is not given, is /usr/local/bin for root and ~/.local/bin for
# others. A nettool that is running is replaced safely: it keeps the old file.
# VERSION in the environment is what --version shall print.
set -eu

dir=${1-}
if [ -z "$dir" ]; then
	dir=$HOME/.local/bin
	[ "$(id -u)" != 0 ] || dir=/usr/local/bin
fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cd "$(dirname "$0")/.."

# version is the tag, or the commit, that this is.
version() {
	if tag=$(git describe --tags --dirty 2>/dev/null); then
		echo "${tag#v}"
	elif commit=$(git rev-parse --short HEAD 2>/dev/null); then
		echo "0.1.0-dev+$commit"
	else
		echo 0.1.0-dev
	fi
}

# New files get their names by rename, so that no moment is without them.
new=$dir/.nettool.$$
trap 'rm -f "$new" "$new.link"' EXIT
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X nettool/applets.version=${VERSION:-$(version)}" -o "$new" .
mv -f "$new" "$dir/nettool"
for link in tcpserve tcpconnect tcpprobe; do
	ln -s nettool "$new.link"
	mv -f "$new.link" "$dir/$link"
done
echo "installed $("$dir/nettool" --version) in $dir: nettool tcpserve tcpconnect tcpprobe"
case :$PATH: in
*:"$dir":*) ;;
*) echo "note: $dir is not in PATH" ;;
esac
