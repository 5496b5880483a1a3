package hub

import (
	"cmp"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"badged/sync/wire"
)

// Why a card is in conflict, for operators.
const (
	ConflictTaken      = "card_taken"       // a terminal refused it: it is somebody else's
	ConflictBoundTwice = "bound_twice"      // two terminals bound it to two accounts
	ConflictClaimUsed  = "claim_used_twice" // two terminals used one claim
	ConflictClaimOver  = "claim_ended"      // the claim had ended, or been ended, unknown to the terminal
	ConflictNoClaim    = "no_such_claim"    // not a claim of this account
	ConflictAccount    = "account_inactive" // the account may own no card now
	ConflictDead       = "card_dead"        // lost, replaced or revoked before
)

// happening is one event with where it comes from.
type happening struct {
	tx  Tx
	src Source
	rec Record
	ev  wire.Event
}

// at is when it happened, or, from a terminal that does not know the time, when the
// hub heard of it.
func (e happening) at() time.Time {
	if e.ev.Clock == wire.ClockUnknown || e.ev.At <= 0 {
		return e.rec.Received
	}
	return moment(e.ev.At)
}

// soonest is when it happened, as far as the hub can believe it: a terminal whose clock is
// ahead ends no account.
func (e happening) soonest() time.Time {
	if at := e.at(); at.Before(e.rec.Received) {
		return at
	}
	return e.rec.Received
}

// assurance is how well the terminal knew the card that it bound. One that does not say,
// or says what this version does not know, had a serial number and no more.
func (e happening) assurance() wire.Assurance {
	if !wire.Known(e.ev.Assurance) {
		return wire.AssuranceUID
	}
	return e.ev.Assurance
}

// effects changes what terminals share, in the transaction that stores the event. It
// fails only when the store does: an event that makes no sense changes nothing.
func (h *Hub) effects(e happening) error {
	granted := e.ev.Outcome == wire.OutcomeGranted
	switch {
	case e.ev.Kind == wire.EventEnrolment && e.ev.Reason == wire.ReasonNewAccount && granted:
		return h.newAccount(e)
	case e.ev.Kind == wire.EventEnrolment && e.ev.Reason == wire.ReasonClaimBound && granted:
		return h.claimBound(e)
	case e.ev.Reason == wire.ReasonCardTaken:
		return cardTaken(e)
	case e.ev.Kind == wire.EventEdit && e.ev.Edit != nil:
		return h.edited(e)
	case e.ev.Kind == wire.EventPresentation && e.ev.Reason == wire.ReasonCodeRefused && e.ev.Count == 0: // not the sum of those that are not listed
		return h.wrongCode(e)
	case e.ev.Kind == wire.EventDevice && e.ev.Reason == wire.ReasonClaimsClosed:
		return h.claimsClosed(e)
	default:
		return nil
	}
}

// newAccount makes anonymN of an unknown card. Two terminals that met the card while
// offline made the same account: the number that came first is its name, the other
// an alias. A provisional account gets its number here. An account that had lapsed begins
// anew: nothing of the former one stays but its number, which nobody gets again.
func (h *Hub) newAccount(e happening) error {
	account, ok1 := idOf(e.ev.Account)
	card, ok2 := idOf(e.ev.Card)
	if !ok1 || !ok2 || account != h.siteKey.Anonymous(card) {
		h.log.Warn("an anonymous account is not that of its card", "terminal", e.src.Terminal, "order", e.ev.Order)
		return nil
	}
	number, err := acceptNumber(e, account)
	if err != nil {
		return err
	}
	a, found, err := get[wire.Account](e.tx, wire.Accounts, account[:])
	if err != nil {
		return err
	}
	if found && lapsed(a, e.soonest()) {
		found, err = false, purge(e.tx, map[ID]bool{account: true}, e.rec.Received)
	}
	if err != nil {
		return err
	}
	if !found {
		err = addAnonymous(e, account, number)
	} else if number > 0 {
		err = addAliases(e.tx, account, number)
	}
	if err != nil {
		return err
	}
	return bind(e, card, account, wire.BindingActive)
}

// acceptNumber gives the number that a terminal gave, or 0 if it had none to give:
// no lease, or one that a restored database spent twice.
func acceptNumber(e happening, account ID) (uint64, error) {
	n := e.ev.Number
	if n == 0 {
		return 0, nil
	}
	lent, err := useNumber(e.tx, e.src, n, e.rec.Received)
	if err != nil || !lent {
		return 0, err
	}
	owner, err := e.tx.AssignNumber(n, account)
	if err != nil || owner != account {
		return 0, err
	}
	return n, nil
}

