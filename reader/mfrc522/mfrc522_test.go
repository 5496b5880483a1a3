package mfrc522

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/conntest"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"

	"badged/reader"
)

var (
	four  = []byte{0x52, 0x9D, 0x06, 0xE3}
	seven = []byte{0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6}
	ten   = []byte{0x04, 1, 2, 3, 4, 5, 6, 7, 8, 9}
)

func TestSpec(t *testing.T) {
	for in, want := range map[string]string{
		"spi:/dev/spidev0.0":                     "spi:/dev/spidev0.0",
		"spi:/dev/spidev10.3":                    "spi:/dev/spidev10.3",
		"spi:/dev/spidev0":                       "",
		"spi:/dev/spidev0.0 reset=gpiochip0:25":  "",
		"/dev/spidev0.0":                         "",
		"spi:/dev/spidev0.-1":                    "",
		"spi:/dev/spidev0.0/../../../etc/passwd": "",
	} {
		s, err := ParseSpec(in)
		if (err == nil) != (want != "") || err == nil && s.String() != want {
			t.Errorf("%q: %v, %v", in, s, err)
		}
	}
}

// ISO/IEC 14443-3, annex B: 00 00 has A0 1E, 12 34 has 26 CF.
func TestCRC(t *testing.T) {
	for in, want := range map[string]string{"0000": "0000a01e", "1234": "123426cf"} {
		p, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(withCRC(p...)); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// follow runs a reader on a chip for a time, doing things on the way.
func follow(t *testing.T, m *model, deeds ...func()) (said string, err error) {
	t.Helper()
	r := New(Config{Name: "desk"})
	r.open = func(Spec) (spi.PortCloser, error) { return m, nil }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var list []string
	done := make(chan error, 1)
	go func() {
		done <- r.Run(ctx, func(e reader.Event) {
			if e.Kind != reader.KindAlive {
				list = append(list, strings.TrimSpace(string(e.Kind)+" "+string(e.Why)+e.Card.Hex()))
			}
		})
	}()
	for _, deed := range append(deeds, cancel) {
		time.Sleep(2 * time.Second)
		deed()
	}
	err = <-done
	if m.closed != 1 {
		t.Errorf("the bus was closed %d times", m.closed)
	}
	return strings.Join(list, ", "), err
}

func TestCardsAreTold(t *testing.T) {
	for _, uid := range [][]byte{four, seven, ten} {
		synctest.Test(t, func(t *testing.T) {
			m := newModel()
			said, err := follow(t, m, func() { m.put(uid) }, func() {}, func() { m.put() }, func() { m.put(uid) })
			card := "card " + strings.ToUpper(hex.EncodeToString(uid))
			if said != "up, "+card+", "+card || err != nil {
				t.Errorf("said %q, %v", said, err)
			}
		})
	}
}

func TestOneCardAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(four)
		said, err := follow(t, m, func() { m.put(seven) })
		if said != "up, card 529D06E3, card 04A1B2C3D4E5F6" || err != nil {
			t.Errorf("said %q, %v", said, err)
		}
	})
}

func TestWhatIsNoCard(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(m *model)
		want  string
	}{
		{"two cards", func(m *model) { m.put(four, []byte{1, 2, 3, 4}) }, "up, fault ambiguous"},
		{"two cards that begin alike", func(m *model) { m.put(seven, append([]byte{0x04, 0xA1, 0xB2}, 1, 2, 3, 4)) }, "up, fault ambiguous"},
		{"parity", func(m *model) { m.put(four); m.spoil = func([]byte) byte { return errParity } }, "up, fault framing"},
		{"BCC", func(m *model) { m.put(four); m.spoil = changed(5, 4) }, "up, fault checksum"},
		{"UID", func(m *model) { m.put(four); m.spoil = changed(5, 0) }, "up, fault checksum"},
		{"CRC of SAK", func(m *model) { m.put(four); m.spoil = changed(3, 2) }, "up, fault checksum"},
		{"SAK", func(m *model) { m.put(four); m.spoil = changed(3, 0) }, "up, fault checksum"},
		{"it says that it goes on", func(m *model) { m.put(four); m.cards[0].lies = true }, "up, fault format"},
		{"it says that it ends", func(m *model) { m.put(seven); m.cards[0].lies = true }, "up, fault format"},
		{"another UID than the one selected", func(m *model) {
			m.put(four)
			m.spoil = func(p []byte) byte {
				if len(p) == 5 {
					p[0], p[1] = p[0]^1, p[1]^1 // BCC stays good
				}
				return 0
			}
		}, "up, fault timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel()
				m.with(func() { m.cards = nil })
				tt.setup(m)
				if said, err := follow(t, m); said != tt.want || err != nil {
					t.Errorf("said %q, %v", said, err)
				}
			})
		})
	}
}

