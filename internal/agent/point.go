package agent

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"badged/enroll"
	"badged/keypad"
	"badged/reader"
)

// point is one place where people present credentials. Only screen and watchers are
// touched outside a turn.
type point struct {
	enroll.Point
	keys    *keypad.Collector
	door    *doorUnit // of a door point
	devices []*device
	panel   *device // of a print point: the keys that are touched

	session    *session // of a print point; nil: nobody is logged in
	notice     enroll.Reason
	noticeEnds time.Time
	picked     picked
	pinKeys    time.Time // until then the panel shows the keys of a PIN; zero: it does not
	binds      time.Time // until then a PIN adds the badge that was offered to be bound; zero: none was

	screen   atomic.Pointer[enroll.Screen]
	mu       sync.Mutex // guards watchers
	watchers map[chan struct{}]struct{}
}

// applyDecision applies a decision. The relay goes first.
func (a *Agent) applyDecision(ctx context.Context, d *device, p *point, dec enroll.Decision) {
	if dec.Open {
		a.grantDoor(ctx, p.door)
	}
	for _, dev := range p.devices {
		dev.queueCue(dec.Cue)
	}
	if p.Kind == enroll.Print {
		a.showDecision(ctx, p, dec)
	}
	if a.opts.Decided != nil && !dec.Counted {
		who := Decided{Point: p.Name, Decision: dec}
		if d != nil {
			who.Reader = d.name
		}
		a.opts.Decided(who)
	}
}

// handleEntry handles the result of a key or of a pause; after a pause d is nil and the result a
// reset. The panel then shows the number of typed digits.
func (a *Agent) handleEntry(ctx context.Context, d *device, p *point, r keypad.Result) {
	defer r.Wipe() // the decision was the last that needed the digits
	switch r.Kind {
	case keypad.CodeDone:
		a.decideEntry(ctx, d, func(p enroll.Point) enroll.Decision { return a.engine.Code(ctx, p, r.Code) })
	case keypad.PINDone:
		a.decideEntry(ctx, d, func(p enroll.Point) enroll.Decision { return a.engine.PIN(ctx, p, r.PIN) })
	case keypad.Reset:
		for _, dev := range p.devices {
			dev.queueCue(reader.CueReset)
		}
	}
	if p.Kind == enroll.Print {
		a.publishScreen(p)
	}
}

// configureKeys applies the site's lengths of claim codes and PINs to the keypads.
func (a *Agent) configureKeys() {
	c := keypadOf(a.opts.Index.Site())
	if c == a.keypad {
		return
	}
	a.keypad = c
	for _, p := range a.order {
		p.keys.Configure(c)
	}
}

func keypadOf(s enroll.Site) keypad.Config {
	return keypad.Config{CodeDigits: s.CodeDigits, PINLen: s.PINLength}
}
