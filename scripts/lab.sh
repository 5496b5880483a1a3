#!/usr/bin/env bash
# Runs badged in virtual machines with real Debian kernels: docs/lab.md.
#
# Usage: scripts/lab.sh [FLAG OF GO TEST...]
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$PWD/.cache/lab

. scripts/debian_parts.sh

kernel "$cache/amd64" amd64 linux-image-amd64 drivers/{usb,hid,input,char,virtio} fs/{configfs,efivarfs}
kernel "$cache/arm64" arm64 linux-image-cloud-arm64 drivers/{char,virtio}
loader "$cache/efi" amd64 BOOTX64.EFI
loader "$cache/efi" arm64 BOOTAA64.EFI
# The emulators take all that there is: they give way to everything else, and the times
# that end what hangs are long enough for that.
nice go test -count=1 -timeout 3h -v -tags lab ./internal/rig/lab "$@"
