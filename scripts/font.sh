#!/usr/bin/env bash
# Gets the font of the web pages from npm again and puts it into internal/webpage/font:
# two weights of Source Sans 3, each in the two subsets that fontsource makes of it.
# Needs npm and the network. The files stay as they are, as their licence asks.
# Usage: scripts/font.sh
set -euo pipefail
cd "$(dirname "$0")/.."

version=5.3.1 # of @fontsource/source-sans-3
to=internal/webpage/font
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

npm pack --silent --pack-destination "$dir" "@fontsource/source-sans-3@$version" >/dev/null
tar -xzf "$dir"/*.tgz -C "$dir"
for subset in latin latin-ext; do
	for weight in 400 700; do
		cp "$dir/package/files/source-sans-3-$subset-$weight-normal.woff2" "$to/source-sans-3-$subset-$weight.woff2"
	done
done
cp "$dir/package/LICENSE" "$to/LICENSE"
chmod 644 "$to"/*
(cd "$to" && sha256sum -c --quiet SHA256SUMS) || {
	echo "the font of version $version is not the one that is committed: look at the pages before you write $to/SHA256SUMS again" >&2
	exit 1
}
