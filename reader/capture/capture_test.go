package capture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/reader"
	"badged/reader/capture"
	"badged/reader/rdm6300"
	"badged/reader/readertest"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

var header = capture.Header{Device: "a reader", Firmware: "1.2", Date: "2025-11-21", How: "by hand: twice"}

func write(t testing.TB, chunks ...capture.Chunk) string {
	t.Helper()
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, header, t0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		w.Tap(c.Bytes, t0.Add(c.At))
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func read(text string) (h capture.Header, chunks []capture.Chunk, err error) {
	r, err := capture.NewReader(strings.NewReader(text))
	if err != nil {
		return h, nil, err
	}
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Header(), chunks, nil
		}
		if err != nil {
			return r.Header(), chunks, err
		}
		chunks = append(chunks, c)
	}
}

func TestFileIsAsWritten(t *testing.T) {
	got := write(t, capture.Chunk{At: 0, Bytes: []byte{2, 0xAB}}, capture.Chunk{At: 65500 * time.Microsecond, Bytes: []byte{3}})
	want := "# device: a reader\n# firmware: 1.2\n# date: 2025-11-21\n# how: by hand: twice\n@0 02AB\n@65.5 03\n"
	if got != want {
		t.Errorf("got %q", got)
	}
	h, chunks, err := read(got)
	if err != nil || h != header || len(chunks) != 2 || chunks[1].At != 65500*time.Microsecond || !bytes.Equal(chunks[0].Bytes, []byte{2, 0xAB}) {
		t.Errorf("read back %+v, %d chunks, %v", h, len(chunks), err)
	}
}

func TestLongReadsBecomeLines(t *testing.T) {
	long := bytes.Repeat([]byte{7}, capture.MaxChunk+1)
	_, chunks, err := read(write(t, capture.Chunk{Bytes: long}))
	if err != nil || len(chunks) != 2 || len(chunks[0].Bytes)+len(chunks[1].Bytes) != len(long) {
		t.Errorf("%d chunks, %v", len(chunks), err)
	}
}

func TestTimesNeverFall(t *testing.T) {
	text := write(t, capture.Chunk{Bytes: []byte{1}}, capture.Chunk{At: time.Second, Bytes: []byte{2}}, capture.Chunk{At: 0, Bytes: []byte{3}})
	if _, chunks, err := read(text); err != nil || chunks[2].At != time.Second {
		t.Errorf("a clock that was set back: %v", err)
	}
}

// Times may be those of a clock, and anything blank parts them from the bytes.
func TestOnlyDifferencesOfTimesCount(t *testing.T) {
	for name, text := range map[string]string{
		"since the start":    "@3500 01\n@3565.5 02\n",
		"since 1970":         "@1700000000000 01\n@1700000000065.5 02\n",
		"tabs":               "@0\t01\n@65.5\t 02\n",
		"a byte order mark":  "\uFEFF@0 01\r\n@65.5 02\r\n",
		"a mark at a header": "\uFEFF# device: x\n@0 01\n@65.5 02\n",
	} {
		h, chunks, err := read(text)
		if err != nil || len(chunks) != 2 || chunks[0].At != 0 || chunks[1].At != 65500*time.Microsecond || !bytes.Equal(chunks[1].Bytes, []byte{2}) {
			t.Errorf("%s: %v, %v", name, chunks, err)
		}
		if marked := strings.Contains(text, "device"); marked != (h.Device == "x") {
			t.Errorf("%s: the header is %+v", name, h)
		}
	}
	if _, chunks, err := read("@1700000000000 01\n@1700086400000 02\n"); err != nil || chunks[1].At != capture.MaxTime {
		t.Errorf("a whole day: %v", err)
	}
}

func TestWhatIsNoCapture(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no hex", "@0 0G\n", "line 1: not hex"},
		{"half a byte", "\n@0 012\n", "line 2: not hex"},
		{"no time", "# device: x\n0102\n", "line 2: the time is missing"},
		{"falling time", "@5 01\n@4 01\n", "line 2: its time is before that of the line above"},
		{"strange time", "@x 01\n", "line 1: a time is"},
		{"negative time", "@-1 01\n", "a time is"},
		{"time without a number", "@ 01\n", "a time is"},
		{"too many decimals", "@1.0001 01\n", "a time is"},
		{"endless time", "@99999999999999999999 01\n", "a time is"},
		{"a time that no Duration holds", "@9223372036854.776 01\n", "a time is"},
		{"more than a day", "@1700000000000 01\n@1700086400000.001 02\n", "line 2: its time is more than 24h0m0s after that of the first line"},
		{"long chunk", "@0 " + strings.Repeat("00", capture.MaxChunk+1) + "\n", "at most 4096 bytes"},
		{"long line", "@0 " + strings.Repeat("0", 100_000), "line 1: longer than"},
		{"long header", "# how: " + strings.Repeat("x", 300) + "\n", "how has more than 200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := read(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, chunks, err := read(""); err != nil || len(chunks) != 0 {
		t.Errorf("an empty file: %v", err)
	}
	if _, chunks, err := read("# only: a comment\n\n# how: x"); err != nil || len(chunks) != 0 {
		t.Errorf("a header alone: %v", err)
	}
	if _, chunks, err := read("@0 01\n# a note\n\n@1 02"); err != nil || len(chunks) != 2 {
		t.Errorf("a note between chunks: %d, %v", len(chunks), err)
	}
}

func TestParseChunkWithoutATime(t *testing.T) {
	if c, timed, err := capture.ParseChunk(" 0aFF "); err != nil || timed || !bytes.Equal(c.Bytes, []byte{0x0A, 0xFF}) {
		t.Errorf("%v, timed %v", err, timed)
	}
}

