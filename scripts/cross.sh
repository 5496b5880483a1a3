#!/usr/bin/env bash
# Builds badged and badgectl for every board, without cgo, stripped, into dist/, and
# prints their sizes. Fails if badged for ARMv6 is over its budget.
# Usage: scripts/cross.sh LDFLAGS, as the Makefile has them
set -euo pipefail
cd "$(dirname "$0")/.."

ldflags="-s -w $1"
budget=18000000 # bytes: the smallest boards keep two versions in a small flash

targets=(amd64 arm64 arm:7 arm:6 riscv64 386)

# build GOARCH[:GOARM] prints one row of the table.
build() {
	local arch=${1%%:*} arm='' name
	[[ $1 == *:* ]] && arm=${1##*:}
	name=linux-$arch${arm:+v$arm}
	mkdir -p "dist/$name"
	local command
	for command in badged badgectl; do
		CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOARM=$arm \
			go build -trimpath -ldflags "$ldflags" -o "dist/$name/$command" "./cmd/$command"
	done
	printf '%-14s %10d %10d\n' "$name" "$(size "dist/$name/badged")" "$(size "dist/$name/badgectl")"
}

size() { wc -c <"$1"; }

printf '%-14s %10s %10s  (bytes, stripped)\n' target badged badgectl
for target in "${targets[@]}"; do
	build "$target"
done

armv6=$(size dist/linux-armv6/badged)
if ((armv6 > budget)); then
	echo "badged for ARMv6 has $armv6 bytes, over the budget of $budget" >&2
	exit 1
fi
echo "badged for ARMv6 has $armv6 bytes, within the budget of $budget"
