package usbport

import (
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Spec
	}{
		{"usb:08FF:0009", Spec{Vendor: 0x08ff, Product: 9, Interface: AnyInterface}},
		{
			"usb:ffff:0035  serial=A-1  path=1-1.2 usage=0001:0006 interface=0",
			Spec{0xffff, 0x35, "A-1", "1-1.2", Keyboard, 0},
		},
		{"usb:08ff:0009 interface=255", Spec{Vendor: 0x08ff, Product: 9, Interface: 255}},
		{"usb:08ff:0009 path=12-3.10.1", Spec{Vendor: 0x08ff, Product: 9, Path: "12-3.10.1", Interface: AnyInterface}},
	} {
		got, err := ParseSpec(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("%q: got %+v, %v", tt.in, got, err)
		}
		if again, err := ParseSpec(got.String()); err != nil || again != got {
			t.Errorf("%q: %q reads as %+v, %v", tt.in, got, again, err)
		}
	}
}

func TestSpecsThatAreNone(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "write usb:VID:PID"},
		{"usb:", "write usb:VID:PID"},
		{"/dev/hidraw0", "write usb:VID:PID"},
		{"usb:8ff:0009", "four hexadecimal digits each"},
		{"usb:08ff", "four hexadecimal digits each"},
		{"usb:08ff:00g9", "four hexadecimal digits each"},
		{"usb:+8ff:0009", "four hexadecimal digits each"},
		{"usb:08ff:0009 port=1", "serial=S path=1-1.2 usage=0001:0006 interface=0"},
		{"usb:08ff:0009 1-1", "serial=S path=1-1.2 usage=0001:0006 interface=0"},
		{"usb:08ff:0009 path=1-1 path=1-2", "there twice"},
		{"usb:08ff:0009 serial=", "must be the device's serial number"},
		{"usb:08ff:0009 serial=\x1b[2J", "must be the device's serial number"},
		{"usb:08ff:0009 path=1", "must be bus and ports as in 1-1.2"},
		{"usb:08ff:0009 path=1-1.", "must be bus and ports as in 1-1.2"},
		{"usb:08ff:0009 path=1-0", "must be bus and ports as in 1-1.2"},
		{"usb:08ff:0009 path=../..", "must be bus and ports as in 1-1.2"},
		{"usb:08ff:0009 usage=1:6", "four hexadecimal digits each"},
		{"usb:08ff:0009 usage=0000:0006", "usage page and usage"},
		{"usb:08ff:0009 interface=-1", "from 0 to 255"},
		{"usb:08ff:0009 interface=256", "from 0 to 255"},
		{"usb:08ff:0009 serial=" + strings.Repeat("x", 400), "write usb:VID:PID"},
	} {
		_, err := ParseSpec(tt.in)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: got %v, want %q", tt.in, err, tt.want)
		}
	}
}

// What is read is written the same.
func FuzzParseSpec(f *testing.F) {
	f.Add("usb:08ff:0009")
	f.Add("usb:ffff:0035 serial=A-1 path=1-1.2 usage=0001:0006 interface=0")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ParseSpec(in)
		if err != nil {
			return
		}
		if again, err := ParseSpec(s.String()); err != nil || again != s {
			t.Errorf("%q: %q reads as %+v, %v", in, s, again, err)
		}
	})
}
