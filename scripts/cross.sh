#!/usr/bin/env bash
# Builds badged and badgectl for every board, and badgehub for the machines that a hub runs
# on, without cgo, stripped, into dist/, and prints their sizes. Fails if badged for ARMv6
# is over its budget.
# Usage: scripts/cross.sh LDFLAGS, as the Makefile has them, [TARGET, such as arm:6]...
set -euo pipefail
cd "$(dirname "$0")/.."

ldflags="-s -w $1"
shift
budget=18000000 # bytes: the smallest boards keep two versions in a small flash

targets=("$@")
((${#targets[@]})) || targets=(amd64 arm64 arm:7 arm:6 riscv64 386)

# build GOARCH[:GOARM] prints one row of the table.
build() {
	local arch=${1%%:*} arm='' name command commands=(badged badgectl) row
	[[ $1 == *:* ]] && arm=${1##*:}
	name=linux-$arch${arm:+v$arm}
	row=$(printf '%-14s' "$name")
	[[ $arch == amd64 || $arch == arm64 ]] && commands+=(badgehub)
	mkdir -p "dist/$name"
	for command in "${commands[@]}"; do
		# The version is in LDFLAGS: what git says of the folder would make two builds differ.
		CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOARM=$arm \
			go build -trimpath -ldflags "$ldflags" -buildvcs=false -o "dist/$name/$command" "./cmd/$command"
		row+=$(printf ' %10d' "$(size "dist/$name/$command")")
	done
	echo "$row"
}

size() { wc -c <"$1"; }

printf '%-14s %10s %10s %10s  (bytes, stripped)\n' target badged badgectl badgehub
for target in "${targets[@]}"; do
	build "$target"
done

[[ " ${targets[*]} " == *' arm:6 '* ]] || exit 0
armv6=$(size dist/linux-armv6/badged)
if ((armv6 > budget)); then
	echo "badged for ARMv6 has $armv6 bytes, over the budget of $budget" >&2
	exit 1
fi
echo "badged for ARMv6 has $armv6 bytes, within the budget of $budget"
