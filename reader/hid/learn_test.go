package hid_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader/hid"
)

// swipe records text with so much time between reports.
func swipe(t testing.TB, k sim.HIDKeyboard, text string, gap time.Duration) (swipe []hid.Report) {
	t.Helper()
	for i, r := range reports(t, k, text) {
		swipe = append(swipe, hid.Report{At: t0.Add(time.Duration(i) * gap), Data: r})
	}
	return swipe
}

// outline shows proposals: "us,de terminator=enter: 123 printed".
func outline(proposals []hid.Proposal) string {
	var out []string
	for _, p := range proposals {
		var s []string
		for _, l := range p.Layouts {
			s = append(s, string(l))
		}
		o := p.Options
		if string(o.Layout) != s[0] {
			s = append(s, "configured as "+string(o.Layout))
		}
		line := strings.Join(s, ",")
		for _, option := range [][2]string{
			{"checksum", string(o.Checksum)}, {"key_timeout", times(o.KeyTimeout)}, {"prefix", o.Prefix}, {"suffix", o.Suffix},
			{"terminator", string(o.Terminator)}, {"timeout", times(o.Timeout)},
		} {
			if option[1] != "" {
				line += " " + option[0] + "=" + option[1]
			}
		}
		match := []string{"unlike", "apart", "holds", "printed"}[p.Match]
		out = append(out, fmt.Sprintf("%s: %s %s", line, p.Text, match))
	}
	return strings.Join(out, "\n")
}

