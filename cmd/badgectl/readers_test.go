package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/sim"
	"badged/reader/gpioport"
	"badged/reader/hid"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

// typed is a swipe of a simulated keyboard.
func typed(t *testing.T, keyboard, text, printed string) swipe {
	t.Helper()
	for _, k := range sim.HIDKeyboards() {
		if k.Name != keyboard {
			continue
		}
		reports, err := k.Reports(text)
		if err != nil {
			t.Fatal(err)
		}
		s := swipe{printed: printed, descriptor: k.Descriptor}
		for i, r := range reports {
			s.reports = append(s.reports, hid.Report{At: time.Unix(0, 0).Add(time.Duration(i) * 8 * time.Millisecond), Data: r})
		}
		return s
	}
	t.Fatalf("no keyboard %s", keyboard)
	return swipe{}
}

func TestProposals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		swipes []swipe
		want   []string
	}{
		{"one badge that types what is printed", []swipe{typed(t, "azerty", "0040856634\n", "0040856634")},
			[]string{`layout = "fr"`, `terminator = "enter"`, "no number rule is needed"}},
		{"three badges and a rule", []swipe{
			typed(t, "boot", "01026F6C3A\t", "0040856634"), typed(t, "boot", "62E3086CED\t", "3808980205"), typed(t, "boot", "0000D507D0\t", "0013961168"),
		}, []string{`number = "right(8)|hex2dec|lpad(10)"`, `layout = "us"`, `terminator = "tab"`}},
		{"too few badges for a rule", []swipe{typed(t, "boot", "01026F6C3A\n", "0040856634")},
			[]string{"three different badges"}},
		{"sentinels", []swipe{typed(t, "boot", ";4711?\n", "4711")}, []string{`prefix = ";"`, `suffix = "?"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			a := &app{io: cli.Stdio{Out: &out}}
			port, err := usbport.ParseSpec("usb:08ff:0009")
			if err != nil {
				t.Fatal(err)
			}
			if err := a.propose(port, tt.swipes); err != nil {
				t.Fatal(err)
			}
			for _, want := range append(tt.want, `port = "usb:08ff:0009"`, `protocol = "hid"`) {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%s is missing:\n%s", want, out.String())
				}
			}
		})
	}
}

func TestReaderThatTypesNothing(t *testing.T) {
	a := &app{}
	if err := a.propose(usbport.Spec{}, []swipe{{printed: "1"}}); err == nil || !strings.Contains(err.Error(), "badge 1: learn a swipe: no key was pressed") {
		t.Errorf("got %v", err)
	}
}

func TestLearnFromAReaderThatIsNotThere(t *testing.T) {
	got := run(t, "4711\n", "readers", "learn", "usb:ffff:fffe")
	if got.code != 1 || !strings.Contains(got.stderr, "usb:ffff:fffe") {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
	if got := run(t, "", "readers", "learn", "ttyUSB0"); got.code != 64 {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
}

func TestDevicesAndTheirReaders(t *testing.T) {
	spec, err := usbport.ParseSpec("usb:08ff:0009 path=1-1.2")
	if err != nil {
		t.Fatal(err)
	}
	typist, ok := hidDevice(usbport.Device{Name: "SYC ID", Keyboard: true, Spec: spec, Hidraw: "/dev/hidraw3"})
	if !ok {
		t.Fatal("a keyboard is no device")
	}
	for _, tt := range []struct {
		name string
		f    found
		want string
	}{
		{"keyboard", typist, "protocol = \"hid\"\nport = \"usb:08ff:0009 path=1-1.2\"\n"},
		{"adapter", serialPort(serialport.Adapter{Path: "/dev/serial/by-id/x", Node: "/dev/ttyUSB0", Name: "usb-1a86 USB Serial"}),
			"protocol = \"rdm6300\"\nport = \"/dev/serial/by-id/x\"\n"},
		{"RS-485 adapter", serialPort(serialport.Adapter{Path: "/dev/x", Name: "usb-FTDI USB-RS485 Cable"}), "protocol = \"osdp\"\n"},
		{"chip", gpioChip(gpioport.Chip{Name: "gpiochip0", Label: "pinctrl-bcm2711", Lines: 58}), "protocol = \"wiegand\"\nport = \"gpiochip0:D0,D1\"\n"},
	} {
		tt.f.complete(2, nil)
		if !strings.HasPrefix(tt.f.Config, "[[reader]]\nname = \"reader-2\"\npoint = \"POINT\"") || !strings.Contains(tt.f.Config, tt.want) {
			t.Errorf("%s: got\n%s", tt.name, tt.f.Config)
		}
	}
	if _, ok := hidDevice(usbport.Device{Name: "mouse"}); ok {
		t.Error("a mouse is a reader")
	}
}

// A reader is found whichever way its configuration names the device.
func TestReaderOfADevice(t *testing.T) {
	hall := usbport.Device{Keyboard: true, Serial: "A1", Interface: 1, Usages: []usbport.Usage{usbport.Keyboard}}
	hall.Vendor, hall.Product, hall.Path = 0x08ff, 9, "1-1.2"
	typist, _ := hidDevice(hall)
	node := filepath.Join(t.TempDir(), "ttyUSB0")
	link := node + "-by-path"
	if err := errors.Join(os.WriteFile(node, nil, 0o600), os.Symlink(node, link)); err != nil {
		t.Fatal(err)
	}
	adapter := serialPort(serialport.Adapter{Path: "/dev/serial/by-id/x", Node: node})
	for _, tt := range []struct {
		f    found
		port string
		want bool
	}{
		{typist, "usb:08FF:0009", true},
		{typist, "usb:08ff:0009 path=1-1.2 serial=A1 interface=1 usage=0001:0006", true},
		{typist, "usb:08ff:0009 path=1-1.3", false},
		{typist, "usb:08ff:0009 serial=B2", false},
		{typist, "usb:08ff:0009 interface=0", false},
		{typist, "/dev/ttyUSB0", false},
		{adapter, "/dev/serial/by-id/x", true},
		{adapter, node, true},
		{adapter, link, true},
		{adapter, "/dev/ttyUSB1", false},
	} {
		tt.f.complete(1, []ctl.Reader{{Name: "hall", Port: tt.port}})
		if got := tt.f.Reader == "hall"; got != tt.want {
			t.Errorf("%s is %s: got %v", tt.port, tt.f.Device, got)
		}
	}
}

// What a technician sees fits a screen.
func TestReadersOnAScreen(t *testing.T) {
	var out bytes.Buffer
	a := &app{io: cli.Stdio{Out: &out}}
	err := a.readersText([]ctl.Reader{
		{Name: "hall", Point: "hall", Protocol: "hid", Port: "usb:08ff:0009", State: health.OK},
		{Name: "front", Point: "front", Protocol: "osdp", Port: "/dev/serial/by-id/usb-FTDI_USB-RS485_Cable_FT4X-if00-port0", State: health.Warn,
			Text: "hear from front: no answer (check its cable, power, speed and protocol; it is tried again by itself)"},
	}, []found{{Device: "usb:08ff:0009", What: "USB keyboard or reader that types: SYC ID", Reader: "hall"}})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > screenWidth+1 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	for _, want := range []string{"  hall  hid at point hall: well\n", "osdp at point front: warning\n", "protocol; it\n    is tried again", "    it is reader hall\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
}
