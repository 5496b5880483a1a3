package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// happening is one event with where it comes from.
type happening struct {
	tx       Tx
	terminal Terminal
	src      Source
	rec      Record
	ev       wire.Event
}

// at is when it happened, or when the hub heard of it, from a terminal that does not know the
// time or tells one before it was there: its clock stood still, or began in another year.
func (e happening) at() time.Time {
	at := Event{Record: e.rec, Event: e.ev}.When()
	if at.Before(e.terminal.Added) {
		return e.rec.Received
	}
	return at
}

// soonest is when it happened, as far as the hub can believe it: a terminal whose clock is
// ahead ends no account.
func (e happening) soonest() time.Time {
	if at := e.at(); at.Before(e.rec.Received) {
		return at
	}
	return e.rec.Received
}

// report is what the event says of a card; ok is false if it names no account or no card.
func (e happening) report() (r access.Report, ok bool) {
	account, ok1 := idOf(e.ev.Account)
	card, ok2 := idOf(e.ev.Card)
	claim, _ := idOf(e.ev.Claim)
	return access.Report{
		Terminal: e.terminal.Name, Doors: []string{cmp.Or(e.ev.Door, e.ev.Point)}, At: e.at(),
		Card: card, Account: account, Claim: claim, Assurance: access.Assurance(e.ev.Assurance.String()),
	}, ok1 && ok2
}

// applyEffects changes what terminals share, in the transaction that stores the event. It
// fails only when the store does: an event that makes no sense changes nothing.
func (h *Hub) applyEffects(e happening) error {
	granted := e.ev.Outcome == wire.OutcomeGranted
	switch {
	case e.ev.Kind == wire.EventEnrolment && e.ev.Reason == wire.ReasonNewAccount && granted:
		return h.addAnonymous(e)
	case e.ev.Kind == wire.EventEnrolment && e.ev.Reason == wire.ReasonClaimBound && granted:
		return h.useClaim(e)
	case e.ev.Kind == wire.EventEnrolment && e.ev.Reason == wire.ReasonCardAdded && granted:
		return h.addCard(e)
	case e.ev.Reason == wire.ReasonCardTaken:
		return refuseCard(e)
	case e.ev.Kind == wire.EventEdit && e.ev.Edit != nil:
		return h.applyEdit(e)
	case e.ev.Kind == wire.EventNotice:
		return h.keepAnswer(e)
	case e.ev.Kind == wire.EventPresentation && e.ev.Reason == wire.ReasonCodeRefused && e.ev.Count == 0: // not the sum of those that are not listed
		return h.countWrongCode(e)
	case e.ev.Kind == wire.EventDevice && e.ev.Reason == wire.ReasonClaimsClosed:
		return h.closeClaims(e)
	default:
		return nil
	}
}

// addAnonymous makes anonymN of an unknown card. Two terminals that met the card while
// offline made the same account: the number that came first is its name, the other
// an alias. A provisional account gets its number here. An account that had lapsed begins
// anew: nothing of the former one stays but its number, which nobody gets again.
func (h *Hub) addAnonymous(e happening) error {
	r, ok := e.report()
	if !ok || r.Account != h.siteKey.Anonymous(r.Card) {
		h.log.Warn("an anonymous account is not that of its card", "terminal", e.terminal.Name, "order", e.ev.Order)
		return nil
	}
	number, err := acceptNumber(e, r.Account)
	if err != nil {
		return err
	}
	a, found, err := findAccount(e.tx, r.Account)
	if err != nil {
		return err
	}
	over := found && a.Lapsed(e.soonest())
	if found && !over {
		over, err = access.BeginsAnew(e.tx.Tx.Tx, a, r.Card)
	}
	if err == nil && over {
		found, err = false, purge(e.tx, a.ID)
	}
	if err != nil {
		return err
	}
	if !found {
		if over, err := h.overQuota(e); over || err != nil {
			return err
		}
	}
	switch {
	case !found:
		err = makeAnonymous(e, r.Account, number, people.NewAnonymous)
	case number > 0:
		err = people.AddNumber(e.tx.Tx.Tx.Tx, a.ID)
	}
	if err != nil {
		return err
	}
	return access.Bind(e.tx.Tx.Tx, r)
}