func addAnonymous(e happening, account ID, number uint64) (err error) {
	if number == 0 {
		if number, err = takeNumbers(e.tx, 1); err != nil {
			return err
		}
		if _, err = e.tx.AssignNumber(number, account); err != nil {
			return err
		}
	}
	s, err := site(e.tx)
	if err != nil {
		return err
	}
	life := time.Duration(s.AnonymousLife) * time.Second
	return put(e.tx, wire.Accounts, account[:], wire.Account{
		Kind: wire.KindAnonymous, State: wire.AccountActive, Number: number, Lang: langOf(e, s),
		Expires: millis(e.at().Add(life)),
	})
}

// langOf is the language of a new account: what the panel spoke, or else the site's.
func langOf(e happening, s wire.Site) string {
	if e.ev.Edit != nil && isLang(e.ev.Edit.Lang) {
		return cmp.Or(e.ev.Edit.Lang, s.Lang)
	}
	return s.Lang
}

// claimBound uses a claim up and binds its card. A claim serves one card: what a
// second terminal bound with it while offline is contested, and so is what was bound
// with a claim that had ended.
func (h *Hub) claimBound(e happening) error {
	account, ok1 := idOf(e.ev.Account)
	card, ok2 := idOf(e.ev.Card)
	claim, ok3 := idOf(e.ev.Claim)
	if !ok1 || !ok2 || !ok3 {
		h.log.Warn("a claim was used without account, card or claim", "terminal", e.src.Terminal, "order", e.ev.Order)
		return nil
	}
	why, err := useClaim(e, claim, account, card)
	if err != nil {
		return err
	}
	if why != "" {
		return contest(e, card, account, why)
	}
	s, err := site(e.tx)
	if err != nil {
		return err
	}
	state := wire.BindingActive
	if s.Confirm != wire.ConfirmNone {
		state = wire.BindingPending
	}
	return bind(e, card, account, state)
}

// useClaim moves a live claim to used, or says why the card cannot be had with it.
func useClaim(e happening, id, account, card ID) (why string, err error) {
	c, err := e.tx.Claim(id)
	if isMissing(err) {
		return ConflictNoClaim, nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case c.Account != account:
		return ConflictNoClaim, nil
	case c.State == wire.ClaimUsed && c.Card != card:
		return ConflictClaimUsed, nil
	case c.State == wire.ClaimVoid, c.State == wire.ClaimLive && !c.Ends.After(usedAt(e, c)):
		return ConflictClaimOver, nil
	case c.State == wire.ClaimLive:
		c.Card = card
		if err := endClaim(e.tx, c, wire.ClaimUsed, e.rec.Received); err != nil {
			return "", err
		}
	}
	a, found, err := get[wire.Account](e.tx, wire.Accounts, account[:])
	if err == nil && (!found || !mayOwn(a)) {
		why = ConflictAccount
	}
	return why, err
}

// usedAt is when a claim was used. A terminal that was away reports late, so its own
// time counts; but nobody used a claim before it was issued, so a clock that says so
// was set back, and what counts is when the hub heard of it.
func usedAt(e happening, c ClaimRecord) time.Time {
	if at := e.at(); !at.Before(c.Issued) {
		return at
	}
	return e.rec.Received
}

// contest makes a card useless until an operator decides, and puts it before one.
// A dead card stays dead.
func contest(e happening, card, account ID, why string) error {
	c, found, err := get[wire.Binding](e.tx, wire.Cards, card[:])
	if err != nil {
		return err
	}
	if !found {
		c = wire.Binding{Account: account, Assurance: e.assurance()}
	}
	if c.State < wire.BindingLost && (!found || ID(c.Account) != account) {
		c.State = wire.BindingContested
		if err := put(e.tx, wire.Cards, card[:], c); err != nil {
			return err
		}
	}
	return note(e, card, c.Account, account, why, false)
}

// cardTaken tells the operator of a card that a terminal refused to bind, because it
// is somebody else's. The claim that it was refused to has ended with that.
func cardTaken(e happening) error {
	account, ok1 := idOf(e.ev.Account)
	card, ok2 := idOf(e.ev.Card)
	if !ok1 || !ok2 {
		return nil
	}
	if err := endRefused(e, account); err != nil {
		return err
	}
	c, _, err := get[wire.Binding](e.tx, wire.Cards, card[:])
	if err != nil {
		return err
	}
	return note(e, card, c.Account, account, ConflictTaken, false)
}

