package rdm6300_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/rdm6300"
	"badged/reader/readertest"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	seeed = "\x0262E3086CED08\x03"
	eev   = "\x026F007B39725F\x03"
)

// others are the frames of modules that end them otherwise: those of the vectors, with
// their start and end exchanged.
func others(frames [][]byte, start byte, digits int, tail string) (out [][]byte) {
	for _, f := range frames {
		out = append(out, append(append([]byte{start}, f[1:1+digits]...), tail...))
	}
	return out
}

func vectors(tb testing.TB) (frames [][]byte, want []reader.Event) {
	tb.Helper()
	for _, v := range readertest.Serial(tb, "rdm6300") {
		frames = append(frames, v.Bytes)
		want = append(want, reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.EM4100, "EM4100", 40, readertest.Unhex(tb, v.Card))})
	}
	return frames, want
}

func TestContract(t *testing.T) {
	frames, want := vectors(t)
	if len(frames) < 3 {
		t.Fatal("the vectors are missing")
	}
	readertest.Decoder(t, readertest.Contract{
		New:      func() reader.Decoder { return rdm6300.New(rdm6300.Options{}) },
		Frames:   frames,
		Want:     want,
		Checksum: true,
		Garbage: [][]byte{
			{0}, {0xFF}, {0x03}, []byte("noise"), []byte("62E3086CED08"),
			{0x02}, {0x02, 0x02, 0x02}, {0x02, 0x03}, []byte("\x0262E3"), []byte("\x0262E3086CED07\x03"),
			bytes.Repeat([]byte("F"), 1000),
		},
	})
}

func TestID12Contract(t *testing.T) {
	frames, want := vectors(t)
	readertest.Decoder(t, readertest.Contract{
		New:      func() reader.Decoder { return rdm6300.New(rdm6300.Options{Framing: rdm6300.ID12}) },
		Frames:   others(frames, 0x02, 12, "\r\n\x03"),
		Want:     want,
		Checksum: true,
		Garbage: [][]byte{
			{0}, {0xFF}, {0x03}, []byte("noise\r\n"), {0x02}, {0x02, 0x02}, []byte("\r\n\x03"), frames[0],
			[]byte("\x0262E3"), []byte("\x0262E3086CED08\r"), []byte("\x0262E3086CED07\r\n\x03"), bytes.Repeat([]byte("F"), 1000),
		},
	})
}

func TestParallaxContract(t *testing.T) {
	frames, want := vectors(t)
	readertest.Decoder(t, readertest.Contract{
		New:    func() reader.Decoder { return rdm6300.New(rdm6300.Options{Framing: rdm6300.Parallax}) },
		Frames: others(frames, '\n', 10, "\r"),
		Want:   want,
		Garbage: [][]byte{
			{0}, {0xFF}, {'\r'}, []byte("noise\r"), {'\n'}, {'\n', '\n'}, []byte("\n62E3\r"), []byte("\n62e3086ced\r"),
			frames[0], bytes.Repeat([]byte("F"), 1000),
		},
	})
}

// bare are the frames of the vectors without start and end, as EM-18 modules send them.
func bare(frames [][]byte) (out [][]byte) {
	for _, f := range frames {
		out = append(out, f[1:13])
	}
	return out
}

// summed are the frames of the vectors with the checksum as one byte, as copies send them.
func summed(frames [][]byte, cards []reader.Event) (out [][]byte) {
	for i, f := range frames {
		var sum byte
		for _, b := range cards[i].Card.Raw() {
			sum ^= b
		}
		out = append(out, append(append([]byte{2}, f[1:11]...), sum, 3))
	}
	return out
}

// TestFramesWithoutStartAndEnd (issue 7, 2.6): twelve digits between two pauses keep the contract.
func TestFramesWithoutStartAndEnd(t *testing.T) {
	frames, want := vectors(t)
	readertest.Decoder(t, readertest.Contract{
		New: func() reader.Decoder { return rdm6300.New(rdm6300.Options{}) }, Frames: bare(frames), Want: want, Checksum: true,
		Garbage: [][]byte{{0}, {0xFF}, {0x02}, {0x03}, []byte("noise"), []byte("62E3"), []byte("62E3086CED07"), bytes.Repeat([]byte("F"), 1000)},
	})
}

// TestChecksumOfOneByte (issue 7, 2.6): a checksum that is one byte keeps the contract.
func TestChecksumOfOneByte(t *testing.T) {
	frames, want := vectors(t)
	readertest.Decoder(t, readertest.Contract{
		New: func() reader.Decoder { return rdm6300.New(rdm6300.Options{}) }, Frames: summed(frames, want), Want: want, Checksum: true,
		Garbage: [][]byte{{0}, {0xFF}, {0x02}, {0x03}, {0x02, 0x03}, []byte("noise"), []byte("\x0262E3086CED"), []byte("\x0262E3086CED\x09\x03")},
	})
}

