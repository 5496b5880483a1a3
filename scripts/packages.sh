#!/usr/bin/env bash
# Installs the packages of this tree with apt, from a signed folder as `make apt` makes it,
# into a bare Debian: first into one that does not run, then into one that systemd boots
# (scripts/packages_boot.sh).
#
# As root, with debootstrap, systemd-nspawn, lintian, apt-ftparchive, gpg and qemu-user. The
# Debians have no network.
set -euo pipefail
cd "$(dirname "$0")/.."

base=$PWD/.cache/debian
host=$(dpkg --print-architecture)
run=$(mktemp -d)
mounts=()
trap 'clean_up' EXIT

clean_up() {
	local i
	for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount "${mounts[i]}"; done
	GNUPGHOME=$run/gnupg gpgconf --kill gpg-agent || true
	rm -rf "$run"
}

fail() {
	echo "FAILED: $1"
	exit 1
}

# told TEXT FILE wants the file to have the text.
told() { grep -qF -- "$1" "$2" || { tail -n 20 "$2" && fail "nobody was told: $1"; }; }

# check_versions wants dpkg to put what git describes into the order in which it came about.
check_versions() {
	local of given before=0~ time version
	while read -r time given of; do
		version=$(scripts/debian_version.sh "$given" "$time") || fail "$given is no version"
		[[ $version == "$of" ]] || fail "$given becomes $version, and not $of"
		dpkg --compare-versions "$before" lt "$version" || fail "$given is not newer than $before"
		before=$version
	done <<-LIST
		1700000000 fedcba9 0~20231114221320.fedcba9
		1700000001 0123456 0~20231114221321.0123456
		1700000001 0123456-dirty 0~20231114221321.0123456+dirty
		1 v1.2.3-rc1 1.2.3~rc1
		1 v1.2.3-rc1-7-g0123456 1.2.3~rc1+7.g0123456
		1 v1.2.3-rc2 1.2.3~rc2
		1 v1.2.3 1.2.3
		1 v1.2.3-4-gfedcba9 1.2.3+4.gfedcba9
		1 v1.2.3-10-g0123456 1.2.3+10.g0123456
		1 v1.2.10 1.2.10
	LIST
	! scripts/debian_version.sh unknown 1 2>/dev/null || fail "unknown is a version"
}

# copy_tree FOLDER copies this tree as it is now, without git's own folder.
copy_tree() {
	mkdir -p "$1"
	git ls-files -z --cached --others --exclude-standard |
		tar --null --ignore-failed-read -T - -c 2>/dev/null | tar -x -C "$1"
}

# make_repository makes version 1.0 and version 1.1 of this tree and a folder with both.
make_repository() {
	copy_tree "$run/tree"
	export SOURCE_DATE_EPOCH=1700000000 GNUPGHOME=$run/gnupg
	mkdir -m 0700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key 'packages of a test' ed25519 sign never
	make_apt 1.0 "$host"
	make_apt 1.1 ''
	repository=$run/tree/dist/apt
}

# make_apt VERSION ARCHS makes packages and takes them into the folder.
make_apt() {
	(cd "$run/tree" && make --no-print-directory package "VERSION=$1" "ARCHS=$2" &&
		make --no-print-directory apt KEY='packages of a test' URL=file:/srv/apt) >"$run/make.log" 2>&1 ||
		{ tail -n 20 "$run/make.log" && fail "make package or make apt of version $1"; }
}

# lay_root NAME lays a root folder whose changes go to $run/NAME, with the folder of
# packages in /srv/apt and no other source.
lay_root() {
	root=$run/$1/root
	mkdir -p "$run/$1"/{root,work,top}
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$run/$1/top,workdir=$run/$1/work" "$root"
	mounts+=("$root")
	mkdir -p "$root/srv/apt"
	rm -f "$root/etc/apt/sources.list"
	cp "$repository/badged.sources" "$root/srv/"
}

in_root() { DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$root" "$@" </dev/null; }

# files lists what there is in the root folder, but for what apt, dpkg and the lists of users keep.
files() {
	(cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \
		-o -path ./srv -o -path ./etc/apt \) -prune -o ! -name 'passwd*' ! -name 'group*' ! -name '*shadow*' ! -name .pwd.lock -print | sort)
}

# check_packages has lintian read those of this machine (the others have the same files), and runs each program as its processor would.
check_packages() {
	local arch program said
	lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$run"/tree/dist/deb/*_{"$host",all}.deb
	declare -A emulators=([amd64]=qemu-x86_64 [arm64]=qemu-aarch64 [armhf]='qemu-arm -cpu arm1176' [riscv64]=qemu-riscv64 [i386]=qemu-i386)
	emulators[$host]=''
	[[ $host != amd64 ]] || emulators[i386]=''
	for arch in "${!emulators[@]}"; do
		dpkg-deb --extract "$run/tree/dist/deb/badged_1.1_$arch.deb" "$run/$arch"
		[[ $arch != a??64 ]] || dpkg-deb --extract "$run/tree/dist/deb/badgehub_1.1_$arch.deb" "$run/$arch"
		for program in "$run/$arch"/usr/bin/*; do
			# shellcheck disable=SC2086 # an emulator has words
			said=$(${emulators[$arch]} "$program" --version)
			[[ $said == "${program##*/} version 1.1" ]] || fail "${program##*/} of $arch says: $said"
		done
	done
	echo "(${#emulators[@]} architectures: every program runs; armhf on an ARMv6)"
}

