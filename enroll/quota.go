package enroll

import (
	"context"
	"time"

	"badged/internal/clock"
	"badged/reader"
)

// quota is one bound on the accounts that this terminal makes for unknown cards.
type quota struct {
	name   reader.Why // in events
	window time.Duration
	limit  func(Site) int
}

// quotas are counted per terminal; the site's own bound (quotaSite) counts accounts that
// nobody has made their own.
var quotas = [...]quota{
	{"burst", 10 * time.Minute, func(s Site) int { return s.QuotaBurst }},
	{"day", 24 * time.Hour, func(s Site) int { return s.QuotaDay }},
}

const quotaSite reader.Why = "site"

func (q quota) tallyName() string { return "new-accounts-" + string(q.name) }

// toldTally is the name of the counter that remembers which closing was reported.
func toldTally(name reader.Why) string { return "new-accounts-told-" + string(name) }

// currentTally returns the tally of the present window.
func (q quota) currentTally(t Tally, now time.Time) Tally {
	switch {
	case t.Since.IsZero() || now.Sub(t.Since) >= q.window:
		return Tally{Since: now}
	case now.Before(t.Since): // the clock was set back: the window restarts with the same count
		t.Since = now
	}
	return t
}

// Closing says why no account is made for an unknown card at the moment.
type Closing struct {
	Quota reader.Why // "burst", "day" or "site"
	Limit int
	Ends  time.Time // zero: when accounts are claimed, end, or the limit is raised
}

// reachedQuotas are the quotas that are reached.
func reachedQuotas(site Site, tallies []Tally, unclaimed int, now time.Time) (out []Closing) {
	if unclaimed >= site.QuotaSite {
		out = append(out, Closing{Quota: quotaSite, Limit: site.QuotaSite})
	}
	for i, q := range quotas {
		if t := q.currentTally(tallies[i], now); t.Count >= int64(q.limit(site)) {
			out = append(out, Closing{q.name, q.limit(site), t.Since.Add(q.window)})
		}
	}
	return out
}

// Closed returns the quota that keeps a point from making accounts for unknown cards; of
// several, the one that lasts longest. closed is false if there is none.
func (e *Engine) Closed(ctx context.Context, p Point) (last Closing, closed bool) {
	if e.routeOf(p) != RouteCreate {
		return last, false
	}
	if e.tallies == nil && e.store.View(ctx, e.readTallies) != nil {
		return last, false // the store fails, which is told apart
	}
	at := e.clock.Now()
	for _, c := range reachedQuotas(e.index.Site(), e.tallies, e.index.Unclaimed(at), at.Wall) {
		if !closed || !last.Ends.IsZero() && c.Ends.After(last.Ends) {
			last, closed = c, true
		}
	}
	return last, closed
}

func (e *Engine) readTallies(tx Tx) (err error) {
	e.tallies, err = readTallies(tx)
	return err
}

func readTallies(tx Tx) ([]Tally, error) {
	tallies := make([]Tally, len(quotas))
	for i, q := range quotas {
		var err error
		if tallies[i], err = tx.Tally(q.tallyName()); err != nil {
			return nil, err
		}
	}
	return tallies, nil
}

// spending is what one new account does to the quotas.
type spending struct {
	tallies []Tally
	refused bool
}

// spendQuotas counts one new account of this terminal, unless a quota is reached. It records an
// event about a reached quota once, when it is used up or, at the latest, when it refuses
// somebody.
func (e *Engine) spendQuotas(tx Tx, p Point, at clock.Stamp) (s spending, err error) {
	site, unclaimed := e.index.Site(), e.index.Unclaimed(at)
	if s.tallies, err = readTallies(tx); err != nil {
		return s, err
	}
	s.refused = len(reachedQuotas(site, s.tallies, unclaimed, at.Wall)) > 0
	if !s.refused {
		unclaimed++
	}
	for i, q := range quotas {
		s.tallies[i] = q.currentTally(s.tallies[i], at.Wall)
		if !s.refused {
			s.tallies[i].Count++
		}
		if err := tx.PutTally(q.tallyName(), s.tallies[i]); err != nil {
			return s, err
		}
	}
	return s, e.tellClosings(tx, p, reachedQuotas(site, s.tallies, unclaimed, at.Wall))
}

// tellClosings reports each closing that was not reported before, and forgets the site's
// once it is over.
func (e *Engine) tellClosings(tx Tx, p Point, closed []Closing) error {
	siteClosed := false
	for _, c := range closed {
		siteClosed = siteClosed || c.Quota == quotaSite
		if err := e.tellClosing(tx, p, c); err != nil {
			return err
		}
	}
	if siteClosed {
		return nil
	}
	t, err := tx.Tally(toldTally(quotaSite))
	if err != nil || t == (Tally{}) {
		return err
	}
	return tx.PutTally(toldTally(quotaSite), Tally{})
}

func (e *Engine) tellClosing(tx Tx, p Point, c Closing) error {
	t, err := tx.Tally(toldTally(c.Quota))
	if err != nil || t.Count > 0 && t.Since.Equal(c.Ends.Truncate(time.Millisecond)) {
		return err
	}
	ev := e.newEvent(p, EventDevice, Outcome(0), AccountsClosed)
	ev.Why, ev.Count = c.Quota, uint64(c.Limit)
	if err := tx.PutTally(toldTally(c.Quota), Tally{Count: 1, Since: c.Ends}); err != nil {
		return err
	}
	return tx.Append(ev)
}
