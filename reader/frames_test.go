package reader_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
)

// words is a Framer: frames start with < and end with >, ! is a fault, ? waits in silence.
type words struct {
	text  string
	quiet bool
}

func (w *words) Within() bool { return w.text != "" }

func (w *words) Stopped() (why reader.Why) {
	if !w.quiet {
		why = reader.Timeout
	}
	*w = words{}
	return why
}

func (w *words) Byte(b byte) (c reader.Card, why reader.Why) {
	w.text += string(b)
	switch b {
	case '!':
		*w = words{}
		return c, reader.BadFrame
	case '?':
		w.quiet = true
	case '>':
		c = reader.TextCard(w.text)
		*w = words{}
	}
	return c, ""
}

func TestFrames(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		times      reader.FrameTimes
		chunks     []string // 100 ms apart
	}{
		{"a badge that stays", "0s card", reader.FrameTimes{}, []string{"<1>", "", "<1>", "", "", "", "<1>"}},
		{"a badge that was away", "0s card, 500ms card", reader.FrameTimes{}, []string{"<1>", "", "", "", "", "<1>"}},
		{"away for the time given", "0s card, 100ms card", reader.FrameTimes{Repeat: 100 * time.Millisecond}, []string{"<1>", "<1>"}},
		{"another badge", "0s card, 0s card, 0s card", reader.FrameTimes{}, []string{"<1><2><1>"}},
		{"a fault", "0s faultframing, 0s card", reader.FrameTimes{}, []string{"!<1>"}},
		{"a pause that a frame may have", "400ms card", reader.FrameTimes{}, []string{"<", "", "1", "", ">"}},
		{"a frame that stops", "350ms faulttimeout, 400ms card", reader.FrameTimes{}, []string{"<", "1", "", "", "<1>"}},
		{"a frame that stops for the time given", "50ms faulttimeout", reader.FrameTimes{Timeout: 50 * time.Millisecond}, []string{"<", ""}},
		{"silence that ends without a word", "300ms card", reader.FrameTimes{}, []string{"?", "", "", "<1>"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := reader.NewFrames(&words{}, tt.times)
			start := time.Unix(0, 0)
			var got []string
			for i, c := range tt.chunks {
				d.Feed(start.Add(time.Duration(i)*100*time.Millisecond), []byte(c), func(e reader.Event) {
					got = append(got, fmt.Sprintf("%v %s%s", e.At.Sub(start), e.Kind, e.Why))
				})
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}