// changed changes one byte of an answer of so many.
func changed(n, at int) func([]byte) byte {
	return func(p []byte) byte {
		if len(p) == n {
			p[at] ^= 0x10
		}
		return 0
	}
}

// Whatever the field makes of the bytes of an answer, no other card is told.
func TestChangedAnswers(t *testing.T) {
	for _, uid := range [][]byte{four, seven, ten} {
		for nth := range 2 * len(split(uid)) {
			for bit := range 24 {
				m := newModel(uid)
				answers := -1 // ATQA
				m.spoil = func(p []byte) byte {
					if answers == nth {
						p[bit/8] ^= 1 << (bit % 8)
					}
					answers++
					return 0
				}
				c, err := startChip(m)
				if err != nil {
					t.Fatal(err)
				}
				card, why, err := c.readCard()
				if err != nil || why == "" || card != (reader.Card{}) {
					t.Fatalf("answer %d, bit %d: %v, %q, %v", nth, bit, card, why, err)
				}
			}
		}
	}
}

func TestChipThatFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		deed func(m *model)
		want string
	}{
		{"the bus", func(m *model) { m.err = errors.New("bus error") }, "read spi:/dev/spidev0.0: bus error"},
		{"unplugged", func(m *model) { m.dead = true }, "no MFRC522 answers any more (check its wires"},
		{"unplugged, high", func(m *model) { m.dead, m.reads = true, 0xFF }, "no MFRC522 answers any more (check its wires"},
		{"its power broke off", func(m *model) { m.set(regCommand, cmdSoftReset) }, "started anew by itself (its power"},
		{"hangs", func(m *model) { m.hangs = true }, "does not end a command"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel()
				said, err := follow(t, m, func() { m.with(func() { tt.deed(m) }) })
				var op *reader.OpError
				if said != "up, down lost" || !errors.As(err, &op) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("said %q, %v", said, err)
				}
			})
		})
	}
}

// The bytes on the bus, from the tables of section 9.3: the address goes one bit up, and
// the first bit says that it is read.
func TestStartOnTheBus(t *testing.T) {
	ops := []conntest.IO{
		{W: []byte{0x02, 0x0F}},
		{W: []byte{0x82, 0}, R: []byte{0, 0x30}}, // it starts
		{W: []byte{0x82, 0}, R: []byte{0, 0x20}},
		{W: []byte{0x54, 0x80}}, {W: []byte{0x56, 0xA9}}, {W: []byte{0x58, 0x00}}, {W: []byte{0x5A, 0xC8}},
		{W: []byte{0x2A, 0x40}}, {W: []byte{0x22, 0x3D}}, {W: []byte{0x1C, 0x80}}, {W: []byte{0x28, 0x83}},
		{W: []byte{0xEE, 0}, R: []byte{0, 0x92}},
		{W: []byte{0xEE, 0}, R: []byte{0, 0x92}},
		{W: []byte{0xA8, 0}, R: []byte{0, 0x83}},
	}
	p := &spitest.Playback{Playback: conntest.Playback{Ops: ops, DontPanic: true}}
	bus, err := p.Connect(clock, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := startChip(bus); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestStartThatFails(t *testing.T) {
	for _, reads := range []byte{0, 0xFF} {
		if _, err := startChip(&model{dead: true, reads: reads}); !errors.Is(err, errNoChip) {
			t.Errorf("a bus that reads as %02X: %v", reads, err)
		}
	}
}

func TestNoBus(t *testing.T) {
	err := New(Config{Name: "desk", Spec: Spec{Bus: 250}}).Run(t.Context(), func(reader.Event) {})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "spi:/dev/spidev250.0") || !strings.Contains(err.Error(), "dtparam=spi=on") {
		t.Error(err)
	}
}

// FuzzField: whatever a chip says that it heard, what is told is what it heard.
func FuzzField(f *testing.F) {
	f.Add([]byte{0x44, 0}, append(split(four)[0], 8), uint8(0))
	f.Add([]byte{0x44, 0}, split(seven)[0], uint8(0))
	f.Fuzz(func(t *testing.T, first, second []byte, wrong uint8) {
		m := newModel(seven)
		answers := 0
		m.spoil = func(p []byte) byte {
			answers++
			copy(p, [][]byte{first, second}[answers%2])
			return wrong
		}
		c, err := startChip(m)
		if err != nil {
			t.Fatal(err)
		}
		if card, _, err := c.readCard(); err == nil && card != (reader.Card{}) && string(card.Raw()) != string(seven) {
			t.Error("a card that is not there")
		}
	})
}
