package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"badged/enroll"
	"badged/keypad"
)

// noticeTime is how long a panel says why a presentation was refused.
const noticeTime = 6 * time.Second

// session is somebody who is logged in at a print point.
//
//	        Login             sign out, idle, longest time, any other card,
//	                          card or account no longer good
//	(none) -------> (session) ---------------------------------------------> (none)
//	                 |     ^
//	                 +-----+ the same account logs in: goes on
type session struct {
	id      string
	account enroll.Account
	card    enroll.CardID // that opened it
	lang    string        // picked before it began; empty: none
	clear   bool          // large text and strong contrast
	created bool          // the account was made by the presentation that opened it
	adding  time.Time     // until then the next badge is added to the account; zero: none is
	waits   bool          // the badge that was added must be confirmed
	ends    time.Time     // if nothing happens
	last    time.Time     // whatever happens
}

// Screen is what the panel of a print point shows; false: there is no such point. It
// is safe for concurrent use, as are the other methods of a panel.
func (a *Agent) Screen(name string) (enroll.Screen, bool) {
	p := a.points[name]
	if p == nil || p.Kind != enroll.Print {
		return enroll.Screen{}, false
	}
	return *p.screen.Load(), true
}

// Watch sends after every change of Screen; changes may come as one. stop ends it.
func (a *Agent) Watch(name string) (ch <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	p := a.points[name]
	if p == nil {
		return c, func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers == nil {
		p.watchers = map[chan struct{}]struct{}{}
	}
	p.watchers[c] = struct{}{}
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watchers, c)
	}
}

// Edit saves the profile of who is logged in. Errors: *enroll.FieldError,
// enroll.ErrNoSession, or the store's.
func (a *Agent) Edit(ctx context.Context, name, sessionID string, ed enroll.Edit) error {
	return a.doInTurn(ctx, func(ctx context.Context) error {
		p := a.inSession(ctx, name, sessionID)
		if p == nil {
			return enroll.ErrNoSession
		}
		if p.session.account.Owes(a.opts.Index.Notice()) {
			return enroll.ErrNoticeFirst
		}
		account, err := a.engine.Edit(ctx, p.Point, p.session.account.ID, p.session.card, ed)
		if errors.Is(err, enroll.ErrNotAllowed) { // taken away just now
			a.logout(ctx, p, enroll.AccountInactive)
			a.publishScreen(p)
			return enroll.ErrNoSession
		}
		if err != nil {
			return err
		}
		p.session.account, p.session.created = account, false
		a.prolongSession(p)
		return nil
	})
}

// Answer records the person's answer to a version of the privacy notice. A refusal ends the
// session, and nothing but the refusal is written. Errors: enroll.ErrNoSession,
// enroll.ErrNoticeOld, or the store's.
func (a *Agent) Answer(ctx context.Context, name, sessionID string, version uint64, agrees bool) error {
	return a.doInTurn(ctx, func(ctx context.Context) error {
		p := a.inSession(ctx, name, sessionID)
		if p == nil {
			return enroll.ErrNoSession
		}
		return a.recordAnswer(ctx, p, version, agrees)
	})
}

// recordAnswer stores the answer, and prolongs the session or ends it.
func (a *Agent) recordAnswer(ctx context.Context, p *point, version uint64, agrees bool) error {
	account, err := a.engine.Answer(ctx, p.Point, p.session.account.ID, p.session.card, version, agrees)
	switch {
	case errors.Is(err, enroll.ErrNoticeOld):
		a.prolongSession(p)
	case errors.Is(err, enroll.ErrNotAllowed):
		a.logout(ctx, p, enroll.AccountInactive)
		err = enroll.ErrNoSession
	case !agrees: // also if it cannot be written
		a.closeSession(p, enroll.NoticeRefused)
	case err == nil:
		p.session.account = account
		a.prolongSession(p)
	}
	a.publishScreen(p)
	return err
}

// answerByKey handles a key of the keypad as an answer to the notice where nobody can type on
// the panel: # agrees and * refuses. It reports whether the key was an answer.
func (a *Agent) answerByKey(ctx context.Context, p *point, k keypad.Key) bool {
	if !p.NoKeyboard || p.session == nil || a.owedNotice(p) == nil || p.session.created || k != keypad.Hash && k != keypad.Star {
		return false
	}
	_ = a.recordAnswer(ctx, p, a.opts.Index.Notice().Version, k == keypad.Hash) // the panel shows whether it went well
	return true
}

