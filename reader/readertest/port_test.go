package readertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/reader"
	"badged/reader/rdm6300"
	"badged/reader/readertest"
)

func TestPortPlaysItsScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		p := readertest.NewPort("hall", rdm6300.New(rdm6300.Options{}),
			readertest.Step{After: time.Second, Bytes: []byte("\x0262E3086CED08\x03")},
			readertest.Step{After: time.Second, Bytes: []byte("\x0262E3")},
			readertest.Step{After: time.Second, Err: gone},
			readertest.Step{After: time.Second, Bytes: []byte("\x026F007B39725F\x03")},
		)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		begin := time.Now()
		var got []string
		emit := func(e reader.Event) { got = append(got, fmt.Sprintf("%v %s%s", e.At.Sub(begin), e.Kind, e.Why)) }
		if err := p.Run(ctx, emit); !errors.Is(err, gone) {
			t.Errorf("the device that fails: %v", err)
		}
		if err := p.Run(ctx, emit); err != nil || ctx.Err() == nil {
			t.Errorf("the end: %v", err)
		}
		want := "0s up, 1s card, 2.25s faulttimeout, 3s downlost, 3s up, 4s card"
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	})
}
