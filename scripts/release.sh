#!/bin/sh
# Builds what is handed out: an archive for each system, packages for Linux (.deb, .rpm,
# .apk), and SHA256SUMS. scripts/release/README.md says what is in them.
#
#	sh scripts/release.sh [DIR] [--only PATTERN[,PATTERN...]]
#
# DIR is dist unless it is given. With --only, only files are built whose names match a
# pattern, as *.deb or *-linux-amd64.*; SHA256SUMS has those. The same commit, built with the
# same Go, gives the same files. VERSION and SOURCE_DATE_EPOCH in the environment are in place of
# the tag and the time of the commit, MAINTAINER ("NAME <MAIL>") of its author.
set -eu

usage() {
	echo 'usage: sh scripts/release.sh [DIR] [--only PATTERN[,PATTERN...]]' >&2
	exit 2
}

dir='' only='*'
while [ $# -gt 0 ]; do
	case $1 in
	--only)
		[ $# -gt 1 ] || usage
		shift
		only=$1
		;;
	-*) usage ;;
	*)
		[ -z "$dir" ] || usage
		dir=$1
		;;
	esac
	shift
done
umask 022
top=$(cd "$(dirname "$0")/.." && pwd)
dir=${dir:-$top/dist}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cd "$top"

# The tree may be somebody else's.
repository() {
	git -c safe.directory='*' "$@"
}

commit=$(repository rev-parse --verify HEAD) || {
	echo 'release: not in a clone of the repository' >&2
	exit 1
}
[ -z "$(repository status --porcelain)" ] || echo "release: the tree is not that of its commit: what is built is not either" >&2
version=${VERSION:-$(sh scripts/version.sh)}
time=${SOURCE_DATE_EPOCH:-$(repository log -1 --format=%ct)}
maintainer=${MAINTAINER:-$(repository log -1 --format='%an <%ae>')}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
VERSION=$version SOURCE_DATE_EPOCH=$time TMPDIR=$tmp sh scripts/manual.sh "$tmp/share"
CGO_ENABLED=0 go build -buildvcs=false -o "$tmp/release" ./scripts/release
TMPDIR=$tmp "$tmp/release" -to "$dir" -version "$version" -commit "$commit" -maintainer "$maintainer" \
	-time "$time" -share "$tmp/share" -only "$only"