func TestWriterRefusesAHeaderOfTwoLines(t *testing.T) {
	if _, err := capture.NewWriter(io.Discard, capture.Header{How: "a\n@0 00"}, t0); err == nil {
		t.Error("a header brought a chunk along")
	}
}

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestAFullDiskIsTold(t *testing.T) {
	w, err := capture.NewWriter(&full{2}, header, t0)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.Tap([]byte{1}, t0)
	}
	if w.Chunks() != 1 || w.Err() == nil || !strings.Contains(w.Err().Error(), "no space") {
		t.Errorf("%d chunks, %v", w.Chunks(), w.Err())
	}
	if _, err := capture.NewWriter(&full{0}, header, t0); err == nil {
		t.Error("the header was not written")
	}
}

func TestSampleDecodes(t *testing.T) {
	f, err := os.Open("../../testdata/captures/rdm6300-made.capture")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := capture.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Header().How, "NOT taken from a device") {
		t.Error("the sample does not say that it was made")
	}
	var got []string
	err = r.Decode(rdm6300.New(rdm6300.Options{}), t0, func(e reader.Event) {
		got = append(got, fmt.Sprintf("%v %s%s", e.At.Sub(t0), e.Kind, e.Why))
	})
	want := "0s card, 380ms faulttimeout, 1.20025s card, 2.4s faultchecksum"
	if err != nil || strings.Join(got, ", ") != want {
		t.Errorf("got %s, %v", strings.Join(got, ", "), err)
	}
}

// What a port brings, written by the tap and played back, gives the same events.
func TestRecordAndPlayback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := []readertest.Step{
			{Bytes: []byte("\x0262E3")},
			{After: 20 * time.Millisecond, Bytes: []byte("086CED08\x03")},
			{After: time.Second, Bytes: []byte("\x026F0")},
			{After: time.Second, Bytes: []byte("\x026F007B39725F\x03")},
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		var live []reader.Event
		var file bytes.Buffer
		w, err := capture.NewWriter(&file, header, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		tap := tapped{rdm6300.New(rdm6300.Options{}), w}
		start := time.Now()
		if err := readertest.NewPort("hall", tap, steps...).Run(ctx, func(e reader.Event) { live = append(live, e) }); err != nil {
			t.Fatal(err)
		}
		r, err := capture.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		var played []reader.Event
		if err := r.Decode(rdm6300.New(rdm6300.Options{}), start, func(e reader.Event) { played = append(played, e) }); err != nil {
			t.Fatal(err)
		}
		live = live[1:] // KindUp is the port's, not the decoder's
		if len(live) != 3 || len(played) != 3 {
			t.Fatalf("%d events live, %d played", len(live), len(played))
		}
		for i := range live {
			if !live[i].At.Equal(played[i].At) || live[i].Kind != played[i].Kind || live[i].Card != played[i].Card || live[i].Why != played[i].Why {
				t.Errorf("event %d differs: %s %s", i, live[i].Kind, played[i].Kind)
			}
		}
	})
}

// tapped writes down what it is fed.
type tapped struct {
	reader.Decoder
	w *capture.Writer
}

func (d tapped) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.w.Tap(p, at)
	d.Decoder.Feed(at, p, emit)
}

func TestReplayKeepsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := write(t, capture.Chunk{At: 0, Bytes: []byte{1}}, capture.Chunk{At: time.Second, Bytes: []byte{2}}, capture.Chunk{At: 3 * time.Second, Bytes: []byte{3}})
		for _, tt := range []struct {
			speed float64
			want  string
		}{{1, "0s 1s 3s"}, {2, "0s 500ms 1.5s"}} {
			r, err := capture.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			begin, got := time.Now(), []string(nil)
			err = r.Replay(t.Context(), tt.speed, func([]byte) error {
				got = append(got, time.Since(begin).String())
				return nil
			})
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("speed %v: %v, %v", tt.speed, got, err)
			}
		}
	})
}

func TestReplayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := write(t, capture.Chunk{Bytes: []byte{1}}, capture.Chunk{At: time.Hour, Bytes: []byte{2}})
		r, _ := capture.NewReader(strings.NewReader(text))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		n := 0
		if err := r.Replay(ctx, 1, func([]byte) error { n++; return nil }); err != nil || n != 1 {
			t.Errorf("end of context: %d sent, %v", n, err)
		}
		r, _ = capture.NewReader(strings.NewReader(text))
		if err := r.Replay(t.Context(), 1, func([]byte) error { return errors.New("gone") }); err == nil || !strings.Contains(err.Error(), "line 5: gone") {
			t.Errorf("a device that went: %v", err)
		}
		if err := r.Replay(t.Context(), 0, nil); err == nil {
			t.Error("a speed of nothing")
		}
	})
}

// FuzzReader: what is read can be written, and reads back the same.
func FuzzReader(f *testing.F) {
	sample, err := os.ReadFile("../../testdata/captures/rdm6300-made.capture")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(sample))
	f.Add("@1.5 00\n\n# x\n@2 FF")
	f.Fuzz(func(t *testing.T, text string) {
		h, chunks, err := read(text)
		if err != nil {
			return
		}
		var out bytes.Buffer
		w, err := capture.NewWriter(&out, h, t0)
		if err != nil {
			return // a lone CR inside a value
		}
		kept := chunks[:0]
		for _, c := range chunks {
			w.Tap(c.Bytes, t0.Add(c.At))
			if len(c.Bytes) > 0 {
				kept = append(kept, c)
			}
		}
		h2, chunks2, err := read(out.String())
		if err != nil || h2 != h || fmt.Sprint(chunks2) != fmt.Sprint(kept) {
			t.Errorf("%d chunks became %d, %v", len(kept), len(chunks2), err)
		}
	})
}
