#!/usr/bin/env bash
# Runs badged in virtual machines with real Debian kernels: docs/lab.md.
#
# The kernels are fetched once, with an apt configuration of this script's own: nothing
# is installed, and the machine's list of processor kinds stays as it is.
#
# Usage: scripts/lab.sh [FLAG OF GO TEST...]
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$PWD/.cache/lab

# apt_for ARCH DIR sets apt to the options of an apt that has its state in DIR, for packages of
# ARCH.
apt_for() {
	mkdir -p "$2"/{lists/partial,archives/partial,files}
	apt=(
		-o "Dir::State=$2" -o Dir::State::status=/dev/null -o "Dir::Cache=$2"
		-o "APT::Architecture=$1" -o "APT::Architectures::=$1" -o APT::Sandbox::User=root
	)
	apt-get "${apt[@]}" -qq update || true # sources of others may not have this kind of processor
}

# kernel ARCH PACKAGE FOLDER... puts the kernel that PACKAGE depends on into
# .cache/lab/ARCH: the file vmlinuz, and the modules in the named folders, which the file folders
# lists.
kernel() {
	local arch=$1 package=$2 dir=$cache/$1 tmp=$cache/$1.new
	shift 2
	[[ $(cat "$dir/folders" 2>/dev/null) == "$*" ]] && return
	rm -rf "$tmp"
	echo "fetching the Debian package $package for $arch"
	apt_for "$arch" "$tmp"
	package=$(apt-cache "${apt[@]}" depends "$package" | awk '$1 == "Depends:" && $2 ~ /^linux-image/ {print $2; exit}')
	(cd "$tmp" && apt-get "${apt[@]}" -qq download "$package")
	dpkg-deb --fsys-tarfile "$tmp"/linux-image-*.deb | tar -x -C "$tmp/files" --wildcards \
		'./boot/vmlinuz-*' "${@/#/./lib/modules/*/kernel/}"
	mv "$tmp"/files/boot/vmlinuz-* "$tmp/files/vmlinuz"
	echo "$*" >"$tmp/files/folders"
	rm -rf "$dir"
	mv "$tmp/files" "$dir"
	rm -rf "$tmp"
}

# loader ARCH NAME puts systemd-boot into .cache/lab/efi, under the name that UEFI looks for.
loader() {
	local tmp=$cache/efi.new
	[[ -e $cache/efi/$2 ]] && return
	rm -rf "$tmp"
	echo "fetching the Debian package systemd-boot-efi for $1"
	apt_for "$1" "$tmp"
	(cd "$tmp" && apt-get "${apt[@]}" -qq download systemd-boot-efi)
	dpkg-deb -x "$tmp"/systemd-boot-efi_*.deb "$tmp/files"
	mkdir -p "$cache/efi"
	mv "$tmp"/files/usr/lib/systemd/boot/efi/systemd-boot*.efi "$cache/efi/$2"
	rm -rf "$tmp"
}

kernel amd64 linux-image-amd64 drivers/{usb,hid,input,char,virtio} fs/{configfs,efivarfs}
kernel arm64 linux-image-cloud-arm64 drivers/{char,virtio}
loader amd64 BOOTX64.EFI
loader arm64 BOOTAA64.EFI
# The emulators take all that there is: they give way to everything else, and the times
# that end what hangs are long enough for that.
nice go test -count=1 -timeout 3h -v -tags lab "$@" ./internal/rig/lab