// endRefused voids the account's live claim that an event names.
func endRefused(e happening, account ID) error {
	id, ok := idOf(e.ev.Claim)
	if !ok {
		return nil
	}
	c, err := e.tx.Claim(id)
	switch {
	case isMissing(err):
		return nil
	case err != nil, c.Account != account, c.State != wire.ClaimLive:
		return err
	}
	return endClaim(e.tx, c, wire.ClaimVoid, e.rec.Received)
}

func note(e happening, card, account, other ID, why string, resolved bool) error {
	return e.tx.AddConflict(Conflict{
		Card: card, Account: account, Other: other, Terminal: e.src.Terminal,
		Why: why, At: e.at(), Resolved: resolved,
	})
}

// The longest texts of a profile, in bytes (RFC 5321 §4.5.3.1 for the address).
const (
	maxName  = 200
	maxEmail = 254
)

// edited keeps both versions of a profile and puts the new one in force. Within a
// terminal, edits come in order; between terminals, the last to arrive wins.
func (h *Hub) edited(e happening) error {
	id, ok := idOf(e.ev.Account)
	if !ok {
		return nil
	}
	a, found, err := get[wire.Account](e.tx, wire.Accounts, id[:])
	if err == nil && !found {
		a, found, err = h.bringBack(e, id)
	}
	if err != nil || !found {
		return err
	}
	err = e.tx.AddEdit(EditRecord{
		Account: id, Terminal: e.src.Terminal, Order: e.ev.Order, At: e.at(),
		Before: wire.Edit{Name: a.Name, Email: a.Email, Lang: a.Lang}, After: *e.ev.Edit,
	})
	if err != nil || !mayOwn(a) || !sane(*e.ev.Edit) {
		return err
	}
	a.Name, a.Email, a.Lang = e.ev.Edit.Name, e.ev.Edit.Email, e.ev.Edit.Lang
	if a.Kind == wire.KindAnonymous && a.Email != "" {
		a.Expires = 0 // somebody's own now
	}
	return put(e.tx, wire.Accounts, id[:], a)
}

// sane reports whether a profile can be shown to people.
func sane(p wire.Edit) bool {
	return len(p.Name) <= maxName && len(p.Email) <= maxEmail && isLang(p.Lang) && isText(p.Name) && isText(p.Email)
}

func isLang(s string) bool { return s == "" || s == "fr" || s == "en" }

func isText(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// wrongCode counts a code that was refused while a claim was live against the site's
// guess budget. When it is spent, claiming by keypad closes until an operator
// acknowledges.
func (h *Hub) wrongCode(e happening) error {
	s, err := site(e.tx)
	if err != nil || s.ClaimsClosed {
		return err
	}
	live, err := anyClaimAt(e.tx, e.at())
	if err != nil || !live {
		return err
	}
	name := guessCounter(s)
	n, err := e.tx.Counter(name)
	if err != nil {
		return err
	}
	n++
	if err := e.tx.SetCounter(name, n); err != nil || n < s.GuessBudget {
		return err
	}
	return h.closeClaims(e, s)
}

// claimsClosed takes the word of a terminal at which the whole budget was spent: what is
// closed there must be closed everywhere, and be seen. One that speaks of a time before
// an operator opened claiming changes nothing.
func (h *Hub) claimsClosed(e happening) error {
	s, err := site(e.tx)
	if err != nil || s.ClaimsClosed || e.ev.Count != s.ClaimsEpoch {
		return err
	}
	return h.closeClaims(e, s)
}

// closeClaims closes claiming by keypad until an operator opens it.
func (h *Hub) closeClaims(e happening, s wire.Site) error {
	h.log.Error("the guess budget is spent: claiming by keypad is closed until `badgehub site reopen`", "terminal", e.src.Terminal)
	s.ClaimsClosed = true
	return put(e.tx, wire.Config, siteKey, s)
}

func guessCounter(s wire.Site) string { return fmt.Sprintf("guesses/%d", s.ClaimsEpoch) }

// mayOwn reports whether an account can get a card or a profile. A kind or a state
// that this version does not know can get none.
func mayOwn(a wire.Account) bool {
	return (a.Kind == wire.KindPerson || a.Kind == wire.KindAnonymous) && a.State >= wire.AccountCreated && a.State < wire.AccountSuspended
}

func idOf(b []byte) (id ID, ok bool) {
	if len(b) != len(id) {
		return id, false
	}
	return ID(b), true
}
