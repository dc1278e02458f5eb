#!/bin/sh
# The Debian packages that tests (and with the argument bench, benchmarks)
# stand beside, or with the argument release those that scripts/release/trial.sh takes.
# As root it installs those that are missing; otherwise it says what is left out. With
# CI=true a missing one is a failure.
#
#	sh scripts/tools/deps.sh [bench | release]
set -eu

# tool:package…, one for each program that a script asks for with [tool:NAME].
tests='
cc:gcc,libc6-dev
git:git
timeout:coreutils
tcpserver:ucspi-tcp
socat:socat
ncat:ncat
nc:netcat-openbsd
systemd-socket-activate:systemd
systemd-analyze:systemd
s6-supervise:s6
promtool:prometheus
prometheus:prometheus
ip:iproute2
ss:iproute2
zsh:zsh
fish:fish
groff:groff
mandoc:mandoc
unshare:util-linux
prlimit:util-linux
setpriv:util-linux
bash:bash
perl:perl-base
openssl:openssl
microsocks:microsocks
tinyproxy:tinyproxy-bin
nginx:nginx-light,libnginx-mod-mail,libnginx-mod-stream
redis-server:redis-server
ps:procps
script:bsdutils
strace:strace
shellcheck:shellcheck
bwrap:bubblewrap
haproxy:haproxy
telnetd:inetutils-telnetd
fping:fping
dnsmasq:dnsmasq-base
snmpd:snmpd
inetd:openbsd-inetd
mailfront:mailfront
axfrdns:axfrdns
tinydns-data:tinydns
tinydyndns-update:tinydyndns
in.tftpd:tftpd-hpa
tftp:tftp-hpa
sshd:openssh-server
ssh:openssh-client
'
bench='
iperf3:iperf3
testssl:testssl.sh
stunnel4:stunnel4
nmap:nmap
rsync:rsync
scp:openssh-client
wrk:wrk
h2load:nghttp2-client
'
release='
git:git
lintian:lintian
mmdebstrap:mmdebstrap
rpm:rpm
man:man-db
ip:iproute2
unshare:util-linux
python3:python3-minimal,python3
qemu-aarch64:qemu-user
'

# absent lists the tools of the list that are not installed, with their packages.
absent() {
	for entry in $list; do
		command -v "${entry%%:*}" >/dev/null 2>&1 || printf '%s ' "$entry"
	done
}

# packages are the packages of such a list.
packages() {
	for entry; do
		printf '%s\n' "${entry#*:}" | tr , '\n'
	done
}

# install tries them one by one when it cannot have them all.
install() {
	export DEBIAN_FRONTEND=noninteractive
	echo "installing $*"
	apt-get update -qq >"$log" 2>&1 || :
	apt-get install -y -qq --no-install-recommends "$@" >>"$log" 2>&1 && return
	for package; do
		apt-get install -y -qq --no-install-recommends "$package" >"$log" 2>&1 || tail -n 3 "$log" >&2
	done
}

case ${1-} in
bench) list="$tests $bench" ;;
release) list=$release ;;
*) list=$tests ;;
esac

missing=$(absent)
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	# shellcheck disable=SC2046,SC2086 # lists of words
	install $(packages $missing)
	missing=$(absent)
fi
for entry in $missing; do
	echo "missing: ${entry%%:*} (Debian: $(echo "${entry#*:}" | tr , ' ')); what needs it is left out" >&2
done
[ -z "$missing" ] || [ "${CI-}" != true ]
