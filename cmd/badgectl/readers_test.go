package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"badged/internal/ctl"
	"badged/internal/sim"
	"badged/reader/hid"
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
			a := &app{io: Stdio{Out: &out}}
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
	f, ok := hidDevice(usbport.Device{Name: "SYC ID", Keyboard: true, Spec: spec, Hidraw: "/dev/hidraw3"})
	if !ok {
		t.Fatal("a keyboard is no device")
	}
	f.complete(2, nil)
	if want := "[[reader]]\nname = \"reader-2\"\npoint = \"POINT\"   # the name of a [[point]]\nprotocol = \"hid\"\nport = \"usb:08ff:0009 path=1-1.2\"\n"; f.Config != want {
		t.Errorf("got\n%s", f.Config)
	}
	f.complete(2, []ctl.Reader{{Name: "hall", Port: "usb:08ff:0009 path=1-1.2"}})
	if f.Reader != "hall" {
		t.Errorf("reader %q", f.Reader)
	}
	if _, ok := hidDevice(usbport.Device{Name: "mouse"}); ok {
		t.Error("a mouse is a reader")
	}
}
