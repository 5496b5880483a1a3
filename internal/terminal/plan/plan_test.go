package plan

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"badged/internal/config"
	"badged/reader/pcscd"
	"badged/reader/protocols"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

const printPoint = "[[point]]\nname = \"hall\"\nkind = \"print\"\n"

// planned makes a plan of a configuration.
func planned(t *testing.T, text string) (*Plan, error) {
	t.Helper()
	cfg, err := config.Parse("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return New(cfg, nil)
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
	sources := p.Sources(slog.New(slog.DiscardHandler))
	if len(sources) != 4 || sources[3].Source.Name() != guardName || len(p.Readers) != 3 {
		t.Errorf("%d sources for %d readers", len(sources), len(p.Readers))
	}
}

// TestWhoseBadgesMayBeTyped (issue 7, 2.2): those of Wiegand readers that may have a keypad, and are
// not set to one that sends whole numbers.
func TestWhoseBadgesMayBeTyped(t *testing.T) {
	for _, tt := range []struct {
		protocol, port, keypad string
		want                   bool
	}{
		{"wiegand", "gpiochip0:17,27", "auto", true},
		{"wiegand", "gpiochip0:17,27", "8bit", true},
		{"wiegand", "gpiochip0:17,27", "none", false},
		{"wiegand", "gpiochip0:17,27", "frame", false},
		{"hid", "usb:08ff:0009", "on", false},
	} {
		p, err := planned(t, printPoint+fmt.Sprintf("[[reader]]\nname = \"r\"\npoint = \"hall\"\nprotocol = %q\nport = %q\n[reader.options]\nkeypad = %q\n", tt.protocol, tt.port, tt.keypad))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Readers[0].MayBeTyped != nil; got != tt.want {
			t.Errorf("%s, keypad %s: %v", tt.protocol, tt.keypad, got)
		}
	}
}

// A keypad alone is no reader whose end leaves a panel without one.
func TestWhatReadsNoBadges(t *testing.T) {
	for _, tt := range []struct {
		protocol, port, keypad string
		want                   bool
	}{
		{"wiegand", "gpiochip0:17,27", "keypad = \"8bit\"", false},
		{"hid", "usb:08ff:0009", "keypad = \"on\"", true},
		{"hid", "usb:08ff:0009", "keypad = \"off\"", false},
		{"asciikeypad", "/dev/ttyUSB9", "", true},
	} {
		p, err := planned(t, printPoint+fmt.Sprintf("[[reader]]\nname = \"r\"\npoint = \"hall\"\nprotocol = %q\nport = %q\n[reader.options]\n%s\n", tt.protocol, tt.port, tt.keypad))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Readers[0].KeysOnly; got != tt.want {
			t.Errorf("%s, %s: %v", tt.protocol, tt.keypad, got)
		}
	}
}

// A smart card reader is one of them, also in a build that cannot open it.
func TestTheGuardKnowsSmartCardReaders(t *testing.T) {
	const text = "usb:072f:2200"
	proto, err := protocols.Find("ccid")
	if err != nil {
		t.Fatal(err)
	}
	dec, err := protocols.New("ccid", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Reader{Name: "desk", Protocol: "ccid", Port: text}
	at, err := parsePort(c, proto.Port)
	if err != nil {
		t.Fatal(err)
	}
	var p Plan
	_, _ = p.newSource(c, proto, at, dec)
	if !slices.Equal(p.usb, []usbport.Spec{spec(t, text)}) {
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
	if err != nil || len(p.Sources(slog.New(slog.DiscardHandler))) != 1 {
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
		if err != nil || p.Lines[0].Baud != want {
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
	src := serialSource(config.Reader{Name: "hall", Port: "/dev/ttyUSB0"}, proto, dec)
	if _, ok := src.(*serialport.Bus); !ok {
		t.Errorf("got %T", src)
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

// What has one place is had once, however it is written; the error stands at the second
// one and names the first.
func TestNothingIsUsedTwice(t *testing.T) {
	reader := func(name, protocol, port string) string {
		return fmt.Sprintf("[[reader]]\nname = %q\npoint = \"front\"\nprotocol = %q\nport = %q\n", name, protocol, port)
	}
	const door = "[[point]]\nname = \"front\"\nkind = \"door\"\ndoor = \"front\"\nrelay = \"gpiochip0:22\"\n"
	const back = "[[point]]\nname = \"back\"\nkind = \"door\"\ndoor = \"back\"\nrelay = \"/dev/gpiochip0:22 active-low\"\n"
	for name, tt := range map[string]struct{ text, want string }{
		"other lines":   {reader("a", "wiegand", "gpiochip0:17,27") + reader("b", "wiegand", "gpiochip1:17,22"), ""},
		"other devices": {reader("a", "hid", "usb:08ff:0009 path=1-1.2") + reader("b", "hid", "usb:08ff:0009 path=1-1.3"), ""},
		"one OSDP line": {reader("a", "osdp", "/dev/tty1") + reader("b", "osdp", "/dev//tty1") + "options = { address = \"1\" }\n", ""},
		"relay":         {reader("a", "wiegand", "gpiochip0:17,22"), "reader.port: line gpiochip0:22 is the relay of point front already"},
		"two relays":    {back, "point.relay: line gpiochip0:22 is the relay of point front already"},
		"contact":       {`contact = "gpiochip0:22"`, "point.contact: line gpiochip0:22 is the relay of point front already"},
		"one line":      {reader("a", "wiegand", "gpiochip0:17,27") + reader("b", "wiegand", "gpiochip0:27,23"), "line gpiochip0:27 is D1 of reader a already"},
		"path of chip":  {reader("a", "wiegand", "gpiochip0:17,27") + reader("b", "wiegand", "/dev/gpiochip0:17,27"), "line gpiochip0:17 is D0 of reader a already"},
		"usb":           {reader("a", "hid", "usb:08ff:0009") + reader("b", "hid", "usb:08FF:0009"), "reader.port: two readers use this port: port usb:08ff:0009 is that of reader a already"},
		"serial":        {reader("a", "line", "/dev/tty1") + reader("b", "osdp", "/dev//tty1"), "port /dev/tty1 is that of reader a already"},
	} {
		_, err := planned(t, door+tt.text)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestASerialProtocolNeedsAPath(t *testing.T) {
	for _, protocol := range []string{"line", "osdp"} {
		_, err := planned(t, printPoint+fmt.Sprintf("[[reader]]\nname = \"a\"\npoint = \"hall\"\nprotocol = %q\nport = \"usb:08ff:0009\"\n", protocol))
		if err == nil || !strings.Contains(err.Error(), "reader.port: "+protocol+` is a serial protocol, and "usb:08ff:0009" is no serial port`) {
			t.Errorf("%s: got %v", protocol, err)
		}
	}
}

// What a build cannot do is no fault of the port.
func TestSmartCardsWithoutLibusb(t *testing.T) {
	_, err := planned(t, printPoint+"[[reader]]\nname = \"a\"\npoint = \"hall\"\nprotocol = \"ccid\"\nport = \"usb:072f:2200\"\n")
	if (err == nil) != (errBulk == nil) {
		t.Fatalf("got %v", err)
	}
	if err != nil && (!strings.Contains(err.Error(), "reader.protocol: this build has no libusb") || !strings.Contains(err.Error(), "allowed: pcscd")) {
		t.Errorf("got %v", err)
	}
}

// Readers of one port share its line; what does not fit together is a problem.
func TestOSDPReadersOfOnePort(t *testing.T) {
	const reader = "[[reader]]\nname = %q\npoint = \"hall\"\nprotocol = %q\nport = \"/dev/line\"\nbaud = %d\noptions = { %s }\n"
	for _, tt := range []struct{ protocol, options, want string }{
		{"osdp", `address = "2"`, ""},
		{"osdp", `address = "1"`, "reader.options.address: reader a on this port has the address 1 already: give each its own address"},
		{"osdp", `address = "127"`, "options.address"},
		{"osdp", `adress = "2"`, "options.adress"},
		{"osdp", `address = "2", key = "00"`, "options.key"},
		{"osdp", `address = "2", key_file = "k"`, "options.key_file: \"k\" must be an absolute path"},
		{"osdp", `address = "2", key = "9c1f02e855b7403dd6118afe276390cb"`, "options.key"},
		{"line", `max = "10"`, "two readers use this port: port /dev/line is that of reader a already"},
	} {
		text := "[[point]]\nname = \"hall\"\nkind = \"print\"\n" + fmt.Sprintf(reader, "a", "osdp", 9600, `address = "1"`) + fmt.Sprintf(reader, "b", tt.protocol, 9600, tt.options)
		cfg, err := config.Parse("x.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(cfg, nil)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v", tt.protocol, tt.options, err)
		}
		if err == nil && (len(p.Lines) != 1 || len(p.Readers) != 2 || p.Readers[1].Source.Name() != "b") {
			t.Errorf("%d lines, %d readers", len(p.Lines), len(p.Readers))
		}
		text = strings.Replace(text, "9600", "38400", 1)
		cfg, err = config.Parse("x.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(cfg, nil); err == nil || tt.want == "" && !strings.Contains(err.Error(), "speaks at 38400") {
			t.Errorf("two speeds: %v", err)
		}
	}
}

// TestTheDaemonIsMissed (issue 7, 5): a reader of the PC/SC daemon cannot be there without it.
func TestTheDaemonIsMissed(t *testing.T) {
	lines := describeMissing(&config.Config{Readers: []config.Reader{{Name: "desk", Protocol: "pcscd", Port: "pcsc:Foo"}}})
	if fileIsThere(pcscd.DefaultSocket) {
		if len(lines) > 0 {
			t.Errorf("it is there, and yet: %v", lines)
		}
		return
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "reader desk: pcsc:Foo needs the PC/SC daemon") || !strings.Contains(lines[0], "systemctl enable --now pcscd.socket") {
		t.Errorf("got %v", lines)
	}
}
