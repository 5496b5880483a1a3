package fleet_test

import (
	"slices"
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/wire"
)

// BenchmarkIngest measures durable events in frames of 16: signature, CBOR, SQLite
// and acknowledgement, with a window of frames on the way from several terminals.
func BenchmarkIngest(b *testing.B) {
	w := newWorld(b, b.TempDir())
	var all []*terminal
	var frames [][]fleet.Message
	for i := range 8 {
		x := w.join(string(rune('a' + i)))
		x.hello()
		var mine []fleet.Message
		for range b.N/8/16 + 1 {
			msg, err := wire.Seal(x.key, wire.Context{Site: siteID, Terminal: x.name, Dir: wire.Up, Kind: wire.MsgEvents},
				x.frame(wire.StreamEvents, slices.Repeat([]wire.Event{swipe()}, 16)...))
			if err != nil {
				b.Fatal(err)
			}
			mine = append(mine, fleet.Message{Terminal: x.name, Kind: wire.MsgEvents, Payload: msg})
		}
		all, frames = append(all, x), append(frames, mine)
	}
	b.ResetTimer()
	go func() {
		for n := range frames[0] {
			for i := range all {
				w.link.up <- frames[i][n]
			}
		}
	}()
	for _, x := range all {
		x.ack(func(a wire.Ack) bool { return a.Upto[1] == x.next[1]-1 })
	}
	b.ReportMetric(float64(len(frames)*len(frames[0])*16)/b.Elapsed().Seconds(), "events/s")
}
