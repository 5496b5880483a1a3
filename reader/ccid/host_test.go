package ccid_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/ccid"
)

// device is a CCID reader with one slot, on what its two pipes carry.
type device struct {
	d   *ccid.Decoder
	now time.Time
	got []string

	uid   string // in the slot; "": nothing
	atr   string
	power bool
	// spoil, if set, changes the answer to a command, or gives none.
	spoil func(command, answer []byte) [][]byte
	said  []byte // types of the commands, in order
	asked [][]byte
}

func newDevice(t *testing.T, descriptor string) *device {
	t.Helper()
	h := &device{d: ccid.New(ccid.Options{}), now: t0, atr: atr1K}
	if err := h.d.Describe(unhex(t, descriptor)); err != nil {
		t.Fatal(err)
	}
	h.d.Open(h.now)
	h.pass(time.Millisecond)
	return h
}

func (h *device) emit(e reader.Event) {
	if e.Kind != reader.KindAlive {
		h.got = append(h.got, show(e))
	}
}

// pass lets time pass, in which the device answers at once.
func (h *device) pass(d time.Duration) {
	for end := h.now.Add(d); ; {
		if q := h.d.Send(h.now); q != nil {
			h.exchange(bytes.Clone(q))
			continue
		}
		due := h.d.Deadline()
		if due.After(end) {
			h.now = end
			return
		}
		h.now = due
		h.d.Tick(h.now, h.emit)
	}
}

func (h *device) exchange(q []byte) {
	h.said = append(h.said, q[0])
	a := [][]byte{h.replyTo(q)}
	if h.spoil != nil {
		a = h.spoil(q, a[0])
	}
	for _, p := range a {
		h.now = h.now.Add(time.Millisecond)
		h.d.Feed(h.now, p, h.emit)
	}
}

// replyTo is what section 6 has a reader say.
func (h *device) replyTo(q []byte) []byte {
	seq, status := q[6], byte(2)
	switch {
	case h.uid != "" && (h.power || q[0] == 0x62):
		status = 0
	case h.uid != "":
		status = 1
	}
	switch {
	case q[0] == 0x65:
		return message(0x81, seq, status, 0, nil)
	case status == 2:
		return message(0x80, seq, 0x42, 0xFE, nil)
	case q[0] == 0x62:
		h.power = true
		return block(seq, h.atr)
	}
	h.asked = append(h.asked, q[10:])
	return block(seq, h.uid+"9000")
}

// notice says over the interrupt pipe that the slot changed.
func (h *device) notice() {
	state := byte(2)
	if h.uid != "" {
		state = 3
	}
	h.d.Feed(h.now, []byte{0x50, state}, h.emit)
}

func (h *device) put(uid string) { h.uid, h.power = uid, false }

func (h *device) want(t *testing.T, list ...string) {
	t.Helper()
	if got := strings.Join(h.got, ", "); got != strings.Join(list, ", ") {
		t.Errorf("got %q, want %q", got, strings.Join(list, ", "))
	}
}

func TestCardIsReadAtOnceAndTold(t *testing.T) {
	for _, descriptor := range []string{acr122, qemu} {
		h := newDevice(t, descriptor)
		h.put(seven)
		h.notice()
		h.pass(10 * time.Millisecond) // far less than the interval
		h.want(t, "card "+seven)
		if string(h.said) != "\x65\x65\x62\x6F" || !bytes.Equal(h.asked[0], []byte{0xFF, 0xCA, 0, 0, 0}) {
			t.Errorf("commands %X, APDUs %X", h.said, h.asked)
		}
	}
}

func TestReaderWithoutInterruptPipe(t *testing.T) {
	h := newDevice(t, acr122)
	h.put(seven)
	h.pass(ccid.DefaultInterval + 10*time.Millisecond)
	h.want(t, "card "+seven)
	h.pass(time.Minute)
	h.put("")
	h.pass(time.Second)
	h.put(seven)
	h.pass(time.Second)
	h.want(t, "card "+seven, "card "+seven)
}

func TestPresentations(t *testing.T) {
	h := newDevice(t, acr122)
	change := func(uid string, after time.Duration) {
		h.put(uid)
		h.notice()
		h.pass(after)
	}
	change(seven, time.Hour) // it stays
	h.want(t, "card "+seven)
	change("", 100*time.Millisecond) // at the edge of the field
	change(seven, time.Second)
	h.want(t, "card "+seven)
	change("", time.Second)
	change(seven, time.Second)
	h.want(t, "card "+seven, "card "+seven)
	change(other, time.Second) // nobody saw the slot empty
	h.want(t, "card "+seven, "card "+seven, "card "+other)
	h.put(seven) // and this time the reader does not even say so
	h.pass(time.Second)
	h.want(t, "card "+seven, "card "+seven, "card "+other, "card "+seven)
	h.d.Open(h.now) // the port was opened again
	h.pass(time.Second)
	h.want(t, "card "+seven, "card "+seven, "card "+other, "card "+seven)
}

func TestTimeExtension(t *testing.T) {
	h := newDevice(t, acr122)
	left := 5
	h.spoil = func(q, a []byte) [][]byte {
		if q[0] != 0x6F {
			return [][]byte{a}
		}
		out := [][]byte{}
		for ; left > 0; left-- {
			h.now = h.now.Add(900 * time.Millisecond) // longer than any answer may take
			h.d.Feed(h.now, message(0x80, q[6], 0x80, 1, nil), h.emit)
		}
		return append(out, a)
	}
	h.put(seven)
	h.notice()
	h.pass(time.Second)
	h.want(t, "card "+seven)
}