# check_reproducible makes the packages in another folder, as a person with another umask
# and time zone does, and wants the same bytes.
check_reproducible() {
	local deb
	copy_tree "$run/elsewhere/a/tree"
	find "$run/elsewhere" -type f -exec chmod go= {} +
	(cd "$run/elsewhere/a/tree" && umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 BADGED_SOCKET=/x BADGED_CONFIG=/y \
		make --no-print-directory package VERSION=1.1 "ARCHS=$host") >"$run/make.log" 2>&1 || { tail "$run/make.log" && fail "make package elsewhere"; }
	for deb in "$run"/elsewhere/a/tree/dist/deb/*.deb; do
		cmp "$deb" "$run/tree/dist/deb/${deb##*/}" || fail "${deb##*/} is not the same when it is made elsewhere"
	done
	echo "(packages made in another folder are the same)"
}

# check_signature wants apt to refuse a list of packages that somebody has changed, and one
# whose signature is broken.
check_signature() {
	lay_root forged
	sed 's|file:/srv/apt|file:/srv/forged|' "$root/srv/badged.sources" >"$root/etc/apt/sources.list.d/badged.sources"
	forge 's/^Version: 1.1$/Version: 6.6/' "dists/stable/main/binary-$host/Packages" 'Hash Sum mismatch'
	forge 's/^Label: badged$/Label: forged/' dists/stable/InRelease 'BADSIG'
	echo "(apt refuses a list that was changed, and one whose signature is broken)"
}

