package protocols_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/protocols"
)

// oneKey describes a report of one byte: the index of a key.
const oneKey = "05010906A10105071900296715002567750895018100C0"

func TestOptionsReachTheKeyboard(t *testing.T) {
	dec, err := protocols.New("hid", map[string]string{
		"layout": "numpad", "descriptor": oneKey, "terminator": "tab", "charset": "digits", "checksum": "strip", "keypad": "off",
		"prefix": "/", "suffix": "*", "min": "2", "max": "3", "key_timeout": "1s", "timeout": "5s", "repeat": "1m",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := dec.(reader.Describer); !ok {
		t.Error("a port cannot describe it")
	}
	var got []string
	at := time.Unix(0, 0)
	for _, line := range []string{"54 59 5A 67 5B 55 2B 2B", "54 59 67 5B 55 2B 2B", "54 59 5A 67 5B 55 2B 2B", "54 59"} {
		for key := range strings.FieldsSeq(line) {
			dec.Feed(at, []byte{hexByte(key)}, func(e reader.Event) { got = append(got, string(e.Kind)+string(e.Why)+e.Card.Reveal()) })
		}
		at = at.Add(time.Second / 2)
	}
	if s := strings.Join(got, " "); s != "card12 faultlength" {
		t.Errorf("got %q", s)
	}
	if want := at.Add(time.Second / 2); !dec.Deadline().Equal(want) {
		t.Error("the time-out of a key is another")
	}
}

// TestAPastedDescriptor (issue 7, 2.5): as usbhid-dump and C print it.
func TestAPastedDescriptor(t *testing.T) {
	bare := regexp.MustCompile("..")
	for _, format := range []string{"$0 ", "0x$0, ", "$0:"} {
		descriptor := strings.TrimRight(bare.ReplaceAllString(oneKey, format), ":, ")
		if _, err := protocols.New("hid", map[string]string{"descriptor": descriptor}); err != nil {
			t.Errorf("%s: %v", descriptor, err)
		}
	}
}

func TestErrorsOfAKeyboardSayWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct{ option, value, want string }{
		{"layout", "dvorak", `protocol hid: option layout "dvorak": must be us, fr, de, numpad or alt`},
		{"keypad", "yes", `protocol hid: option keypad "yes": must be on or off`},
		{"repeat", "never", `protocol hid: option repeat "never": must be a time, 1ms to 1m`},
		{"descriptor", "05 0G", "protocol hid: option descriptor: must be hex"},
		{"descriptor", "0501", "protocol hid: option descriptor: report descriptor: no keyboard"},
		{"max", "257", `protocol hid: option max "257": must be a number, 1 to 256`},
		{"prefix", `\q`, "protocol hid: option prefix: a backslash"},
	} {
		if _, err := protocols.New("hid", map[string]string{tt.option: tt.value}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.option, err, tt.want)
		}
	}
}

func hexByte(s string) byte {
	const digits = "0123456789ABCDEF"
	return byte(strings.IndexByte(digits, s[0])<<4 | strings.IndexByte(digits, s[1]))
}