// times shows a time that is not the usual one.
func times(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func TestASwipeTellsHowItIsRead(t *testing.T) {
	for _, tt := range []struct {
		name, keyboard, text, printed string
		gap                           time.Duration
		want                          string
	}{
		{"digits on the top row", "boot", "0008844356\n", "0008844356", ms, "us,de terminator=enter: 0008844356 printed"},
		{"printed with blanks", "boot", "0008844356\n", "00088 44356", ms, "us,de terminator=enter: 0008844356 printed"},
		{"an AZERTY reader", "azerty", "0008844356\n", "0008844356", ms, "fr terminator=enter: 0008844356 printed"},
		{"hex of an AZERTY reader", "azerty", "00A1\n", "00A1", ms, "fr terminator=enter: 00A1 printed"},
		{"letters that us and German readers type alike", "boot", "946ebd28\t", "946EBD28", ms, "us,de terminator=tab: 946ebd28 printed"},
		{"letters that tell them apart", "qwertz", "zy12\n", "zy12", ms, "de terminator=enter: zy12 printed"},
		{"the keypad", "numpad", "123\n", "123", ms, "us,fr,de,numpad terminator=enter: 123 printed"},
		{"Alt codes", "alt0", "123\n", "123", ms, "alt terminator=enter: 123 printed"},
		{"no terminator", "report-id", "123", "123", ms, "us,de terminator=none: 123 printed"},
		{"sentinels", "boot", ";123?\n", "123", ms, "us prefix=; suffix=? terminator=enter: 123 printed\nus terminator=enter: ;123? holds"},
		{"sentinels without a terminator", "composite", ";123?", "123", ms, "us prefix=; suffix=? terminator=none: 123 printed\nus terminator=none: ;123? holds"},
		{"a separator", "nkro", "5235092385=8\n", "5235092385", ms, "us checksum=strip terminator=enter: 5235092385 printed\nus terminator=enter: 5235092385=8 holds"},
		{"all of track 2", "boot", ";12=3?\n", "12", ms, "us checksum=strip prefix=; suffix=? terminator=enter: 12 printed\nus prefix=; suffix=? terminator=enter: 12=3 holds\nus terminator=enter: ;12=3? holds"},
		{"the printed number in it", "boot", "0000123\n", "123", ms, "us,de terminator=enter: 0000123 holds"},
		{"another number", "boot", "946EBD28\n", "2490285352", ms, "us,de terminator=enter: 946EBD28 apart"},
		{"a slow reader", "boot", "123\n", "123", 100 * ms, "us,de key_timeout=200ms terminator=enter: 123 printed"},
		{"a very slow reader", "boot", "123\n", "123", 400 * ms, "us,de key_timeout=800ms terminator=enter timeout=4.8s: 123 printed"},
		{"a long swipe of a quick reader", "boot", strings.Repeat("12", 30) + "\n", "12", 10 * ms, "us,de terminator=enter timeout=2.4s: " + strings.Repeat("12", 30) + " holds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := keyboard(t, tt.keyboard)
			got, err := hid.Learn(k.Descriptor, swipe(t, k, tt.text, tt.gap), tt.printed)
			if err != nil {
				t.Fatal(err)
			}
			if s := outline(got); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

func TestHowLongTheLastKeyIsHeldTellsNothing(t *testing.T) {
	k := keyboard(t, "boot")
	recorded := swipe(t, k, "123\n", ms)
	recorded[len(recorded)-1].At = t0.Add(3 * time.Second)
	got, err := hid.Learn(k.Descriptor, recorded, "123")
	if err != nil {
		t.Fatal(err)
	}
	if s := outline(got); s != "us,de terminator=enter: 123 printed" {
		t.Errorf("got %s", s)
	}
}

// TestWhatWasLearntReadsTheSwipe: also for layouts that only other characters explain.
func TestWhatWasLearntReadsTheSwipe(t *testing.T) {
	for _, k := range sim.HIDKeyboards() {
		recorded := swipe(t, k, "00A1b2\n", 10*ms)
		proposals, err := hid.Learn(k.Descriptor, recorded, "00A1B2")
		if err != nil {
			t.Fatal(err)
		}
		if proposals[0].Text != "00A1b2" || !slices.Contains(proposals[0].Layouts, layout(k)) {
			t.Errorf("%s: the best is\n%s", k.Name, outline(proposals))
		}
		for _, p := range proposals {
			for _, l := range p.Layouts {
				o := p.Options
				o.Layout = l
				d := described(t, o, k.Descriptor)
				got := ""
				for _, r := range recorded {
					got += play(d, r.At.Sub(t0), r.Data)
				}
				if got+passDeadlines(d) != "card "+p.Text {
					t.Errorf("%s, %s: got %q", k.Name, l, got)
				}
			}
		}
	}
}

func TestASwipeThatTellsNothing(t *testing.T) {
	k := keyboard(t, "boot")
	record := func(keys string) (swipe []hid.Report) {
		for _, r := range boot(t, keys) {
			swipe = append(swipe, hid.Report{At: t0, Data: r})
		}
		return swipe
	}
	for _, tt := range []struct {
		name  string
		swipe []hid.Report
		want  string
	}{
		{"nothing", nil, "no key was pressed"},
		{"modifiers only", record("s0 0"), "no key was pressed"},
		{"Enter only", record("28 0"), "Enter or Tab came, and no number"},
		{"two numbers", swipe(t, k, "12\n34\n", ms), "more than one number"},
		{"more than a number can have", swipe(t, k, strings.Repeat("1", 300)+"\n", ms), "or one too long"},
		{"keys were lost", record("1E 01 1F 28"), "keys were lost"},
		{"a key of no layout", record("g04 28"), "no layout (us, fr, de, numpad, alt) has the key AltGr+A"},
	} {
		if got, err := hid.Learn(k.Descriptor, tt.swipe, "12"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %d proposals and %v, want %q", tt.name, len(got), err, tt.want)
		}
	}
	if _, err := hid.Learn([]byte{1}, nil, "12"); err == nil || !strings.Contains(err.Error(), "report descriptor") {
		t.Errorf("a descriptor that is none: %v", err)
	}
	if got, err := hid.Learn(nil, swipe(t, k, "12\n", ms), "12"); err != nil || len(got) == 0 {
		t.Errorf("without a descriptor: %v", err)
	}
}
