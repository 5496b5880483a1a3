#!/usr/bin/env bash
# Runs all test suites, or the ones that are named, and says at the end how each went.
#
# A suite that needs Debian packages gets them installed when this runs as root on a
# machine with apt. Otherwise it does not run and is named at the end. With CI=true a
# suite that cannot run is a failure, and no test result is taken from the cache.
#
# Usage: [SHORT=1] scripts/test.sh [SUITE...]
# With SHORT the suite unit draws fewer random cases.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

PATH=$PATH:/usr/sbin # where Debian puts brokers, also for those who are not root
ci=${CI:-}
chosen=("$@")
passed=()
failed=()
missing=()

# Where the processor is of another kind, 32-bit x86 is emulated.
i386=''
[[ $(uname -m) == x86_64 ]] || i386=qemu-i386

# What links libusb.
libusb=(gcc:gcc gcc:libc6-dev pkg-config:pkg-config /usr/include/libusb-1.0/libusb.h:libusb-1.0-0-dev)

# What the lab needs beside Go: two kinds of QEMU with UEFI, file systems, and libusb.
lab=(
	apt-get:apt qemu-system-x86_64:qemu-system-x86 qemu-system-aarch64:qemu-system-arm
	/usr/share/OVMF/OVMF_CODE.fd:ovmf /usr/share/AAVMF/AAVMF_CODE.fd:qemu-efi-aarch64 mke2fs:e2fsprogs "${libusb[@]}"
)

# A broker, the PC/SC daemon with a virtual reader, and another language that reads the wire.
peers=(python3:python3 mosquitto:mosquitto pcscd:pcscd /usr/lib/pcsc/drivers/serial/libifdvpcd.so:vsmartcard-vpcd)

# A PostgreSQL that the tests start for themselves.
postgres=(/usr/lib/postgresql/15/bin/postgres:postgresql-15)
# Judges of partition tables and file systems, and what makes disks of files.
cards=(/dev/fuse:fuse mcopy:mtools sgdisk:gdisk sfdisk:fdisk fsck.vfat:dosfstools mkfs.ext4:e2fsprogs losetup:mount)

# A mail server, and what checks its log-ins.
mail=(/usr/sbin/postfix:postfix /usr/sbin/dovecot:dovecot-core)

# What makes and judges packages, runs the programs of every processor, and boots a Debian.
debian=(debootstrap:debootstrap systemd-nspawn:systemd-container)
packaging=("${debian[@]}" apt-ftparchive:apt-utils gpg:gpg lintian:lintian qemu-arm:qemu-user)

# What reads the units, and what the unit of a screen starts.
screen=(systemd-analyze:systemd cage:cage Xwayland:xwayland chromium:chromium)

# name | command:package it needs, or /file:package, ... | what it shows
suites=(
	"build   |                                    | the three programs build without cgo"
	"unit    |                                    | every package, as it ships: without cgo"
	"race    | gcc:gcc gcc:libc6-dev              | every package, under the race detector"
	"bits32  | ${i386:+$i386:qemu-user}                                    | every package of what runs on 32-bit boards, as a 32-bit program"
	"peers   | ${peers[*]}                | the link against a broker, readers at a daemon, and a decoder of the wire, that are not ours"
	"postgres | ${postgres[*]} | the hub on PostgreSQL: the store's contract and races, the commands, the story"
	"print   | cupsd:cups-daemon lp:cups-client   | held print jobs on a real CUPS: two people, two printers, trouble of every kind"
	"mail    | ${mail[*]} | mails to a real Postfix: TLS, log-in, refusals, an absence, sendmail; as root"
	"libusb  | ${libusb[*]}              | a build with libusb, for smart card readers"
	"browser | chromium:chromium                  | the pages in a real browser"
	"units   | ${screen[*]} | the systemd units say what they mean, and the screen shows the panel"
	"install | ${debian[*]} | T6: the installation of README, pasted line by line into a bare Debian"
	"packages | ${packaging[*]} | T6: packages, made twice alike, installed, updated, removed and purged with apt, alive under systemd"
	"cards   | ${cards[*]} | T7: cards for terminals are written onto loop devices that lie, shrink, fail and vanish; as root"
	"scripts | shellcheck:shellcheck              | the shell scripts are sound"
	"power   | unshare:util-linux                 | power cuts on a disk that forgets what was not synced: nothing acknowledged is lost"
	"sync    |                                    | a site from one seed: terminals, hub, network, disks and clocks fail in every way, and nothing is lost or counts twice"
	"story   |                                    | the way of a badge, step by step, with the real processes"
	"system  |                                    | 300 kill -9 under load: nothing lost, nothing double"
	"lab     | ${lab[*]}                                    | readers on USB and GPIO, in virtual machines"
)

# Where tests keep their files: in memory where there is room, as thousands of small databases
# are synced at each step. The suites that are about disks keep theirs on one.
disk=${TMPDIR:-/tmp}
memory=$disk
if [[ -w /dev/shm && $(df --output=avail -m /dev/shm | tail -n 1) -ge 4096 ]]; then
	memory=/dev/shm
fi
export GOTMPDIR=${GOTMPDIR:-$disk} # for compilers

go_test() {
	local flags=(-timeout 15m)
	[[ $ci == true ]] && flags+=(-count=1)
	TMPDIR=$memory go test "${flags[@]}" "$@"
}

# tagged TAG lists the packages that have tests with this build tag.
tagged() {
	grep -rlE --include='*_test.go' "^//go:build .*\\b$1\\b" . | xargs -r -n 1 dirname | sort -u
}

