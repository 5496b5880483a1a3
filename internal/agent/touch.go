package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/keypad"
	"badged/reader"
)

// panelName is how the keys of a panel are called in events and logs.
const panelName = "panel"

// typable reports whether a claim code may be typed on the panel: a site that binds unknown
// badges has offered it, or has just refused a code, and nobody is logged in.
func (a *Agent) typable(p *point) bool {
	if p.session != nil || a.opts.Index.Site().UnknownBadge != enroll.RouteBind {
		return false
	}
	return p.notice == enroll.BindOffered || p.notice == enroll.CodeRefused
}

// Type takes a key that was touched on the panel of a print point, as the keypad beside it
// would. The first digit begins a claim code, with or without a star before it. A key that
// the panel does not offer now is nothing.
func (a *Agent) Type(name string, k keypad.Key) {
	a.turn(context.Background(), func(ctx context.Context) {
		p := a.points[name]
		if p == nil || p.Kind != enroll.Print || k == keypad.Hash || !a.typable(p) {
			return
		}
		now := time.Now()
		a.configureKeys()
		for _, d := range p.devices {
			d.signal(reader.CueKey)
		}
		p.noticeEnds = latest(p.noticeEnds, now.Add(noticeTime)) // the keys stay under the finger
		if p.keys.Deadline().IsZero() && k != keypad.Star {
			p.keys.Press(now, keypad.Star)
		}
		a.entry(ctx, p.panel, p, p.keys.Press(now, k))
	})
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
