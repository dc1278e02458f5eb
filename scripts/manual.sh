#!/bin/sh
# Writes the manual pages and the completions of bash, zsh and fish below DIR, which
# is what $PREFIX/share is, from the flags as they are: man/man1/*.1,
# bash-completion/completions, zsh/site-functions, fish/vendor_completions.d.
#
#	sh scripts/manual.sh DIR
#
# VERSION and SOURCE_DATE_EPOCH in the environment are what the pages name; otherwise
# the commit is.
set -eu

case ${1-} in
'' | -*)
	echo 'usage: sh scripts/manual.sh DIR' >&2
	exit 2
	;;
esac
mkdir -p "$1"
dir=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

if date=$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null); then
	export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$date}"
fi
CGO_ENABLED=0 go run -buildvcs=false -trimpath ${VERSION:+-ldflags "-X nettool/applets.version=$VERSION"} ./scripts/manual "$dir"
