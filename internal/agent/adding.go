package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/reader"
)

// AddBadge lets the next badge at the point be added to the account of a session, or stops
// that. It needs a session that a PIN opened. Errors: enroll.ErrNoSession,
// enroll.ErrNoticeFirst.
func (a *Agent) AddBadge(ctx context.Context, name, sessionID string, begin bool) error {
	return a.doInTurn(ctx, func(ctx context.Context) error {
		p := a.inSession(ctx, name, sessionID)
		switch {
		case p == nil || !p.session.card.IsZero():
			return enroll.ErrNoSession
		case a.owedNotice(p) != nil:
			return enroll.ErrNoticeFirst
		case begin:
			a.awaitBadge(p)
		default:
			p.session.adding = time.Time{}
		}
		p.setNotice(enroll.ReasonNone, 0)
		a.prolongSession(p)
		return nil
	})
}

// awaitBadge lets the next badge be added.
func (a *Agent) awaitBadge(p *point) {
	p.session.adding = time.Now().Add(a.opts.Index.Site().ClaimWindow)
}

// addBadge adds a badge to the account of a session that waits for one, and reports whether
// there is such a session, which continues whatever the badge is.
func (a *Agent) addBadge(ctx context.Context, d *device, n reader.Number, c reader.Card) bool {
	p := d.point
	if p.session == nil || p.session.adding.IsZero() || a.endBad(ctx, p) {
		return false
	}
	dec := a.engine.AddCard(ctx, p.Point, p.session.account.ID, n, c)
	p.session.adding, p.session.waits = time.Time{}, dec.Outcome == enroll.Waiting
	a.prolongSession(p)
	a.applyDecision(ctx, d, p, dec)
	p.setNotice(dec.Reason, noticeTime)
	a.publishScreen(p)
	a.countRead(d, readOutcome(dec))
	return true
}
