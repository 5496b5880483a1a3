package serialport

import (
	"bytes"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/line"
)

// The buffer that a badge was read into does not keep it.
func TestWhatWasReadIsWiped(t *testing.T) {
	dec, err := line.New(line.Options{})
	if err != nil {
		t.Fatal(err)
	}
	chunk, badges := []byte("0011223344\r\n"), 0
	(&Port{dec: dec}).feedChunk(time.Now(), chunk, func(e reader.Event) {
		if e.Kind == reader.KindCard && e.Card.Reveal() == "0011223344" {
			badges++
		}
	})
	if badges != 1 || !bytes.Equal(chunk, make([]byte, len(chunk))) {
		t.Errorf("%d badges were read, or the buffer still has it", badges)
	}
}