// owedNotice is the notice that the person who is logged in must agree to first; nil: none.
func (a *Agent) owedNotice(p *point) *enroll.Notice {
	n := a.opts.Index.Notice()
	if !p.session.account.Owes(n) {
		return nil
	}
	return &n
}

// SignOut ends a session. enroll.ErrNoSession: it had ended before.
func (a *Agent) SignOut(ctx context.Context, name, sessionID string) error {
	return a.doInTurn(ctx, func(ctx context.Context) error {
		p := a.inSession(ctx, name, sessionID)
		if p == nil {
			return enroll.ErrNoSession
		}
		a.logout(ctx, p, enroll.SignedOut)
		a.publishScreen(p)
		return nil
	})
}

// Touch prolongs the session, because the person is active.
func (a *Agent) Touch(name, sessionID string) {
	a.turn(context.Background(), func(ctx context.Context) {
		if p := a.inSession(ctx, name, sessionID); p != nil {
			a.prolongSession(p)
		}
	})
}

// inSession returns the point at which this session runs; nil: it has ended, or ends now because
// its card or account may no longer log in.
func (a *Agent) inSession(ctx context.Context, name, id string) *point {
	p := a.points[name]
	if p == nil || p.session == nil || p.session.id != id || a.endBad(ctx, p) {
		return nil
	}
	return p
}

// showDecision shows a decision on the panel.
func (a *Agent) showDecision(ctx context.Context, p *point, dec enroll.Decision) {
	switch {
	case dec.Login:
		offered := !p.binds.IsZero() && dec.Reason == enroll.KnownPIN
		p.setNotice(enroll.ReasonNone, 0)
		a.login(ctx, p, dec)
		if offered && a.owedNotice(p) == nil {
			a.awaitBadge(p)
		}
		if dec.Reason == enroll.ClaimBound {
			p.setNotice(dec.Reason, noticeTime)
		}
	case dec.Outcome == enroll.Waiting:
		p.setNotice(dec.Reason, a.opts.Index.Site().ClaimWindow)
		if dec.Reason == enroll.BindOffered {
			p.binds = p.noticeEnds
		}
	default:
		p.setNotice(dec.Reason, noticeTime)
	}
	a.publishScreen(p)
}

// setNotice replaces the notice on the panel for a time. ReasonNone removes it.
func (p *point) setNotice(r enroll.Reason, during time.Duration) {
	p.notice, p.noticeEnds = r, time.Time{}
	if r != enroll.ReasonNone {
		p.noticeEnds = time.Now().Add(during)
	}
}

// endOthers ends the session of a point where a card was presented, unless the card logs
// in to the same account: whoever holds it must see nothing of who was there before.
func (a *Agent) endOthers(ctx context.Context, p *point, dec enroll.Decision) {
	if p.session == nil || dec.Login && dec.Account.ID == p.session.account.ID {
		return
	}
	a.logout(ctx, p, enroll.SessionReplaced)
	a.publishScreen(p)
}

// endBad ends a session if its card or its account may no longer log in, and reports
// whether it did.
func (a *Agent) endBad(ctx context.Context, p *point) bool {
	why := a.engine.MayStay(p.Point, p.session.card, p.session.account.ID)
	if why == enroll.ReasonNone {
		return false
	}
	a.logout(ctx, p, why)
	a.publishScreen(p)
	return true
}

// login opens a session, or goes on with that of the same account.
func (a *Agent) login(ctx context.Context, p *point, dec enroll.Decision) {
	if p.session != nil && p.session.account.ID != dec.Account.ID {
		a.logout(ctx, p, enroll.SessionReplaced)
	}
	if p.session == nil {
		p.session = &session{id: rand.Text(), lang: p.picked.lang, clear: p.picked.clear}
		p.picked = picked{}
	}
	p.pinKeys, p.binds = time.Time{}, time.Time{}
	p.session.account, p.session.card = dec.Account, dec.Card
	p.session.created = dec.Reason == enroll.NewAccount
	p.session.last = time.Now().Add(a.opts.Index.Site().SessionMax)
	a.prolongSession(p)
}

