//go:build lab && soak

package lab_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"badged/firmware/initrd"
)

// overlay puts files over those of a slot's archive: a kernel unpacks one archive after the other.
func (d *desk) overlay(files map[string][]byte) func(slot string) {
	return func(slot string) {
		d.t.Helper()
		was, err := os.ReadFile(slot + "/initrd")
		if err != nil {
			d.t.Fatal(err)
		}
		a := initrd.New()
		for name, content := range files {
			a.Add(name, 0o755, content)
		}
		for len(was)%4 != 0 {
			was = append(was, 0)
		}
		corrupt(d.t, "initrd", append(was, a.Bytes()...))(slot)
	}
}

// Issue 12, 2: releases that are bad in ways of their own. The terminal leaves each by itself, after
// one trial, reads a badge in the release of before, and does not try it again.
func TestSoakBadReleases(t *testing.T) {
	d := newDesk(t, uefis[0])
	b := newBox(d, d.flashed())
	b.on()
	b.says("version=1.0 slot=a start=normal")
	b.badge("0012345678")
	elf := append([]byte("\x7fELF"), bytes.Repeat([]byte{0}, 200)...)
	for i, bad := range []struct {
		name   string
		change func(string)
	}{
		{"no archive", corrupt(t, "initrd", []byte("nothing"))},
		{"an archive that is empty", corrupt(t, "initrd", nil)},
		{"an init that is no program", d.overlay(map[string][]byte{"init": elf})},
		{"an agent that is no program", d.overlay(map[string][]byte{"bin/badged": elf})},
		{"a table of modules that is none", d.overlay(map[string][]byte{"lib/modules/table": []byte("nonsense")})},
		{"no driver for its disk", d.overlay(map[string][]byte{"lib/modules/virtio_blk.ko": nil})},
		{"no driver for its network", d.overlay(map[string][]byte{"lib/modules/virtio_net.ko": nil})},
		{"no driver for its reader", d.overlay(map[string][]byte{"lib/modules/usbhid.ko": nil})},
		{"for another board, by its own words", d.overlay(map[string][]byte{"share/release.json": []byte(`{"version":"x","board":"uefi-arm64"}`)})},
	} {
		start, version := time.Now(), fmt.Sprintf("1.%d", i+1)
		d.release(version, i+2, bad.change)
		b.types("update " + d.files + version)
		b.says("install " + version)
		b.says("version=1.0 slot=a start=\"rolled back\"")
		b.badge("0012345678")
		b.types("update " + d.files + version)
		b.says("failed its trial on this terminal before")
		report(bad.name, start)
	}
}

// Issue 12, 2: the power fails at many moments of an update and of the trial behind it, by killing
// QEMU. What starts is the old release or the new one, and it reads a badge. Then the same update
// goes through.
func TestSoakPowerCuts(t *testing.T) {
	d := newDesk(t, uefis[0])
	b := newBox(d, d.flashed())
	b.on()
	b.says("version=1.0 slot=a start=normal")
	b.badge("0012345678")
	d.release("2.0", 2, nil)
	for i := range 20 {
		start, after := time.Now(), time.Duration(i)*5*time.Second
		b.says("state=runs")
		b.types("update --retry " + d.files + "2.0")
		b.says("install 2.0")
		<-time.After(after) // the moment is what differs
		b.cut()
		b.on()
		b.says("msg=started terminal=hall")
		b.badge("0012345678")
		report(fmt.Sprintf("power fails %v after the first byte", after), start)
		if d.version() == "2.0" {
			return
		}
	}
}

// Issue 12, 2: the image for ARM boards with UEFI starts from its card, joins the hub by itself and
// reads a badge.
func TestSoakABoxOfARMStarts(t *testing.T) {
	d := newDesk(t, uefis[1])
	b := newBox(d, d.flashed())
	start := time.Now()
	b.on()
	b.says("version=1.0 slot=a start=normal")
	b.says("state=runs")
	b.badge("0012345678")
	report("ARM: power to the first badge at the hub", start)
}