// TestLooseFrames (issue 7, 2.6): 0B00A41F52 is the badge of an EM-18.
func TestLooseFrames(t *testing.T) {
	const em18 = "0B00A41F52E2"
	for _, tt := range []struct {
		name   string
		pieces []any
		want   string
	}{
		{"between two pauses", []any{0, em18, 51, ""}, "card "},
		{"byte by byte", []any{0, "0", 1, "B00", 40, "A41F52E", 89, "2", 140, ""}, "card "},
		{"a badge that stays", []any{0, em18, 65, em18, 130, em18, 200, ""}, "card "},
		{"two badges", []any{0, em18, 65, seeed[1:13], 200, ""}, "card card "},
		{"without a pause behind", []any{0, em18, 40, "0"}, "faultlength "},
		{"without a pause in front", []any{0, "x" + em18, 100, ""}, "faultframing "},
		{"after noise and a pause", []any{0, "\xff\xff", 60, em18, 120, ""}, "faultframing card "},
		{"right behind a frame", []any{0, seeed + em18, 100, ""}, "card faultframing "},
		{"with an end", []any{0, em18 + "\x03", 100, ""}, "faultframing "},
		{"with the end later", []any{0, em18, 51, "\x03"}, "card faultframing "},
		{"a wrong sum", []any{0, "0B00A41F52E3", 51, ""}, "faultchecksum "},
		{"a digit too few", []any{0, em18[:11], 51, "", 250, ""}, "faulttimeout "},
		{"lower case", []any{0, "0b00a41f52e2", 100, ""}, "faultframing "},
		{"a frame in it", []any{0, "0B00" + seeed}, "faultframing card "},
		{"a sum of one byte", []any{0, "\x020B00A41F52\xe2\x03"}, "card "},
		{"which is a digit", []any{0, "\x0200380000008\x03"}, "card "},
		{"a digit that is no sum", []any{0, "\x0200380000009\x03"}, "faultlength "},
		{"which is a start", []any{0, "\x020200000000\x02\x03"}, "card "},
		{"which is an end", []any{0, "\x020300000000\x03\x03"}, "card "},
		{"a start in place of it", []any{0, "\x020200000000" + seeed}, "faultframing card "},
		{"a start behind it", []any{0, "\x020B00A41F52\xe2" + seeed}, "faultframing card "},
		{"a wrong sum of one byte", []any{0, "\x020B00A41F52\xe3\x03"}, "faultdigit "},
		{"nothing behind it", []any{0, "\x020B00A41F52\xe2", 300, ""}, "faulttimeout "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(rdm6300.New(rdm6300.Options{}), tt.pieces...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for _, framing := range []rdm6300.Framing{rdm6300.ID12, rdm6300.Parallax} {
		if got := play(rdm6300.New(rdm6300.Options{Framing: framing}), 0, em18[:10], 100, em18, 200, ""); got != "faultframing " {
			t.Errorf("framing %d takes a loose frame: %q", framing, got)
		}
	}
}

// A frame without an end is a card as soon as the pause behind it is over, with the time of its
// last byte.
func TestPauseBehindALooseFrame(t *testing.T) {
	d := rdm6300.New(rdm6300.Options{})
	play(d, 0, "0B00A41F52", 10, "E2")
	at := t0.Add(10 * time.Millisecond)
	if due := at.Add(reader.Rest); !d.Deadline().Equal(due) {
		t.Fatalf("deadline in %v", d.Deadline().Sub(t0))
	}
	var got []reader.Event
	d.Tick(d.Deadline(), func(e reader.Event) { got = append(got, e) })
	if len(got) != 1 || got[0].Card.Hex() != "0B00A41F52" || !got[0].At.Equal(at) || !d.Deadline().IsZero() {
		t.Errorf("%d events", len(got))
	}
}

// play feeds pieces that start with their time in milliseconds, and shows the
// events: "card", "checksum" and so on.
func play(d *reader.Frames, pieces ...any) string {
	var out bytes.Buffer
	emit := func(e reader.Event) { fmt.Fprint(&out, e.Kind, e.Why, " ") }
	for i := 0; i < len(pieces); i += 2 {
		at := t0.Add(time.Duration(pieces[i].(int)) * time.Millisecond)
		d.Feed(at, []byte(pieces[i+1].(string)), emit)
	}
	return out.String()
}

func TestABadgeThatStaysIsOnePresentation(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pieces []any
		want   string
	}{
		{"repeats", []any{0, seeed, 65, seeed, 130, seeed, 230, seeed}, "card "},
		{"stays for long", []any{0, seeed, 499, seeed, 998, seeed, 1497, seeed}, "card "},
		{"was away", []any{0, seeed, 500, seeed}, "card card "},
		{"another in between", []any{0, seeed, 65, eev, 130, seeed}, "card card card "},
		{"one repeat is broken", []any{0, seeed, 65, "\x0262E3086CED09\x03", 130, seeed}, "card faultchecksum "},
		{"one repeat is cut", []any{0, seeed, 65, "\x0262E3", 130, seeed}, "card faultframing "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(rdm6300.New(rdm6300.Options{}), tt.pieces...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	short := rdm6300.New(rdm6300.Options{Times: reader.FrameTimes{Repeat: 100 * time.Millisecond}})
	if got := play(short, 0, seeed, 65, seeed, 165, seeed); got != "card card " {
		t.Errorf("repeat of 100 ms: %q", got)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"wrong sum", "\x0262E3086CED09\x03", "faultchecksum "},
		{"too short", "\x0262E3086CED0\x03", "faultlength "},
		{"too long", "\x0262E3086CED080\x03", "faultlength "},
		{"a letter that is no digit", "\x0262E3O86CED08\x03", "faultdigit "},
		{"lower case", "\x0262e3086ced08\x03", "faultdigit "},
		{"no end", "\x0262E3086CED08\xff", "faultframing "},
		{"a frame in a frame", "\x0262E3" + seeed, "faultframing card "},
		{"noise is one fault", "\xff\xff\xffnoise", "faultframing "},
		{"and does not hide the badge", "\xff\xff" + seeed + "\xff\xff", "faultframing card faultframing "},
		{"a frame that ends early is over", "\x0262E3\x03noise", "faultlength faultframing "},
		{"starts without a frame", "\x02\x02\x02", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(rdm6300.New(rdm6300.Options{}), 0, tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAFrameThatStops(t *testing.T) {
	d := rdm6300.New(rdm6300.Options{})
	play(d, 0, "\x02", 10, "62E3")
	due := t0.Add(10*time.Millisecond + reader.DefaultPause)
	if !d.Deadline().Equal(due) {
		t.Fatalf("deadline in %v", d.Deadline().Sub(t0))
	}
	var got []reader.Event
	emit := func(e reader.Event) { got = append(got, e) }
	d.Tick(due.Add(-1), emit)
	if len(got) != 0 {
		t.Error("a tick before the deadline did something")
	}
	d.Tick(due, emit)
	if len(got) != 1 || got[0].Why != reader.Timeout || !d.Deadline().IsZero() {
		t.Errorf("%d events", len(got))
	}
	// The port may bring the rest before it brings the tick.
	if s := play(rdm6300.New(rdm6300.Options{}), 0, "\x0262E3", 250, seeed[5:], 260, seeed); s != "faulttimeout faultframing card " {
		t.Errorf("late rest: %q", s)
	}
}

// FuzzDecoder: what comes out as a card is a frame of the input, and a split
// changes nothing.
func FuzzDecoder(f *testing.F) {
	frames, want := vectors(f)
	for i, list := range [][][]byte{frames, others(frames, 2, 12, "\r\n\x03"), others(frames, '\n', 10, "\r"), bare(frames), summed(frames, want)} {
		for _, frame := range list {
			f.Add(frame, 5, uint8(i%3))
			f.Add(slices.Concat(frame[3:], frame), 2, uint8(i%3))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, cut int, framing uint8) {
		opts := rdm6300.Options{Framing: rdm6300.Framing(framing % 3)}
		whole := cards(opts, in)
		cut = min(max(cut, 0), len(in))
		if got := cards(opts, in[:cut], in[cut:]); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Error("a split changes the cards")
		}
		start := []byte{2, 2, '\n'}[framing%3]
		for _, text := range whole {
			bare := framing%3 == 0 && (bytes.HasPrefix(in, []byte(text)) || bytes.HasPrefix(in[cut:], []byte(text)))
			if !bytes.Contains(in, append([]byte{start}, text...)) && !bare {
				t.Error("a card that was not sent")
			}
		}
	})
}

func cards(opts rdm6300.Options, chunks ...[]byte) (texts []string) {
	d := rdm6300.New(opts)
	emit := func(e reader.Event) {
		if e.Kind == reader.KindCard {
			texts = append(texts, e.Card.Hex())
		}
	}
	for _, c := range chunks {
		d.Feed(t0, c, emit)
	}
	if due := d.Deadline(); !due.IsZero() {
		d.Tick(due, emit)
	}
	return texts
}