func TestTimeExtensionsEnd(t *testing.T) {
	h := newDevice(t, acr122)
	h.spoil = func(q, a []byte) [][]byte {
		for i := 0; q[0] == 0x6F && i < 20; i++ {
			h.now = h.now.Add(900 * time.Millisecond)
			h.d.Feed(h.now, message(0x80, q[6], 0x80, 1, nil), h.emit)
		}
		return [][]byte{a}
	}
	h.put(seven)
	h.notice()
	h.pass(2 * time.Minute)
	if got := strings.Join(h.got, " "); strings.Contains(got, "card") || strings.Count(got, "refused") != 1 {
		t.Errorf("got %q", got)
	}
}

func TestCardThatFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(n int, q, a []byte) []byte // n counts power-ons
		want  string
	}{
		{"power fails twice", func(n int, q, a []byte) []byte {
			if q[0] == 0x62 && n < 3 {
				return message(0x80, q[6], 0x41, 0xFE, nil)
			}
			return a
		}, "card " + seven},
		{"asking fails once", func(n int, q, a []byte) []byte {
			if q[0] == 0x6F && n < 2 {
				return message(0x80, q[6], 0x40, 0xFD, nil)
			}
			return a
		}, "card " + seven},
		{"mute", func(_ int, q, a []byte) []byte {
			if q[0] == 0x62 {
				return message(0x80, q[6], 0x41, 0xFE, nil)
			}
			return a
		}, "fault refused"},
		{"mute, and said so by a SlotStatus", func(_ int, q, a []byte) []byte {
			if q[0] == 0x62 {
				return message(0x81, q[6], 0x41, 0xFE, nil)
			}
			return a
		}, "fault refused"},
		{"no UID", func(_ int, q, a []byte) []byte {
			if q[0] == 0x6F {
				return block(q[6], "6A81")
			}
			return a
		}, "fault refused"},
		{"busy twice", func() func(int, []byte, []byte) []byte {
			busy := 2
			return func(_ int, q, a []byte) []byte {
				if q[0] == 0x6F && busy > 0 {
					busy--
					return message(0x80, q[6], 0x40, 0xE0, nil)
				}
				return a
			}
		}(), "card " + seven},
		{"asks for the length", func(_ int, q, a []byte) []byte {
			if q[0] == 0x6F && q[14] == 0 {
				return block(q[6], "6C07")
			}
			return a
		}, "card " + seven},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newDevice(t, acr122)
			n := 0
			h.spoil = func(q, a []byte) [][]byte {
				if q[0] == 0x62 {
					n++
				}
				return [][]byte{tt.spoil(n, q, a)}
			}
			h.put(seven)
			h.notice()
			h.pass(time.Minute)
			h.want(t, tt.want)
		})
	}
}

func TestCardOfT1BehindAReaderThatSendsTPDUs(t *testing.T) {
	h := newDevice(t, qemu)
	h.atr = atrT1
	h.put(seven)
	h.notice()
	h.pass(time.Minute)
	h.want(t, "fault refused")
	h = newDevice(t, acr122)
	h.atr = atrT1
	h.put(seven)
	h.notice()
	h.pass(time.Minute)
	h.want(t, "card "+seven)
}

// An answer to another question, of another slot or of another kind is none.
func TestAnswersThatAreNone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(a []byte)
	}{
		{"another sequence number", func(a []byte) { a[6]-- }},
		{"another slot", func(a []byte) { a[5]++ }},
		{"another kind", func(a []byte) { a[0] = 0x82 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newDevice(t, acr122)
			once := true
			h.spoil = func(q, a []byte) [][]byte {
				if q[0] == 0x6F && once {
					once = false
					tt.spoil(a)
				}
				return [][]byte{a}
			}
			h.put(seven)
			h.notice()
			h.pass(time.Minute)
			h.want(t, "fault framing", "card "+seven)
		})
	}
	t.Run("unasked", func(t *testing.T) {
		h := newDevice(t, acr122)
		h.d.Feed(h.now, block(0, seven+"9000"), h.emit)
		h.want(t, "fault framing")
	})
	t.Run("from before the port was opened again", func(t *testing.T) {
		h := newDevice(t, acr122)
		var late []byte
		h.spoil = func(q, a []byte) [][]byte {
			if q[0] == 0x6F && late == nil {
				late = a
				return nil
			}
			return [][]byte{a}
		}
		h.put(seven)
		h.notice()
		h.pass(10 * time.Millisecond)
		h.put("")
		h.d.Open(h.now)
		h.d.Feed(h.now, late, h.emit)
		h.pass(time.Minute)
		h.want(t, "fault framing")
	})
}

// The card is exchanged while the reader looks at it: what it says may be of either.
func TestCardThatIsExchangedMeanwhile(t *testing.T) {
	h := newDevice(t, acr122)
	once := true
	h.spoil = func(q, a []byte) [][]byte {
		if q[0] == 0x6F && once {
			once = false
			h.put(other)
			h.notice()
		}
		return [][]byte{a}
	}
	h.put(seven)
	h.notice()
	h.pass(time.Second)
	h.want(t, "card "+other)
}

func TestSilence(t *testing.T) {
	h := newDevice(t, acr122)
	h.spoil = func(_, _ []byte) [][]byte { return nil }
	h.pass(time.Minute)
	h.want(t, "fault silent")
	h.spoil = nil
	h.put(seven)
	h.pass(time.Second)
	h.want(t, "fault silent", "card "+seven)
	if s := h.d.Silence(); s <= 0 || s > 3*time.Second {
		t.Errorf("silence %v", s)
	}
}