# go_tagged TAG [FLAG...] runs them, and fails when there are none: a suite is never empty.
go_tagged() {
	local found
	mapfile -t found < <(tagged "$1")
	if ((${#found[@]} == 0)); then
		echo "no test has the build tag $1"
		return 1
	fi
	go_test -tags "$1" "${@:2}" "${found[@]}"
}

run_build() { make --no-print-directory build; }
# The suite unit draws all that its tests may draw. Races and narrow integers show in fewer.
run_unit() { CGO_ENABLED=0 go_test ${SHORT:+-short} ./...; }
run_race() { CGO_ENABLED=1 go_test -short -race ./...; }
run_bits32() { # the hub is made for 64 bits only (scripts/cross.sh)
	local of_boards
	mapfile -t of_boards < <(go list -deps ./cmd/badged ./cmd/badgectl | grep '^badged/')
	CGO_ENABLED=0 GOARCH=386 go_test -short ${i386:+-exec "$i386"} "${of_boards[@]}"
}
run_peers() { go_tagged peers; }
# The domain's tests run on PostgreSQL here too. After each kill -9 a hub waits for the lease of
# the dead one to end: fewer of them.
run_postgres() {
	go_test -short -tags postgres ./sync/hub/store/... ./sync/hub/people ./sync/hub/access ./sync/hub/publish ./sync/hub/fleet &&
		go_test -tags postgres -run 'PostgreSQL' ./cmd/badgehub ./internal/rig/workbench
}
run_print() { go_tagged print; }
run_mail() { go_tagged mail; }
run_libusb() {
	CGO_ENABLED=1 go build -tags libusb -o /dev/null ./cmd/badged &&
		CGO_ENABLED=1 go vet -tags libusb ./cmd/badged ./reader/usbport &&
		CGO_ENABLED=1 go_tagged libusb
}
run_browser() { go_tagged browser; }
run_units() { scripts/units.sh && go_tagged units; }
run_install() { scripts/paste.sh; }
run_cards() { memory=$disk go_tagged cards; }
run_power() { # who is not root mounts in a namespace where they are
	local as=(--mount)
	[[ $(id -u) == 0 ]] || as+=(--map-root-user)
	memory=$disk go_tagged power -run '^TestPower' -exec "unshare ${as[*]}"
}
run_packages() { go_tagged manual && scripts/packages.sh; }
run_scripts() { shellcheck scripts/*.sh .ci/run firmware/packages/*.{preinst,postinst,prerm,postrm}; }
run_sync() { go_test -run TestPlays ./internal/rig/syncsim -seeds 250; }
run_story() { make --no-print-directory story; }
run_system() { memory=$disk go_test -v -tags system ./internal/rig/systest; }
run_lab() { scripts/lab.sh; }

# field N of a line of the table.
field() { cut -d '|' -f "$1" <<<"$2" | xargs; }

wanted() {
	((${#chosen[@]} == 0)) && return 0
	local name
	for name in "${chosen[@]}"; do
		[[ $name == "$1" ]] && return 0
	done
	return 1
}

# lacking NEEDS prints the packages whose command, or file, is not there.
lacking() {
	local need
	for need in $1; do
		[[ -e ${need%%:*} ]] || command -v "${need%%:*}" >/dev/null || echo "${need##*:}"
	done | sort -u | xargs
}

# install puts in place what the wanted suites lack, in one go.
install() {
	local line packages=''
	for line in "${suites[@]}"; do
		wanted "$(field 1 "$line")" && packages+=" $(lacking "$(field 2 "$line")")"
	done
	packages=$(xargs <<<"$packages")
	[[ -n $packages ]] || return 0
	if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
		return 0
	fi
	echo "==> installing Debian packages: $packages"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # the list is meant to be split
	apt-get -qq update && apt-get -qq -y --no-install-recommends install $packages >/dev/null ||
		echo "apt-get could not install them; their suites cannot run"
}

suite() {
	local name lack start=$SECONDS
	name=$(field 1 "$1")
	wanted "$name" || return 0
	lack=$(lacking "$(field 2 "$1")")
	if [[ -n $lack ]]; then
		missing+=("$name (needs the Debian package $lack)")
		return 0
	fi
	echo
	echo "==> $name: $(field 3 "$1")"
	if "run_$name"; then
		passed+=("$name")
		echo "==> $name: passed in $((SECONDS - start)) s"
	else
		failed+=("$name")
		echo "==> $name: FAILED after $((SECONDS - start)) s"
	fi
}

known() {
	local name line
	for name in "${chosen[@]}"; do
		for line in "${suites[@]}"; do
			[[ $(field 1 "$line") == "$name" ]] && continue 2
		done
		echo "there is no suite $name; there are: $(for line in "${suites[@]}"; do field 1 "$line"; done | xargs)" >&2
		exit 64
	done
}

known
install
for line in "${suites[@]}"; do
	suite "$line"
	if [[ ${failed[*]:-} == build ]]; then
		break # nothing else would say more
	fi
done

echo
for name in "${failed[@]}"; do echo "failed: $name"; done
for name in "${missing[@]}"; do echo "not run: $name"; done
echo "suites: ${#passed[@]} passed, ${#failed[@]} failed, ${#missing[@]} skipped"
((${#failed[@]} == 0)) || exit 1
if [[ $ci == true ]] && ((${#missing[@]} > 0)); then
	echo "with CI=true every suite must run"
	exit 1
fi
