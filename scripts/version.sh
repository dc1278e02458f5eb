#!/bin/sh
# Prints the version that this tree is: the tag, or the tag and how many commits are behind
# it, or the commit. It is the same in every clone.
#
#	sh scripts/version.sh
set -eu
cd "$(dirname "$0")/.."

# The tree may be somebody else's.
if tag=$(git -c safe.directory='*' describe --tags --dirty --abbrev=10 2>/dev/null); then
	echo "${tag#v}"
elif commit=$(git -c safe.directory='*' rev-parse --verify HEAD 2>/dev/null); then
	echo "0.1.0-dev+$(printf %.7s "$commit")"
else
	echo 0.1.0-dev
fi
