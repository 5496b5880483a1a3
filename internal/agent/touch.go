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

// pinKeysFor is how long the keys of a PIN stay on a panel that nobody touches.
const pinKeysFor = 20 * time.Second

// keysOf gives the keys that a panel offers while nobody is logged in: those of a PIN when
// somebody asked for them, or those of a claim code when a site that binds unknown badges has
// offered that, or has just refused a code.
func (a *Agent) keysOf(p *point) enroll.Keys {
	switch {
	case p.session != nil:
		return enroll.NoKeys
	case !p.pinKeys.IsZero() && a.takesPINs(p):
		return enroll.PINKeys
	case a.opts.Index.Site().UnknownBadge == enroll.RouteBind && (p.notice == enroll.BindOffered || p.notice == enroll.CodeRefused):
		return enroll.CodeKeys
	default:
		return enroll.NoKeys
	}
}

// takesPINs reports whether a PIN can be typed by touch: somebody has one, and the panel can
// be touched.
func (a *Agent) takesPINs(p *point) bool { return !p.NoKeyboard && a.opts.Index.HasPINs() }

// ShowPINKeys shows the keys of a PIN on the idle panel of a print point, or takes them away.
// What was typed before is forgotten, and so is a badge that waits for a claim code.
func (a *Agent) ShowPINKeys(name string, show bool) {
	a.turn(context.Background(), func(context.Context) {
		p := a.points[name]
		if p == nil || p.Kind != enroll.Print || p.session != nil || show && !a.takesPINs(p) {
			return
		}
		a.engine.Forget(p.Point)
		p.hidePINKeys()
		p.setNotice(enroll.ReasonNone, 0)
		if show {
			p.keepPINKeys(time.Now())
		} else {
			p.binds = time.Time{}
		}
		a.publishScreen(p)
	})
}

// keepPINKeys lets the keys of a PIN stay from now, and the badge that the PIN may add with them.
func (p *point) keepPINKeys(now time.Time) {
	p.pinKeys = now.Add(pinKeysFor)
	if !p.binds.IsZero() {
		p.binds = latest(p.binds, p.pinKeys)
	}
}

// hidePINKeys takes the keys of a PIN away, with what was typed.
func (p *point) hidePINKeys() {
	p.pinKeys = time.Time{}
	p.keys.Clear()
}

// Type takes a key that was touched on the panel of a print point, as the keypad beside it
// would. A key that the panel does not offer now is nothing.
func (a *Agent) Type(name string, k keypad.Key) {
	a.turn(context.Background(), func(ctx context.Context) {
		p := a.points[name]
		if p == nil || p.Kind != enroll.Print {
			return
		}
		keys := a.keysOf(p)
		if keys == enroll.NoKeys || keys == enroll.CodeKeys && k == keypad.Hash {
			return
		}
		a.configureKeys()
		for _, d := range p.devices {
			d.queueCue(reader.CueKey)
		}
		if keys == enroll.PINKeys {
			a.typePIN(ctx, p, k)
		} else {
			a.typeCode(ctx, p, k)
		}
	})
}

// typeCode takes a key of a claim code: the first digit begins one, with or without a star
// before it.
func (a *Agent) typeCode(ctx context.Context, p *point, k keypad.Key) {
	now := time.Now()
	p.noticeEnds = latest(p.noticeEnds, now.Add(noticeTime)) // the keys stay under the finger
	if p.keys.Deadline().IsZero() && k != keypad.Star {
		p.keys.Press(now, keypad.Star)
	}
	a.handleEntry(ctx, p.panel, p, p.keys.Press(now, k))
}

// typePIN takes a key of a PIN: a star clears it, and # ends it. One that is too short or too
// long to be a PIN is refused as a wrong one is.
func (a *Agent) typePIN(ctx context.Context, p *point, k keypad.Key) {
	now := time.Now()
	p.keepPINKeys(now)
	if k == keypad.Star {
		p.keys.Clear()
		a.publishScreen(p)
		return
	}
	r := p.keys.Press(now, k)
	if r.Kind == keypad.Reset {
		p.setNotice(enroll.PINUnknown, noticeTime)
	}
	a.handleEntry(ctx, p.panel, p, r)
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
