package rs485

import (
	"context"
	"fmt"
	"time"

	"badged/internal/health"
	"badged/reader/osdp"
)

// A line counts as disturbed when more than noisyShare of the commands of a period had to be
// sent again, of at least noisyLeast commands.
const (
	noisyShare = 0.03
	noisyLeast = 20
)

// WatchNoise shows in health, every period, the OSDP readers whose commands are repeated
// because their line is disturbed. Nothing is lost yet, but somebody should check the cable
// before something is.
func (ls Lines) WatchNoise(ctx context.Context, every time.Duration) {
	before := map[*Reader]osdp.Line{}
	again := time.NewTicker(every)
	defer again.Stop()
	for len(ls.All) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		for _, r := range ls.readers() {
			var s osdp.Status
			if r.line.port.Do(ctx, func() { s, _ = r.line.host.Status(r.Unit.Address) }) == nil {
				ls.Health.Set(describeLine(r.Name, before[r], s.Line))
				before[r] = s.Line
			}
		}
	}
}

// describeLine describes the noise on a line between two counts.
func describeLine(name string, before, after osdp.Line) health.Item {
	it := health.Item{Name: "noise at reader " + name}
	sent, repeated := after.Sent-before.Sent, after.Repeated-before.Repeated
	if sent < noisyLeast || float64(repeated) <= noisyShare*float64(sent) {
		return it
	}
	it.State = health.Warn
	it.Text = fmt.Sprintf("the line of reader %s is disturbed: %d of 100 commands had to be sent again; nothing is lost, but badges are read later", name, (100*repeated+sent/2)/sent)
	it.Do = "look at the cable: 120 Ω between A and B at both ends and nowhere else, the ground wire, mains beside it; " +
		"if the reader is only slow, raise its option reply_timeout"
	return it
}
