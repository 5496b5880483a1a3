package syncsim

import (
	"fmt"
	"testing"
	"time"

	"badged/enroll"
	"badged/internal/clock"
	"badged/internal/secret"
	"badged/keypad"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// machine is a board's own clock.
type machine struct {
	wrong time.Duration // how far it is ahead
	dead  bool          // without a battery: it begins in 1970 at each start
}

// newClock makes the clock of a start, on what the disk has of the time.
func (b *box) newClock() *clock.Clock {
	started := time.Now()
	return clock.New(clock.Options{
		Kept: b.store.KeptTime(),
		Machine: func() (time.Time, time.Duration) {
			passed := time.Since(started)
			if b.board.dead {
				return time.Unix(0, 0).Add(passed), passed
			}
			return time.Now().Add(b.board.wrong), passed
		},
	})
}

// hearTime does what the agent does with the hub's time.
func (b *box) hearTime(at time.Time) {
	if !b.clock.HubTime(at) {
		b.machine.Unsettled(time.Now())
	}
	b.w.must(b.store.KeepTime(b.w.ctx(), b.clock.Kept()))
}

// jumpHub sets the hub's clock wrong by hours or weeks, for seconds or minutes.
func (w *world) jumpHub() {
	most := time.Hour
	if w.chance(0.5) {
		most = 20 * 24 * time.Hour
	}
	w.jumped = w.upTo(2*most) - most
	w.logf("the hub's clock is wrong by %v", w.jumped)
	w.after(w.upTo(4*time.Minute), func() { w.jumped = 0 })
}

// jumpBox sets the clock of a board wrong; at its next start it may begin in 1970.
func (w *world) jumpBox() {
	b := w.box()
	b.board = machine{wrong: w.upTo(4*time.Hour) - 2*time.Hour, dead: w.chance(0.5)}
	w.logf("the clock of %s is %+v", b.path, b.board)
}

// issueClaim gives a new member a claim, and its code.
func (w *world) issueClaim(last string, doors ...string) (code string, claim people.ID) {
	w.change(func(tx fleet.Tx) error {
		a, err := people.Add(tx.Tx.Tx.Tx, people.New{First: "Eve", Last: last, Lang: "en", State: people.Active})
		if err != nil {
			return err
		}
		c, err := access.IssueClaim(tx.Tx.Tx, siteKey, access.NewClaim{Account: people.HexID(a.ID), Doors: doors})
		code, claim = c.Code.Reveal(), c.ID
		return err
	})
	return code, claim
}

// typeCode types a code at the door of a box.
func (b *box) typeCode(code string) enroll.Decision {
	d := b.engine.Code(b.w.ctx(), front, keypad.Code{Text: secret.New(code)})
	b.recordEvents()
	return d
}

// checkTime: the clock of a box shows the true time.
func (w *world) checkTime(b *box) {
	if off := time.Until(b.clock.Now().Wall).Abs(); off > 2*time.Minute {
		w.wrong("the time of %s is wrong by %v: %+v", b.path, off, b.clock.Belief())
	}
}

// checkClaims: the hub's clock is right, and claims work at every terminal.
func (w *world) checkClaims() {
	code, _ := w.issueClaim("Claim")
	w.run(time.Now().Add(time.Minute))
	for _, b := range w.boxes {
		if b.removed || b.store == nil {
			continue
		}
		w.run(time.Now().Add(time.Second)) // two copies of a box do not do the same at once
		w.checkTime(b)
		if d := b.typeCode(code); d.Reason != enroll.AwaitCard {
			w.wrong("a claim does not work at %s: reason %d, %+v", b.path, d.Reason, b.clock.Belief())
		}
	}
	w.run(time.Now().Add(20 * time.Second)) // the hub hears of it
}

// Issue 14, 1.3: a hub whose clock is a year ahead, for seconds or for ten minutes, and right
// again: claims work, also at a board without a battery that starts meanwhile. (Before: every
// terminal that heard it refused every claim for a year.) A terminal that knew the time keeps
// it while a few seconds' answers contradict it.
func TestAWrongHubTimeSpoilsNoTerminal(t *testing.T) {
	for _, during := range []time.Duration{15 * time.Second, 10 * time.Minute} {
		t.Run(fmt.Sprint(during), func(t *testing.T) {
			scene(t, func(w *world) {
				w.boxes[1].board.dead = true
				w.runFor(time.Minute)
				w.jumped = 365 * 24 * time.Hour
				for _, b := range w.boxes[1:] {
					w.after(0, func() { b.start(b.copyDisk()) })
				}
				knows := w.boxes[0]
				w.after(0, func() { knows.goOffline(); knows.goOnline() }) // it says hello, and hears the time
				w.runFor(during)
				if during < time.Minute {
					w.checkTime(knows)
					if knows.clock.Belief().Doubt == "" {
						w.wrong("%s has not heard the wrong time", knows.path)
					}
				}
				w.jumped = 0
			})
		})
	}
}
