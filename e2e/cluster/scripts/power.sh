#!/usr/bin/env bash
# power.sh NAME off|on: takes the power of a running cluster away: everything in it is killed at once, and whoever sends it
# anything hears nothing. Or gives it back: what lay on its disks is there, networks and memory begin anew.
. "$(dirname "$0")/lib.sh" "$1"
case ${2:-} in
  off)
    ip -n "$NETNS" link set eth0 down
    let_go
    ;;
  on)
    network_down
    network_up
    hold
    api_up
    say "API server ready"
    "$HERE/netpol.sh" "$NAME"
    ;;
  *) echo "usage: power.sh NAME off|on" >&2; exit 2 ;;
esac
