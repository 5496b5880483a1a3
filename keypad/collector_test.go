package keypad

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// show writes a result as text: "-" pending, "code 1234", "pin 1234", "reset" or
// "swallowed".
func show(r Result) string {
	switch r.Kind {
	case CodeDone:
		return "code " + r.Code.Reveal()
	case PINDone:
		return "pin " + r.PIN.Reveal()
	case Reset:
		return "reset"
	case Swallowed:
		return "swallowed"
	}
	return "-"
}

// press types keys, one each 100 ms; "." is a pause of five seconds. It gives the
// results that are not pending.
func press(c *Collector, keys string) string {
	var out []string
	now := t0
	for _, k := range []byte(keys) {
		now = now.Add(100 * time.Millisecond)
		var r Result
		if k == '.' {
			now = now.Add(DefaultTimeout)
			r = c.Tick(now)
		} else {
			r = c.Press(now, Key(k))
		}
		if r.Kind != Pending {
			out = append(out, show(r))
		}
	}
	return strings.Join(out, ", ")
}

func TestEntries(t *testing.T) {
	for _, tt := range []struct {
		name, keys, want string
		cfg              Config
	}{
		{"the last digit ends a code", "*7365", "code 7365", Config{}},
		{"a hash right after a code is swallowed", "*7365#", "code 7365, swallowed", Config{}},
		{"a star starts again", "*73*7365", "code 7365", Config{}},
		{"many stars are one", "***7365", "code 7365", Config{}},
		{"a site may have longer codes", "*736512", "code 736512", Config{CodeDigits: 6}},
		{"a code that is cut short by a hash is dropped", "*73#*7365", "reset, code 7365", Config{}},
		{"a hash ends a PIN", "123456#", "pin 123456", Config{}},
		{"a PIN has four digits or more", "123#1234#", "reset, pin 1234", Config{}},
		{"a PIN has sixteen digits or fewer", "1234567890123456#", "pin 1234567890123456", Config{}},
		{"a longer one is dropped whole", "12345678901234567890#1234#", "reset, pin 1234", Config{}},
		{"a star rescues an overrun", "12345678901234567*7365", "code 7365", Config{}},
		{"a PIN of fixed length needs no hash", "123456", "pin 123456", Config{PINLen: 6}},
		{"and swallows one", "123456#", "pin 123456, swallowed", Config{PINLen: 6}},
		{"and is dropped when it is too short", "12345#", "reset", Config{PINLen: 6}},
		{"a star in a PIN starts a code", "12*7365", "code 7365", Config{}},
		{"digits after a code are a PIN", "*73651234#", "code 7365, pin 1234", Config{}},
		{"a pause drops a code", "*73.65", "reset", Config{}},
		{"a pause drops a PIN", "1234.#", "reset, swallowed", Config{}},
		{"a pause drops an overrun", "12345678901234567.1234#", "reset, pin 1234", Config{}},
		{"a pause between entries is nothing", "*7365..1234#", "code 7365, pin 1234", Config{}},
		{"a hash alone is nothing", "##", "swallowed, swallowed", Config{}},
		{"what is no key is nothing", "*73A65", "swallowed, code 7365", Config{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := press(New(tt.cfg), tt.keys); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.keys, got, tt.want)
			}
		})
	}
}

func TestLateKeyStartsAfresh(t *testing.T) {
	c := New(Config{})
	for i, k := range "*73" {
		c.Press(t0.Add(time.Duration(i)), Key(k))
	}
	late := c.Deadline()
	if r := c.Press(late, '1'); r.Kind != Pending {
		t.Fatalf("late key: %s", show(r))
	}
	for _, k := range "234" {
		c.Press(late, Key(k))
	}
	if got := show(c.Press(late, Hash)); got != "pin 1234" {
		t.Errorf("got %q: the digits before the pause must be gone", got)
	}
}