// overQuota counts again what a terminal counts by itself: the accounts that it makes on a
// day, and those of the site that nobody has made their own. Beyond twice as many it is not
// believed, and what it reports makes no account: its clock may have been changed within the
// day, the quota with it, and several terminals may have been away.
func (h *Hub) overQuota(e happening) (bool, error) {
	s, err := access.Settings(e.tx.Tx.Tx)
	if err != nil {
		return false, err
	}
	name := fmt.Sprintf("accounts/%s/%s", e.terminal.Name, e.soonest().Format(time.DateOnly))
	made, err := e.tx.Counter(name)
	if err != nil {
		return false, err
	}
	unclaimed, err := e.tx.CountUnclaimed(2 * int(s.QuotaSite))
	if err != nil {
		return false, err
	}
	if made >= 2*uint64(s.QuotaDay) || unclaimed >= 2*int(s.QuotaSite) {
		h.log.Error("a terminal makes more accounts than it may: they are not believed", "terminal", e.terminal.Name,
			"made_that_day", made, "unclaimed_at_the_site", unclaimed)
		return true, nil
	}
	return false, e.tx.SetCounter(name, made+1)
}

// acceptNumber gives the number that a terminal gave, or 0 if it had none to give:
// no lease, or one that a restored database spent twice.
func acceptNumber(e happening, account ID) (uint64, error) {
	n := e.ev.Number
	if n == 0 {
		return 0, nil
	}
	lent, err := useNumber(e.tx, e.src, n)
	if err != nil || !lent {
		return 0, errors.Join(err, noteUnlent(e, n, account))
	}
	owner, err := e.tx.AssignNumber(n, account)
	if err != nil || owner == account {
		return n, err
	}
	return 0, e.tx.AddSeen(n, account) // a copy of the terminal told it to somebody else
}

// noteUnlent keeps the number that somebody was told, which the hub knows of no lease of, if
// the hub was put back to a backup once: it may have lent it after that.
func noteUnlent(e happening, n uint64, account ID) error {
	_, err := e.tx.LastAlarm(HubRestored, "")
	if err != nil || n > mostNumber {
		return orNone(err)
	}
	return e.tx.AddSeen(n, account)
}

// makeAnonymous makes an account for a person at a print point, who joins the groups of
// that route.
func makeAnonymous(e happening, id ID, number uint64, make func(people.Tx, people.NewAnon) (people.Account, error)) error {
	s, err := access.Settings(e.tx.Tx.Tx)
	if err != nil {
		return err
	}
	n := people.NewAnon{ID: id, Number: number, Lang: s.Lang, Expires: e.soonest().Add(s.AnonymousLife)}
	if e.ev.Edit != nil && profile.IsLang(e.ev.Edit.Lang) {
		n.Lang = e.ev.Edit.Lang // what the panel spoke
	}
	if _, err := make(e.tx.Tx.Tx.Tx, n); err != nil {
		return err
	}
	for _, g := range s.UnknownBadgeGroups {
		if err := e.tx.SetMember(g, id, true); err != nil {
			return err
		}
	}
	return nil
}

func findAccount(tx Tx, id ID) (a people.Account, found bool, err error) {
	a, err = tx.Account(id)
	if errors.Is(err, people.ErrNotFound) {
		return a, false, nil
	}
	return a, err == nil, err
}

// useClaim binds a card with a claim.
func (h *Hub) useClaim(e happening) error {
	r, ok := e.report()
	if !ok || r.Claim == (ID{}) {
		h.log.Warn("a claim was used without account, card or claim", "terminal", e.terminal.Name, "order", e.ev.Order)
		return nil
	}
	return access.UseClaim(e.tx.Tx.Tx, r)
}

// refuseCard tells the operator of a card that a terminal refused to bind.
func refuseCard(e happening) error {
	r, ok := e.report()
	if !ok {
		return nil
	}
	return access.RefuseCard(e.tx.Tx.Tx, r)
}

