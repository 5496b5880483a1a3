#!/usr/bin/env bash
# Makes the folder of a release in OUT/BOARD (dist/release), from Debian's kernel and systemd-boot and from
# our programs: docs/update.md. Needs apt, and mke2fs of e2fsprogs.
#
# With FAST set, it packs fast instead of well.
#
# Usage: [OUT=FOLDER] scripts/image.sh VERSION TRUST BOARD...
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
. scripts/debian_parts.sh

version=$1 trust=$2 out=${OUT:-dist/release}
shift 2
rm -rf "$out"/uefi-{amd64,arm64} # a release has one version of all its boards
cache=$PWD/.cache/image
mkdir -p "$cache"

# The parts of a kernel that modules of an image come from; the image takes a few of each.
folders=(
	drivers/{ata,base,block,char,hid,i2c,input,mfd,mmc,net,nvme,pci,pps,ptp,scsi,usb,virtio,watchdog}
	fs crypto lib net arch
)

# The terminal's own file system, small: it grows when it is mounted. The same each time.
data() {
	local file=$cache/data.ext4
	rm -f "$file"
	truncate -s 32M "$file"
	E2FSPROGS_FAKE_TIME=1700000000 mke2fs -q -t ext4 -b 4096 -L badged -J size=4 \
		-U 6f0ad3b5-5a68-4e9e-9d0c-2c4d5b1d7a10 \
		-E hash_seed=6f0ad3b5-5a68-4e9e-9d0c-2c4d5b1d7a11,resize=268435456,lazy_itable_init=0,root_owner=0:0 "$file"
	gzip -9n <"$file" >"$file.gz"
}

image() {
	local board=$1 arch=${1#uefi-} console=ttyS0 efi=BOOTX64.EFI only=(drivers/dca)
	if [[ $arch == arm64 ]]; then
		console=ttyAMA0 efi=BOOTAA64.EFI only=()
	fi
	kernel "$cache/$arch" "$arch" "linux-image-$arch" "${folders[@]}" "${only[@]}"
	loader "$cache/efi" "$arch" "$efi"
	mkdir -p "$cache/programs/$arch"
	CGO_ENABLED=0 GOARCH=$arch go build -trimpath -ldflags "-s -w -X main.version=$version" \
		-o "$cache/programs/$arch/" ./cmd/badged ./cmd/badgectl ./cmd/badgeinit
	go run ./internal/rig/image ${FAST:+-fast} -board "$board" -kernel "$cache/$arch" -programs "$cache/programs/$arch" \
		-trust "$trust" -loader "$cache/efi/$efi" -data "$cache/data.ext4.gz" -zones "$(go env GOROOT)/lib/time/zoneinfo.zip" \
		-console "$console" -version "$version" -built "$(git log -1 --format=%ct 2>/dev/null || echo 1700000000)" -out "$out"
}

data
for board in "$@"; do
	case $board in
	uefi-amd64 | uefi-arm64) image "$board" ;;
	*) echo "images are made for uefi-amd64 and uefi-arm64 so far, not for $board" >&2; exit 64 ;;
	esac
done
