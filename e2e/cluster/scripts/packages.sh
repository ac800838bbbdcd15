#!/usr/bin/env bash
# packages.sh: installs what clusters need of Debian and this machine lacks. Fails when it cannot.
set -euo pipefail
missing=()
for command in containerd runc crun iptables nft conntrack docker-registry htpasswd nsenter ip; do
  command -v "$command" >/dev/null || missing+=("$command")
done
python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing Debian packages (missing: ${missing[*]})" >&2
# nothing a package brings is started by its installation
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get -o DPkg::Lock::Timeout=120 update -qq
apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends containerd runc crun \
  containernetworking-plugins iptables nftables conntrack socat iproute2 docker-registry apache2-utils python3-yaml >/dev/null
