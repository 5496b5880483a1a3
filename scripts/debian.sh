#!/usr/bin/env bash
# Makes the bare Debian in which suites install badged, once, in .cache/debian: minbase, with
# systemd and what README asks for but Go. As root, with debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."

base=$PWD/.cache/debian
[[ ! -e $base/etc/os-release ]] || exit 0
echo "making a bare Debian in $base"
rm -rf "$base.part"
mkdir -p "$base.part"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,sudo,make,git \
	bookworm "$base.part" >"$log" 2>&1 || { tail -n 5 "$log"; exit 1; }
mv "$base.part" "$base"
