package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"badged/internal/config"
	"badged/reader/protocols"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

const printPoint = "[[point]]\nname = \"hall\"\nkind = \"print\"\n"

// planned makes a plan of a configuration.
func planned(t *testing.T, text string) (*plan, error) {
	t.Helper()
	cfg, err := config.Parse("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return newPlan(cfg)
}

// The guard knows the terminal's own readers, whatever they speak over: it must not take
// a reader that types for a stranger.
func TestTheGuardKnowsTheReaders(t *testing.T) {
	const typist, asked, phone = "usb:08ff:0009 path=1-1.2", "usb:ffff:0035", "usb:05ac:0250"
	reader := func(name, protocol, port string) string {
		return fmt.Sprintf("[[reader]]\nname = %q\npoint = \"hall\"\nprotocol = %q\nport = %q\n", name, protocol, port)
	}
	p, err := planned(t, printPoint+reader("a", "hid", typist)+reader("b", "line", "/dev/ttyUSB0")+reader("c", "sycreader", asked)+
		fmt.Sprintf("[usb]\nguard = true\nallow = [%q]\n", phone))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.guard.Readers, []usbport.Spec{spec(t, typist), spec(t, asked)}; !slices.Equal(got, want) {
		t.Errorf("its readers are %v, want %v", got, want)
	}
	if !slices.Equal(p.guard.Allow, []usbport.Spec{spec(t, phone)}) {
		t.Errorf("it allows %v", p.guard.Allow)
	}
	sources := p.sources(slog.New(slog.DiscardHandler))
	if len(sources) != 4 || sources[3].Source.Name() != guardName || len(p.readers) != 3 {
		t.Errorf("%d sources for %d readers", len(sources), len(p.readers))
	}
}

// A smart card reader is one of them, also in a build that cannot open it.
func TestTheGuardKnowsSmartCardReaders(t *testing.T) {
	const port = "usb:072f:2200"
	proto, err := protocols.Find("ccid")
	if err != nil {
		t.Fatal(err)
	}
	dec, err := protocols.New("ccid", nil)
	if err != nil {
		t.Fatal(err)
	}
	var p plan
	_, _ = p.newSource(config.Reader{Name: "desk", Protocol: "ccid", Port: port}, proto, dec)
	if !slices.Equal(p.usb, []usbport.Spec{spec(t, port)}) {
		t.Errorf("the readers are %v", p.usb)
	}
}

func spec(t *testing.T, text string) usbport.Spec {
	t.Helper()
	s, err := usbport.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWithoutAGuardThereAreOnlyReaders(t *testing.T) {
	p, err := planned(t, printPoint+"[[reader]]\nname = \"a\"\npoint = \"hall\"\nprotocol = \"hid\"\nport = \"usb:08ff:0009\"\n")
	if err != nil || len(p.sources(slog.New(slog.DiscardHandler))) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestTheSpeedOfASerialPort(t *testing.T) {
	for _, tt := range []struct {
		protocol   string
		baud, want int
	}{{"rdm6300", 0, 9600}, {"parallax", 0, 2400}, {"pn532", 0, 115200}, {"line", 19200, 19200}} {
		proto, err := protocols.Find(tt.protocol)
		if err != nil {
			t.Fatal(err)
		}
		got := serialConfig(config.Reader{Name: "hall", Port: "/dev/ttyUSB0", Baud: tt.baud}, proto)
		if got.Baud != tt.want || got.Name != "hall" || got.Path != "/dev/ttyUSB0" {
			t.Errorf("%s: %+v, want %d baud", tt.protocol, got, tt.want)
		}
	}
}

func TestTheSpeedOfAnOSDPLine(t *testing.T) {
	const reader = "[[reader]]\nname = \"a\"\npoint = \"hall\"\nprotocol = \"osdp\"\nport = \"/dev/ttyUSB0\"\n"
	for baud, want := range map[string]int{"": 9600, "baud = 38400\n": 38400} {
		p, err := planned(t, printPoint+reader+baud)
		if err != nil || p.lines[0].baud != want {
			t.Errorf("%q: want %d: %v", baud, want, err)
		}
	}
}

// What can show decisions is driven by a port that can show them.
func TestASerialReaderWithADisplay(t *testing.T) {
	proto, err := protocols.Find("twn4")
	if err != nil {
		t.Fatal(err)
	}
	dec, err := protocols.New("twn4", nil)
	if err != nil {
		t.Fatal(err)
	}
	src, err := serialSource(config.Reader{Name: "hall", Port: "/dev/ttyUSB0"}, proto, dec)
	if _, ok := src.(*serialport.Bus); !ok || err != nil {
		t.Errorf("got %T, %v", src, err)
	}
}

// A pin of a virtual board is what its name says.
func TestPinsOfSomethingElse(t *testing.T) {
	const door = "[[point]]\nname = \"front\"\nkind = \"door\"\ndoor = \"front\"\n"
	for _, tt := range []struct{ pins, want string }{
		{`relay = "virtual:/x#relay"`, ""},
		{"relay = \"virtual:/x#relay\"\ncontact = \"virtual:/x#contact\"\nexit = \"virtual:/x#exit\"", ""},
		{`relay = "gpiochip0:17"`, ""},
		{`relay = "virtual:/x#contact"`, "relay"},
		{"relay = \"virtual:/x#relay\"\ncontact = \"virtual:/x#exit\"", "contact"},
		{"relay = \"virtual:/x#relay\"\nexit = \"virtual:/x#contact\"", "exit"},
	} {
		_, err := planned(t, door+tt.pins+"\n")
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), "this is the pin of something else") || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v", tt.pins, err)
		}
	}
}
