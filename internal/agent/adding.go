package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/reader"
)

// AddBadge begins to add the next badge that is presented at the point to the account of a
// session, or stops it. Only a PIN opens a session in which that can be. Errors:
// enroll.ErrNoSession, enroll.ErrNoticeFirst.
func (a *Agent) AddBadge(ctx context.Context, name, sessionID string, begin bool) error {
	return a.do(ctx, func(ctx context.Context) error {
		p := a.inSession(ctx, name, sessionID)
		switch {
		case p == nil || !p.session.card.IsZero():
			return enroll.ErrNoSession
		case a.privacy(p) != nil:
			return enroll.ErrNoticeFirst
		case begin:
			a.awaitBadge(p)
		default:
			p.session.adding = time.Time{}
		}
		p.say(enroll.ReasonNone, 0)
		a.prolong(p)
		return nil
	})
}

// awaitBadge lets the next badge be added.
func (a *Agent) awaitBadge(p *point) {
	p.session.adding = time.Now().Add(a.opts.Index.Site().ClaimWindow)
}

// addBadge takes a badge for one to be added, and reports whether it is: the session of
// whoever waits for it goes on, whatever the badge is.
func (a *Agent) addBadge(ctx context.Context, d *device, n reader.Number, c reader.Card) bool {
	p := d.point
	if p.session == nil || p.session.adding.IsZero() || a.endBad(ctx, p) {
		return false
	}
	dec := a.engine.AddCard(ctx, p.Point, p.session.account.ID, n, c)
	p.session.adding, p.session.waits = time.Time{}, dec.Outcome == enroll.Waiting
	a.prolong(p)
	a.applyDecision(ctx, d, p, dec)
	p.say(dec.Reason, noticeTime)
	a.publish(p)
	a.countRead(d, readOutcome(dec))
	return true
}
