package usbport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// twin is what turns the reader in 1-1 into the same one in 7-1.
var twin = []string{"dummy_hcd.0", "dummy_hcd.7", "usb1", "usb7", "1-1", "7-1", ".0001", ".0007", "input2", "input27", "event1", "event27"}

func mustParse(t *testing.T, s string) Spec {
	t.Helper()
	spec, err := ParseSpec(s)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func (r *rig) devices() []Device {
	r.t.Helper()
	all, err := r.m.listDevices()
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func TestDevices(t *testing.T) {
	r := newRig(t, own, second, first)
	all := r.devices()
	if len(all) != 3 {
		t.Fatalf("%d devices: %+v", len(all), all)
	}
	d := all[0]
	if d.Vendor != 0x08ff || d.Product != 9 || d.Serial != "S1" || d.Path != "1-1" || d.Name != "ACME Reader r1" || d.Interface != 0 ||
		!slices.Equal(d.Usages, []Usage{Keyboard}) || !d.Keyboard ||
		d.Hidraw != filepath.Join(r.root, "dev/hidraw0") || !slices.Equal(d.Inputs, []string{filepath.Join(r.root, "dev/input/event1")}) {
		t.Errorf("got %+v", d)
	}
	if kbd, mouse := all[1], all[2]; kbd.Path != "2-1" || kbd.Interface != 0 || !kbd.Keyboard ||
		mouse.Path != "2-1" || mouse.Interface != 1 || mouse.Keyboard || !mouse.hasUsage(Usage{1, 2}) {
		t.Errorf("got %+v and %+v", kbd, mouse)
	}
	if node := r.m.usbNode(d); node != filepath.Join(r.root, "dev/bus/usb/001/002") {
		t.Errorf("the device's node is %s", node)
	}
}

func TestNothingPluggedIn(t *testing.T) {
	if all := newRig(t).devices(); len(all) != 0 {
		t.Errorf("got %+v", all)
	}
}

func TestShortestSpec(t *testing.T) {
	r := newRig(t, first, second)
	r.alias(first, append(twin, "serial = S1", "serial = S2")...)
	all := r.devices()
	var got []string
	for _, d := range all {
		s := shortestSpec(d, all)
		got = append(got, s.String())
		if found, err := chooseDevice(s, all); err != nil || found.hid != d.hid {
			t.Errorf("%s means %+v, %v", s, found, err)
		}
	}
	want := []string{"usb:08ff:0009 serial=S1", "usb:1234:5678", "usb:1234:5678 interface=1", "usb:08ff:0009 serial=S2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIdenticalReadersAreToldApartByTheirPorts(t *testing.T) {
	r := newRig(t, first)
	r.alias(first, twin...)
	all := r.devices()
	_, err := chooseDevice(mustParse(t, "usb:08ff:0009 serial=S1"), all)
	var ambiguous *ambiguousError
	if !errors.As(err, &ambiguous) || !strings.Contains(err.Error(), "add path=1-1 or path=7-1") {
		t.Errorf("got %v", err)
	}
	for _, path := range []string{"1-1", "7-1"} {
		d, err := chooseDevice(mustParse(t, "usb:08ff:0009 path="+path), all)
		if err != nil || d.Path != path {
			t.Errorf("%s: got %+v, %v", path, d, err)
		}
		if s := shortestSpec(d, all); s.Path != path || s.Serial != "" {
			t.Errorf("%s: the shortest is %s", path, s)
		}
	}
}

func TestChoose(t *testing.T) {
	r := newRig(t, first, second)
	for spec, want := range map[string]string{
		"usb:08ff:0009":                                      "1-1 0",
		"usb:1234:5678":                                      "2-1 0", // the one that types
		"usb:1234:5678 interface=1":                          "2-1 1",
		"usb:1234:5678 usage=0001:0002":                      "2-1 1",
		"usb:1234:5678 usage=0001:0006":                      "2-1 0",
		"usb:08ff:0009 serial=S1 path=1-1":                   "1-1 0",
		"usb:08ff:0009 serial=S2":                            "none",
		"usb:08ff:0009 path=1-2":                             "none",
		"usb:08ff:0009 usage=ff00:0001":                      "none",
		"usb:08ff:000a":                                      "none",
		"usb:1234:5678 interface=2":                          "none",
		"usb:1234:5678 usage=0001:0006 path=2-1 interface=1": "none",
	} {
		got := "none"
		d, err := chooseDevice(mustParse(t, spec), r.devices())
		if err == nil {
			got = d.Path + " " + strconv.Itoa(d.Interface)
		} else if !errors.Is(err, errAbsent) {
			t.Errorf("%s: %v", spec, err)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", spec, got, want)
		}
	}
}

func TestTwoKeyboardsOnOneDevice(t *testing.T) {
	r := newRig(t, second)
	r.alias("2-1:1.0", "2-1:1.0", "2-1:1.2", ".0002", ".0004", "input3", "input6", "event2", "event6", "Number = 00", "Number = 02")
	_, err := chooseDevice(mustParse(t, "usb:1234:5678"), r.devices())
	if err == nil || !strings.Contains(err.Error(), "add interface=0 or interface=1 or interface=2") {
		t.Errorf("got %v", err)
	}
}

func TestADevicesNameIsShownAsText(t *testing.T) {
	r := newRig(t)
	r.alias(first, "Reader r1", "\x1b]0;evil\a \xff")
	if d := r.devices()[0]; d.Name != "ACME ?]0;evil? ?" {
		t.Errorf("it is shown as %q", d.Name)
	}
}

func TestListOfThisMachine(t *testing.T) {
	if _, err := List(); err != nil {
		t.Error(err)
	}
}

func TestWhatTypes(t *testing.T) {
	for bitmap, want := range map[string]bool{
		"e080ffdf01cfffff fffffffffffffffe": true,  // a keyboard
		"70000 0 0 0 0":                     false, // a mouse
		"10000000000000 0":                  false, // KEY_POWER
		"3e000000000000 0":                  false, // volume, power
		"100000000":                         true,  // KEY_S
		"2":                                 true,  // KEY_ESC
		"1":                                 false, // KEY_RESERVED
		"800000000000 0":                    true,  // KEY_DELETE
		"1 0 0 0 0 0 0 0 0":                 true,  // KEY_NUMERIC_0
		"":                                  false,
		"no bitmap":                         false,
	} {
		if got := anyKey(words(bitmap), typing); got != want {
			t.Errorf("%s: %v", bitmap, got)
		}
	}
}

// A device that the kernel is still setting up does not answer for its serial number and
// its names: others are found without asking it.
func TestASlowDeviceKeepsNoOtherFromBeingFound(t *testing.T) {
	r := newRig(t, first, second)
	for _, name := range []string{"serial", "manufacturer", "product"} {
		path := filepath.Join(r.root, "sys/devices/platform/dummy_hcd.1/usb2/2-1", name)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(path, 0o600); err != nil { // opening it waits for a writer
			t.Fatal(err)
		}
	}
	found := make(chan error, 1)
	go func() {
		_, err := r.m.findDevice(mustParse(t, spec+" serial=S1"))
		found <- err
	}()
	select {
	case err := <-found:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Error("the slow device was asked")
	}
}