// applyEdit puts a profile in force that somebody changed at a panel. A terminal is believed
// only while people may edit there, and only of who logged in there.
func (h *Hub) applyEdit(e happening) error {
	id, ok := idOf(e.ev.Account)
	if !ok {
		return nil
	}
	_, found, err := findAccount(e.tx, id)
	if err == nil && !found {
		found, err = h.bringBack(e, id)
	}
	if err != nil || !found {
		return err
	}
	if why, err := h.refuseAtPanel(e, id, "edits"); err != nil || why != "" {
		h.log.Warn("an edit is refused: "+why, "terminal", e.terminal.Name, "point", e.ev.Point, "account", people.ShortID(id))
		return err
	}
	s, err := access.Settings(e.tx.Tx.Tx)
	if err != nil {
		return err
	}
	edit := people.Profile(*e.ev.Edit)
	if !s.EditProfile {
		edit, err = keepAllButLang(e.tx, id, edit)
	}
	if err != nil {
		return err
	}
	out, err := people.PanelEdit(e.tx.Tx.Tx.Tx, people.Typed{
		Account: id, Terminal: e.terminal.Name, Order: e.ev.Order, At: e.at(), Profile: edit,
	})
	if out.Unnamed {
		h.log.Warn("somebody emptied their name at a panel: their rights to doors rest until they have first and last name again",
			"terminal", e.terminal.Name, "account", people.ShortID(id))
	}
	if out.Waits {
		h.log.Warn("a name that was typed at a panel waits until its owner confirms it", "terminal", e.terminal.Name, "account", people.ShortID(id))
	}
	if out.MergeInto != (ID{}) {
		h.log.Warn("somebody typed an e-mail at a panel that is another's: it stays theirs", "terminal", e.terminal.Name,
			"account", people.ShortID(id), "owner", people.ShortID(out.MergeInto))
	}
	return err
}

// keepAllButLang is a profile where people may change their language only.
func keepAllButLang(tx Tx, id ID, edit people.Profile) (people.Profile, error) {
	a, err := tx.Account(id)
	return people.Profile{Name: a.FullName(), Email: cmp.Or(a.TypedEmail, a.Email), Lang: edit.Lang}, err
}

// bringBack makes an account again that was purged before the hub heard that somebody had
// made it their own, at a terminal that was away. The card says whose it is.
func (h *Hub) bringBack(e happening, id ID) (found bool, err error) {
	r, ok := e.report()
	if !ok || id != h.siteKey.Anonymous(r.Card) || e.ev.Edit.Email == "" {
		return false, nil
	}
	former, err := e.tx.LastNumber(id)
	if err != nil || former == 0 { // there never was such an account
		return false, err
	}
	if over, err := h.overQuota(e); over || err != nil {
		return false, err
	}
	if err := makeAnonymous(e, id, 0, people.BringBack); err != nil {
		return false, err
	}
	return true, access.Bind(e.tx.Tx.Tx, r)
}

func (h *Hub) countWrongCode(e happening) error {
	closed, err := access.CountWrongCode(e.tx.Tx.Tx, e.terminal.Name, e.at())
	h.logClosed(e, closed)
	return err
}

// closeClaims takes the word of a terminal at which the whole budget was spent.
func (h *Hub) closeClaims(e happening) error {
	closed, err := access.CloseClaims(e.tx.Tx.Tx, e.terminal.Name, e.ev.Count)
	h.logClosed(e, closed)
	return err
}

func (h *Hub) logClosed(e happening, closed bool) {
	if closed {
		h.log.Error("the guess budget is spent: claiming by keypad is closed until an operator opens it again", "terminal", e.terminal.Name)
	}
}

// purge removes an account with all that is its.
func purge(tx Tx, id ID) error {
	if err := access.Purge(tx.Tx.Tx, id); err != nil {
		return err
	}
	return people.Purge(tx.Tx.Tx.Tx, id)
}

// purgeLag is how long a lapsed account is kept: a session that began before its end may
// still make it somebody's own.
const purgeLag = time.Hour

// purgeLapsed removes the anonymous accounts that lapsed.
func (h *Hub) purgeLapsed(tx Tx) error {
	var lapsed []ID
	err := tx.EachLapsed(tx.Now.Add(-purgeLag), func(a people.Account) error {
		lapsed = append(lapsed, a.ID)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range lapsed {
		if err := purge(tx, id); err != nil {
			return err
		}
	}
	if len(lapsed) > 0 {
		h.log.Info("anonymous accounts that nobody made their own have ended", "accounts", len(lapsed))
	}
	return nil
}
