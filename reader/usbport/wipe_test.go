package usbport

import (
	"bytes"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/line"
)

// The buffer that a report was read into does not keep it.
func TestWhatWasReadIsWiped(t *testing.T) {
	dec, err := line.New(line.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report, badges := []byte("0011223344\r\n"), 0
	s := &pump{dec: dec, emit: func(e reader.Event) {
		if e.Kind == reader.KindCard && e.Card.Reveal() == "0011223344" {
			badges++
		}
	}}
	s.feedReport(time.Now(), report)
	if badges != 1 || !bytes.Equal(report, make([]byte, len(report))) {
		t.Errorf("%d badges were read, or the buffer still has it", badges)
	}
}
