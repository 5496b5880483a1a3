#!/usr/bin/env bash
# Makes a folder that apt installs from, in dist/apt: as it lies there, on a stick, or on any
# web server. It takes the packages of dist/deb in beside those of earlier versions that are
# there already, and signs the list of all of them.
# Needs apt-ftparchive (apt-utils) and gpg with the key.
# Usage: scripts/apt.sh KEY [URL where the folder will be; otherwise where it is now]
set -euo pipefail
cd "$(dirname "$0")/.."

key=${1:-}
repository=dist/apt
url=${2:-file:$PWD/$repository}
export LC_ALL=C
umask 022

if [[ -z $key ]]; then
	cat >&2 <<-TEXT
		apt: name the key that signs the repository: make apt KEY=FINGERPRINT
		  gpg --list-secret-keys shows those that there are. A new one:
		  gpg --quick-generate-key 'badged packages' ed25519 sign never
	TEXT
	exit 64
fi

# The key by its fingerprint, so that two keys of one name are told apart.
fingerprint=$(gpg --batch --with-colons --list-secret-keys "$key" | awk -F: '$1 == "fpr" {print $10; exit}')
[[ -n $fingerprint ]] || { echo "apt: gpg has no secret key $key" >&2 && exit 1; }

debs=(dist/deb/*.deb)
[[ -e ${debs[0]} ]] || { echo "apt: there is no package in dist/deb: run make package first" >&2 && exit 1; }

# write_lists writes what each architecture can install, and the list of these lists.
write_lists() {
	local arch archs
	archs=$(for deb in pool/*.deb; do dpkg-deb --field "$deb" Architecture; done | sort -u | grep -vx all | xargs)
	for arch in $archs; do
		mkdir -p "dists/stable/main/binary-$arch"
		apt-ftparchive --arch "$arch" packages pool >"dists/stable/main/binary-$arch/Packages"
		gzip -9nk "dists/stable/main/binary-$arch/Packages"
	done
	apt-ftparchive -o APT::FTPArchive::Release::Origin=badged -o APT::FTPArchive::Release::Label=badged \
		-o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Codename=stable \
		-o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures="$archs" \
		release dists/stable >"$1"
	mv "$1" dists/stable/Release
}

# write_source writes what a machine needs to know of this repository, with its public key.
write_source() {
	cat <<-SOURCE
		Types: deb
		URIs: $url
		Suites: stable
		Components: main
		Signed-By:
	SOURCE
	gpg --batch --armor --export "$fingerprint" | sed 's/^$/./; s/^/ /'
}

mkdir -p "$repository/pool"
cp -p "${debs[@]}" "$repository/pool/"
rm -rf "$repository/dists"
list=$(mktemp)
(cd "$repository" && write_lists "$list")
gpg --batch --yes --local-user "$fingerprint" --clearsign --output "$repository/dists/stable/InRelease" "$repository/dists/stable/Release"
write_source >"$repository/badged.sources"
chmod -R u=rwX,go=rX "$repository"
echo "$repository has $(find "$repository/pool" -name '*.deb' | wc -l) packages, signed by $fingerprint"
echo "On each machine: copy $repository/badged.sources to /etc/apt/sources.list.d/, then apt-get update (docs/install.md)"
