package usbport

import (
	"encoding/hex"
	"reflect"
	"testing"
)

// The descriptor of a boot keyboard: HID 1.11, appendix B.1.
const bootKeyboard = "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025650507190029658100c0"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDescriptor(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     layout
	}{
		{"boot keyboard", bootKeyboard, layout{[]Usage{Keyboard}, 9, 1}},
		{"two collections with ids", "05010906a101 8501 7508 9508 8102 c0 05010902a101 8502 9503 8102 c0", layout{[]Usage{Keyboard, {1, 2}}, 9, 1}},
		{"one in another", "05010902a101 0901a100 75089503 8102 c0 c0", layout{[]Usage{{1, 2}}, 4, 1}},
		{"vendor's, features of eight bytes", "0600ff 0901 a101 15002600ff 7508 9508 0901 b102 c0", layout{[]Usage{{0xff00, 1}}, 1, 9}},
		{"a usage with its page", "0b 0600 0100 a101 c0", layout{[]Usage{Keyboard}, 1, 1}},
		{"the first usage counts", "0501 0906 0907 a101 c0", layout{[]Usage{Keyboard}, 1, 1}},
		{"push and pop", "0501 0906 a4 0507 b4 a101 7508 9502 8102 c0", layout{[]Usage{Keyboard}, 3, 1}},
		{"a long item", "fe03aa010203 05010906a101c0", layout{[]Usage{Keyboard}, 1, 1}},
		{"nothing", "", layout{nil, 1, 1}},
		{"cut off", "05010906a1", layout{nil, 1, 1}},
		{"ends without a begin", "c0c0c0 05010906a101c0", layout{[]Usage{Keyboard}, 1, 1}},
		{"as large as it can claim", "77ffffffff 97ffffffff 8102 8102 b102", layout{nil, maxReport, maxReport}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, despace(tt.in))
			if got := parseDescriptor(in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func despace(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != ' ' {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// Whatever a device claims stays in bounds.
func FuzzDescriptor(f *testing.F) {
	f.Add(unhex(f, bootKeyboard))
	f.Add(unhex(f, "77ffffffff97ffffffff8102fe"))
	f.Fuzz(func(t *testing.T, p []byte) {
		l := parseDescriptor(p)
		if len(l.usages) > maxUsages || l.input < 1 || l.input > maxReport || l.feature < 1 || l.feature > maxReport {
			t.Errorf("%d usages, reports of %d and %d bytes", len(l.usages), l.input, l.feature)
		}
	})
}
