# shellcheck shell=bash
# What the lab and images are made of: kernels and boot loaders of Debian, fetched with an apt
# configuration of this script's own. Nothing is installed, and the machine's list of processor
# kinds stays as it is. Sourced, from the top folder.

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

# kernel DIR ARCH PACKAGE FOLDER... puts the kernel that PACKAGE depends on into DIR: the file
# vmlinuz, and the modules in the named folders, which the file folders lists.
kernel() {
	local dir=$1 arch=$2 package=$3 tmp=$1.new
	shift 3
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

# loader DIR ARCH NAME puts systemd-boot into DIR, under the name that UEFI looks for.
loader() {
	local tmp=$1.new
	[[ -e $1/$3 ]] && return
	rm -rf "$tmp"
	echo "fetching the Debian package systemd-boot-efi for $2"
	apt_for "$2" "$tmp"
	(cd "$tmp" && apt-get "${apt[@]}" -qq download systemd-boot-efi)
	dpkg-deb -x "$tmp"/systemd-boot-efi_*.deb "$tmp/files"
	mkdir -p "$1"
	mv "$tmp"/files/usr/lib/systemd/boot/efi/systemd-boot*.efi "$1/$3"
	rm -rf "$tmp"
}