# forge CHANGE FILE COMPLAINT changes one file of the repository, and wants apt to say so.
forge() {
	local forged=$root/srv/forged
	rm -rf "$forged"
	cp -r "$repository" "$forged"
	rm "$forged"/dists/stable/main/*/*.gz
	sed -i "$1" "$forged/$2"
	! cmp -s "$forged/$2" "$repository/$2" || fail "$2 was not changed"
	if in_root apt-get update >"$run/said" 2>&1; then
		fail "apt takes a repository in which $2 was changed"
	fi
	told "$3" "$run/said"
}

# check_dpkg installs, updates, refuses the older one, removes and purges, where no systemd
# runs, and wants nothing to be left.
check_dpkg() {
	lay_root dpkg
	mount --bind -o ro "$repository" "$root/srv/apt"
	mounts+=("$root/srv/apt")
	cp "$root/srv/badged.sources" "$root/etc/apt/sources.list.d/"
	in_root apt-get -qq update
	files >"$run/before"
	in_root apt-get -qq install badged=1.0 badgehub=1.0 >"$run/said" 2>&1 || { cat "$run/said" && fail "the installation"; }
	check_installed 1.0

	echo '# by a technician' >>"$root/etc/badged/badged.toml"
	rm "$root/usr/share/badged/examples/printer-serial.toml" # as if the new version had another example
	echo kept >"$root/var/lib/badged/badged.db"
	echo kept >"$root/var/lib/badgehub/hub.db"
	in_root apt-get -qq upgrade >"$run/said" 2>&1 || { cat "$run/said" && fail "the update"; }
	check_installed 1.1
	told '# by a technician' "$root/etc/badged/badged.toml"

	for name in badged badgehub; do
		if in_root apt-get -qq install --allow-downgrades "$name=1.0" >"$run/said" 2>&1; then
			fail "an older $name takes the place of a newer one"
		fi
		told "$name: 1.1 is not replaced by the older 1.0" "$run/said"
		told 'what to do: install 1.1 or a later one' "$run/said"
		check_installed 1.1
	done

	in_root apt-get -qq remove badged badgehub >"$run/said" 2>&1 || { cat "$run/said" && fail "the removal"; }
	[[ -z $(in_root find /usr/bin /usr/lib/systemd /usr/share -name '*badge[dch]*') ]] || fail "files are left after the removal"
	told '# by a technician' "$root/etc/badged/badged.toml"
	told kept "$root/var/lib/badged/badged.db"
	in_root apt-get -qq install badged=1.0 >"$run/said" 2>&1 || { cat "$run/said" && fail "the way back to 1.0, that was told"; }
	told '# by a technician' "$root/etc/badged/badged.toml"

	in_root apt-get -qq purge badged badgehub >"$run/said" 2>&1 || { cat "$run/said" && fail "the purge"; }
	told '/var/lib/badgehub stays' "$run/said"
	files >"$run/after"
	diff "$run/before" "$run/after" | grep '^[<>]' >"$run/left" || true
	printf '> ./var/lib/badgehub\n> ./var/lib/badgehub/hub.db\n' | diff - "$run/left" || fail "this is left after the purge (or gone)"
	echo "(installed, updated, refused the older one, removed, purged: nothing is left but the hub's folder)"
}

# check_installed VERSION wants programs, users, folders and pages to be there, and nothing
# to be enabled.
check_installed() {
	local program
	for program in badged badgectl badgehub; do
		[[ $(in_root $program --version) == "$program version $1" ]] || fail "$program is not version $1"
	done
	[[ $(in_root stat -c '%U:%G %a' /var/lib/badged /var/lib/badgehub | xargs) == 'badged:badged 700 badgehub:badgehub 700' ]] ||
		fail "the folders of agent and hub are open, or somebody else's"
	in_root getent group badged-io >/dev/null || fail "there is no group badged-io"
	in_root badged check >"$run/said" || { cat "$run/said" && fail "the configuration of the package"; }
	[[ -z $(in_root find /etc/systemd/system /var/lib/systemd -name '*badge*') ]] || fail "something was enabled"
	in_root test -e /usr/share/man/man1/badgehub-terminal-add.1.gz || fail "a page of the manual is missing"
	# shellcheck disable=SC2016 # the shell in the root folder is meant
	in_root bash -ec 'for f in /usr/share/bash-completion/completions/badge*; do . "$f"; done; complete -p badged badgectl badgehub' >/dev/null
}

# check_screen has this machine's apt choose what the package of a screen needs, and
# installs it without that.
check_screen() {
	local deb=$run/tree/dist/deb need
	lay_root screen
	apt-cache show chromium >/dev/null 2>&1 || apt-get -qq update # a machine may have no lists yet
	for need in $(dpkg-deb --field "$deb/badged-screen_1.1_all.deb" Depends | tr -d ','); do
		[[ $need == badged ]] || apt-cache show "$need" >/dev/null 2>&1 || fail "no Debian has the package $need"
	done
	cp "$deb/badged_1.1_$host.deb" "$deb/badged-screen_1.1_all.deb" "$root/"
	in_root dpkg --force-depends -i "/badged_1.1_$host.deb" /badged-screen_1.1_all.deb >"$run/said" 2>&1 || { cat "$run/said" && fail "badged-screen"; }
	[[ $(in_root id -Gn badged-screen) == 'badged-screen badged' ]] || fail "the screen's user may not ask the agent"
	in_root dpkg -P badged-screen badged >"$run/said" 2>&1 || { cat "$run/said" && fail "the purge of badged-screen"; }
	echo "(badged-screen: what it needs exists, its user may ask the agent)"
}

# check_boot has the packages live in a Debian that systemd boots.
check_boot() {
	lay_root boot
	local said=$run/boot/said
	touch "$said"
	chroot "$root" useradd --create-home --shell /bin/bash tech
	echo 'tech ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/tech"
	echo site >"$root/etc/hostname"
	echo '127.0.1.1 site' >>"$root/etc/hosts"
	for heading in 'A hub' 'A terminal'; do
		awk -v heading="### $heading" '/^#+ /{on = ($0 == heading)} /^```/{code = !code; next} on && code' docs/install.md
	done >"$root/opt/lines"
	(($(wc -l <"$root/opt/lines") == 11)) || fail "docs/install.md does not have five lines for a hub and six for a terminal"
	install -m 0755 scripts/packages_boot.sh "$root/opt/boot"
	# shellcheck disable=SC2016 # the editor's own argument is meant
	printf '#!/bin/sh\nexec cp /opt/badged.toml "$1"\n' | install -m 0755 /dev/stdin "$root/opt/edit"
	printf '@0 0236324533303836434544303803\n' >"$root/opt/badge.capture"
	sed 's|^port = .*|port = "/run/reader"|' firmware/examples/printer-serial.toml >"$root/opt/badged.toml"
	lay_unit
	timeout 1560 systemd-nspawn --quiet --directory="$root" --hostname=site --private-network --keep-unit --register=no \
		--console=pipe --bind-ro="$repository:/srv/apt" --bind="$said:/opt/said" --boot </dev/null >"$run/boot/log" 2>&1 || true
	cat "$said"
	grep -q '^the packages work under systemd$' "$said" || { tail -n 20 "$run/boot/log" && fail "the packages do not work under systemd"; }
}

# lay_unit has systemd run the script once it is up, and switch the container off.
lay_unit() {
	cat >"$root/etc/systemd/system/boot.service" <<-UNIT
		[Unit]
		After=multi-user.target
		SuccessAction=poweroff-force
		FailureAction=poweroff-force
		[Service]
		Type=oneshot
		ExecStart=/bin/bash -c '/opt/boot >/opt/said 2>&1'
		TimeoutStartSec=1500
	UNIT
	mkdir -p "$root/etc/systemd/system/default.target.wants"
	ln -s ../boot.service "$root/etc/systemd/system/default.target.wants/"
}

scripts/debian.sh
check_versions
make_repository
check_packages
check_reproducible
check_signature
check_dpkg
check_screen
check_boot