// logout ends the session of a point with an event. Nothing of it stays: no notice, no typed
// key, no code that waits for a card. The panel shows why, unless another person is there.
func (a *Agent) logout(ctx context.Context, p *point, why enroll.Reason) {
	a.report(ctx, enroll.Event{Kind: enroll.EventSession, Reason: why, Point: p.Name, Account: p.session.account.ID})
	a.closeSession(p, why)
}

// closeSession ends the session of a point without an event.
func (a *Agent) closeSession(p *point, why enroll.Reason) {
	p.session = nil
	p.keys.Clear()
	if why == enroll.SessionReplaced {
		p.setNotice(enroll.ReasonNone, 0)
		return
	}
	a.engine.Forget(p.Point)
	p.setNotice(why, noticeTime)
}

// prolongSession restarts the idle time of a session, but not beyond its longest time.
func (a *Agent) prolongSession(p *point) {
	p.session.ends = earlier(time.Now().Add(a.opts.Index.Site().SessionIdle), p.session.last)
	a.publishScreen(p)
}

// prolongIfOpen prolongs the session of a point, if there is one.
func (a *Agent) prolongIfOpen(p *point) {
	if p.session != nil {
		a.prolongSession(p)
	}
}

// deadline is when expire has something to do; zero: never.
func (p *point) deadline() time.Time {
	next := earlier(earlier(p.noticeEnds, p.picked.ends), earlier(p.pinKeys, p.binds))
	if p.session != nil {
		next = earlier(earlier(next, p.session.ends), p.session.adding)
	}
	return next
}

// expirePoint ends a session, notice or picked language of a point whose time is over.
func (a *Agent) expirePoint(ctx context.Context, p *point, now time.Time) {
	if p.session != nil && a.endBad(ctx, p) || !due(p.deadline(), now) {
		return
	}
	if due(p.noticeEnds, now) {
		p.setNotice(enroll.ReasonNone, 0)
	}
	if due(p.picked.ends, now) {
		p.picked = picked{}
	}
	if due(p.pinKeys, now) {
		p.hidePINKeys()
	}
	if due(p.binds, now) {
		p.binds = time.Time{}
	}
	if p.session != nil && due(p.session.adding, now) {
		p.session.adding = time.Time{}
	}
	switch {
	case p.session == nil:
	case due(p.session.last, now):
		a.logout(ctx, p, enroll.SessionLimit)
	case due(p.session.ends, now):
		a.logout(ctx, p, enroll.SessionIdle)
	}
	a.publishScreen(p)
}

// refreshSessions applies the hub's changes to the sessions: it shows a new name, and logs out a card
// or an account that may no longer log in.
func (a *Agent) refreshSessions(ctx context.Context) {
	a.placeState()
	for _, p := range a.order {
		if p.Kind != enroll.Print {
			continue
		}
		if p.session != nil && !a.endBad(ctx, p) {
			if account, err := a.opts.Account(ctx, p.session.account.ID); err == nil {
				p.session.account = account
			}
		}
		a.publishScreen(p)
	}
}

// publishScreen updates the screen of a point and notifies its watchers.
func (a *Agent) publishScreen(p *point) {
	site := a.opts.Index.Site()
	s := &enroll.Screen{
		Rev: 1, Notice: p.notice, EditProfile: site.EditProfile, Lang: a.lang(p), Clear: p.clear(),
		Site: cmp.Or(site.Name, a.opts.Site), Ask: site.Ask, ClaimWindow: site.ClaimWindow, ReaderDown: p.readerDown(),
		Keys: a.keysOf(p), PINs: a.takesPINs(p), Binds: !p.binds.IsZero(), CodeDigits: site.CodeDigits, PINDigits: site.PINLength,
		Typed: p.keys.Typed(), NoKeyboard: p.NoKeyboard,
	}
	if old := p.screen.Load(); old != nil {
		s.Rev = old.Rev + 1
	}
	if p.session != nil {
		s.Session, s.Account, s.New, s.Ends = p.session.id, p.session.account, p.session.created, p.session.ends
		s.Offers, s.Offering, s.Privacy = a.opts.Index.OffersFor(s.Account), a.opts.Index.Offering(), a.owedNotice(p)
		s.ByPIN, s.Adding, s.Replaces, s.Waits = p.session.card.IsZero(), !p.session.adding.IsZero(), site.OneCard, p.session.waits
	}
	p.screen.Store(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}
