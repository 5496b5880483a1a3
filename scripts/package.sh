#!/usr/bin/env bash
# Makes the Debian packages, in dist/deb: badged for every kind of board, badgehub for the
# machines that a hub runs on, badged-screen for all. The same commit gives the same files.
# Needs Go, git and gzip. What is in them is in firmware/packages.
# Usage: scripts/package.sh VERSION, as git describes it or such as 1.2.3, [ARCH of Debian]...
set -euo pipefail
cd "$(dirname "$0")/.."

version=$1
shift
archs=("$@")
((${#archs[@]})) || archs=(amd64 arm64 armhf riscv64 i386)

# The GOARCH of each architecture of Debian. Raspberry Pi OS calls ARMv6 armhf, as Debian
# calls ARMv7: the package runs on both.
declare -A targets=([amd64]=amd64 [arm64]=arm64 [armhf]=arm:6 [riscv64]=riscv64 [i386]=386)

stage=.cache/package
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C
umask 022

# write_manual PROGRAM PACKAGE puts manual pages and completions into the package.
write_manual() {
	CGO_ENABLED=0 go build -buildvcs=false -tags manual -o "$stage/manual" "./cmd/$1"
	env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" HOME=/nonexistent "$stage/manual" manual "$stage/$2/usr/share"
	gzip -9n "$stage/$2/usr/share/man/man1/$1"*.1
}

# write_docs PACKAGE PROGRAM... puts what a Debian wants to know into the package: who made
# it, whose modules are linked into the programs, what has changed.
write_docs() {
	local doc=$stage/$1/usr/share/doc/$1
	mkdir -p "$doc"
	cp firmware/packages/copyright "$doc/"
	gzip -9nc CHANGELOG.md >"$doc/NEWS.gz"
	printf '%s (%s) stable; urgency=medium\n\n  * NEWS.gz beside this file tells what has changed.\n\n -- %s  %s\n' \
		"$1" "$DEB_VERSION" 'badged <maintainers@badged.example>' "$(date -uR -d "@$SOURCE_DATE_EPOCH")" |
		gzip -9nc >"$doc/changelog.gz"
	shift
	(($# == 0)) || write_licences "${@/#/./cmd/}" | gzip -9nc >"$doc/licences.gz"
}

# write_licences PACKAGE OF GO... prints the licences of all that is linked into programs.
write_licences() {
	local module dir file found
	printf '=== Go\n\n'
	cat "$(go env GOROOT)/LICENSE"
	CGO_ENABLED=0 go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' "$@" | sort -u |
		while read -r module _ dir; do
			printf '\n=== %s\n' "$module"
			found=$(find "$dir" -maxdepth 1 -type f \( -iname "licen[cs]e*" -o -iname "copying*" -o -iname "notice*" \) | sort)
			[[ -n $found ]] || { echo "package: $module has no licence in $dir" >&2 && exit 1; }
			while read -r file; do
				echo && cat "$file"
			done <<<"$found"
		done
	printf '\n=== Source Sans 3, the font of the pages\n\n'
	cat internal/webpage/font/LICENSE
}

size() { wc -c <"$1"; }

# pack PACKAGE ARCH [PROGRAM...] makes one package.
pack() {
	local name=$1 program built file
	export ARCH=$2 STAGE=$stage
	shift 2
	built=${targets[$ARCH]:-}
	for program in "$@"; do
		install -D -m 0755 "dist/linux-${built/:/v}/$program" "$stage/$name/usr/bin/$program"
	done
	chmod -R u=rwX,go=rX "$stage/$name"
	find "$stage/$name" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	file=dist/deb/${name}_${DEB_VERSION}_$ARCH.deb
	"$stage/nfpm" package --packager deb --config "firmware/packages/$name.yaml" --target "$file" >"$stage/said" || { cat "$stage/said" >&2 && return 1; }
	echo "$file: $(size "$file") bytes"
}

for arch in "${archs[@]}"; do
	[[ -n ${targets[$arch]:-} ]] || { echo "package: no board is $arch; there are: ${!targets[*]}" >&2 && exit 64; }
done
DEB_VERSION=$(scripts/debian_version.sh "$version" "$SOURCE_DATE_EPOCH")
export DEB_VERSION
rm -rf "$stage"
mkdir -p "$stage" dist/deb
rm -f dist/deb/*.deb

mapfile -t boards < <(for arch in "${archs[@]}"; do echo "${targets[$arch]}"; done)
scripts/cross.sh "-X main.version=$version" "${boards[@]}"
go -C firmware/tools build -o "$PWD/$stage/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm

write_manual badged badged
write_manual badgectl badged
write_manual badgehub badgehub
write_docs badged badged badgectl
write_docs badgehub badgehub
write_docs badged-screen

for arch in "${archs[@]}"; do
	pack badged "$arch" badged badgectl
	[[ $arch != a??64 ]] || pack badgehub "$arch" badgehub
done
pack badged-screen all
