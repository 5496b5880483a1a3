#!/usr/bin/env bash
# Has systemd read the units of firmware/systemd, in a root folder of their own, and
# holds them to a low exposure.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$(mktemp -d)
trap 'rm -r "$root"' EXIT
mkdir -p "$root"/{usr/bin,etc/badged,etc/systemd/system,usr/lib/systemd}
cp -r /usr/lib/systemd/system "$root/usr/lib/systemd/"
cp firmware/systemd/*.service firmware/systemd/*.socket "$root/etc/systemd/system/"
cp firmware/examples/printer-serial.toml "$root/etc/badged/badged.toml"
for program in badged badgectl badgehub cage; do
	install -m 0755 /bin/true "$root/usr/bin/$program"
done

# unit: the highest exposure it may have, of 100. Few services of a distribution are below
# 40; a browser needs more than most.
declare -A units=([badged.service]=20 [badgehub.service]=20 [badged-screen.service]=45)
complaints=$(systemd-analyze verify --root="$root" badged.socket "${!units[@]}" 2>&1) || true
if [[ -n $complaints ]]; then
	printf 'systemd does not like the units:\n%s\n' "$complaints"
	exit 1
fi
for unit in "${!units[@]}"; do
	systemd-analyze security --offline=true --root="$root" --threshold="${units[$unit]}" --no-pager "$unit" | tail -n 1
done
