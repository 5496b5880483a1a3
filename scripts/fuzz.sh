#!/usr/bin/env bash
# Fuzzes every target of every package, one after the other.
# Usage: scripts/fuzz.sh [TIME for each, such as 20s]
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:-20s}
mapfile -t files < <(grep -rl --include='*_test.go' '^func Fuzz' . | sort)
for file in "${files[@]}"; do
	mapfile -t targets < <(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file")
	for target in "${targets[@]}"; do
		echo "==> $(dirname "$file") $target, $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$(dirname "$file")"
	done
done