func TestDeadline(t *testing.T) {
	c := New(Config{})
	if !c.Deadline().IsZero() {
		t.Error("an idle keypad has a deadline")
	}
	c.Press(t0, Star)
	c.Press(t0.Add(time.Second), '1')
	due := t0.Add(time.Second + DefaultTimeout)
	if got := c.Deadline(); !got.Equal(due) {
		t.Errorf("deadline %v, want five seconds after the last key", got)
	}
	if r := c.Tick(due.Add(-1)); r.Kind != Pending {
		t.Errorf("tick before the deadline: %s", show(r))
	}
	if r := c.Tick(due); r.Kind != Reset {
		t.Errorf("tick at the deadline: %s", show(r))
	}
	if !c.Deadline().IsZero() {
		t.Error("the deadline outlives the entry")
	}
}

func TestConfigureCountsFromTheNextEntry(t *testing.T) {
	c := New(Config{CodeDigits: 4})
	press(c, "*73")
	c.Configure(Config{CodeDigits: 6})
	if got := press(c, "65*736512"); got != "code 7365, code 736512" {
		t.Errorf("got %q", got)
	}
}

func TestConfigIsBounded(t *testing.T) {
	c := New(Config{CodeDigits: 99, PINLen: 99})
	if got := press(c, "*12345678"); got != "code 12345678" {
		t.Errorf("code: %q", got)
	}
	if got := press(c, "1234567890123456"); got != "pin 1234567890123456" {
		t.Errorf("PIN: %q", got)
	}
}

func TestResultsDoNotPrint(t *testing.T) {
	c := New(Config{})
	press(c, "*736")
	r := c.Press(t0.Add(time.Second), '5')
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, r); strings.Contains(s, "7365") {
			t.Errorf("%s shows the code", verb)
		}
	}
}

// Keys in a row are a PIN: no verb shows one. (A slice of them would print as bytes do,
// so there is none.)
func TestKeysDoNotPrint(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%c", "%q", "%x"} {
		for _, v := range []any{Key('7'), struct{ K Key }{'7'}, map[Key]Key{'7': '7'}} {
			for _, shown := range []string{"7", "55"} { // 55: its number
				if strings.Contains(fmt.Sprintf(verb, v), shown) {
					t.Errorf("%s of %T shows the key", verb, v)
				}
			}
		}
	}
}

// Digits that were typed stay nowhere: whatever ends an entry wipes them.
func TestDigitsAreWipedWithTheirEntry(t *testing.T) {
	for name, keys := range map[string]string{
		"a whole code": "*7365", "a whole PIN": "123456#", "a pause in a code": "*73.", "a pause in a PIN": "1234.", "a hash in a code": "*73#",
		"a PIN that is too short": "123#", "an overrun": "12345678901234567", "a star": "123456*",
	} {
		c := New(Config{})
		press(c, keys)
		if c.digits != [MaxPIN]byte{} || c.n != 0 {
			t.Errorf("%s: %d digits are kept", name, c.n)
		}
	}
	c := New(Config{PINLen: 6})
	press(c, "123456")
	if c.digits != [MaxPIN]byte{} {
		t.Error("a whole PIN of fixed length: its digits are kept")
	}
}

// The collector keeps no digit of an entry that is over, and its result can be wiped.
func TestDigitsAreWiped(t *testing.T) {
	for _, keys := range []string{"*7365", "1234#", "123#", "*73.", "12*", "12345678901234567"} {
		c := New(Config{})
		now, last := t0, Result{}
		for _, k := range []byte(keys) {
			now = now.Add(100 * time.Millisecond)
			if k == '.' {
				now = now.Add(DefaultTimeout)
				last = c.Tick(now)
			} else {
				last = c.Press(now, Key(k))
			}
		}
		if !bytes.Equal(c.digits[:], make([]byte, MaxPIN)) {
			t.Errorf("after %q the collector holds digits", keys)
		}
		code, pin := last.Code.Reveal(), last.PIN.Reveal()
		last.Wipe()
		if strings.Trim(code+pin, "\x00") != "" || (last.Kind == CodeDone || last.Kind == PINDone) && code+pin == "" {
			t.Errorf("after %q the digits are still there", keys)
		}
	}
}
