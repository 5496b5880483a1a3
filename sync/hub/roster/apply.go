package roster

import (
	"cmp"
	"errors"
	"time"

	"badged/internal/profile"
	"badged/internal/secret"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// Outcome is what becomes of a line.
type Outcome string

// The outcomes.
const (
	Made    Outcome = "new"
	Changed Outcome = "changed"
	Same    Outcome = "same"
	Wrong   Outcome = "error"
)

// Result is what became of one line.
type Result struct {
	Line    int // in the file
	Outcome Outcome
	Account people.ID
	Refusal *refusal.Error   // of a wrong line: nothing of it is in
	Notes   []*refusal.Error // of groups and cards that could not be given; the rest is in
}

// Options are what a file does not say.
type Options struct {
	State people.State   // of new accounts: Created or Active
	Zone  *time.Location // in which days end
	// Give gives a card to an account and reports whether it did not have it. It is in the
	// same transaction as the line.
	Give func(a people.Account, number secret.Text) (changed bool, err error)
}

// batch is lines that are brought in together, in one transaction.
type batch struct {
	tx     people.Tx
	opt    Options
	groups map[string]people.Group // by the names in the file
}

// apply brings one line in. Whatever is refused becomes part of the result; an error is the
// store's.
func (b *batch) apply(l Line) (Result, error) {
	r := Result{Line: l.Number, Outcome: Wrong, Refusal: l.fault}
	if l.fault != nil {
		return r, nil
	}
	a, outcome, err := b.applyPerson(l)
	if errors.As(err, &r.Refusal) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Account, r.Outcome = a.ID, outcome
	for _, name := range l.Groups {
		if err := b.tryStep(&r, func() (bool, error) { return b.join(a.ID, name) }); err != nil {
			return r, err
		}
	}
	for _, number := range l.Cards {
		if err := b.tryStep(&r, func() (bool, error) { return b.opt.Give(a, number) }); err != nil {
			return r, err
		}
	}
	return r, nil
}

// tryStep does one thing for an account and keeps its refusal beside the result.
func (b *batch) tryStep(r *Result, do func() (changed bool, err error)) error {
	changed, err := do()
	if refused := (*refusal.Error)(nil); errors.As(err, &refused) {
		r.Notes = append(r.Notes, refused)
		return nil
	}
	if changed && r.Outcome == Same {
		r.Outcome = Changed
	}
	return err
}

// applyPerson makes or changes the account of a line.
func (b *batch) applyPerson(l Line) (people.Account, Outcome, error) {
	until, err := parseDay(l.Until, b.opt.Zone)
	if err != nil {
		return people.Account{}, Wrong, err
	}
	a, found, err := l.match(b.tx)
	if err != nil {
		return a, Wrong, err
	}
	if !found {
		a, err = people.Add(b.tx, people.New{
			First: l.First, Last: l.Last, Email: l.Email, Lang: l.Lang, External: l.External, Expires: until,
			State: b.opt.State, Source: people.ByImport,
		})
		return a, Made, err
	}
	changes, any := l.changes(a, until)
	if !any {
		return a, Same, nil
	}
	a, err = people.Change(b.tx, a.ID, changes)
	return a, Changed, err
}

// match finds the account of a line: by its external id, its e-mail, or, without both, by a
// full name that exactly one account has and that an operator gave. An address that somebody
// registered with and did not confirm may be a stranger's account: no line means it.
func (l Line) match(tx people.Tx) (a people.Account, found bool, err error) {
	if l.External != "" {
		accounts, err := tx.AccountsByExternal(l.External, 2)
		if err != nil || len(accounts) > 0 {
			return l.single(accounts, err)
		}
	}
	key, ok := people.EmailKey(profile.CleanEmail(l.Email))
	if ok {
		a, err := tx.AccountByEmail(key)
		if err == nil && a.IsUnconfirmed() {
			return a, false, refuse(CodeLineOpen, refusal.Fields{"address": a.Email})
		}
		if !errors.Is(err, people.ErrNotFound) {
			return a, err == nil, err
		}
	}
	if ok || l.External != "" {
		return a, false, nil
	}
	return l.single(tx.AccountsByName(people.NameKey(profile.JoinName(l.First, l.Last)), 2))
}

// single refuses to choose among namesakes, and to believe a name that nobody attests.
func (l Line) single(accounts []people.Account, err error) (a people.Account, found bool, _ error) {
	if err != nil || len(accounts) == 0 {
		return a, false, err
	}
	a = accounts[0]
	if len(accounts) > 1 || l.External == "" && !a.NameAttested {
		return a, false, refuse(CodeLineName, refusal.Fields{"name": a.DisplayName()})
	}
	return a, true, nil
}

// changes are what a line changes of an account: an empty cell leaves what is there, and a
// name is attested by the import.
func (l Line) changes(a people.Account, until time.Time) (c people.Changes, any bool) {
	differ := func(is, wants string) *string {
		if wants == "" || wants == is {
			return nil
		}
		any = true
		return &wants
	}
	c.First = differ(a.First, people.CleanName(l.First))
	c.Last = differ(a.Last, people.CleanName(l.Last))
	if !a.NameAttested && (l.First != "" || l.Last != "") {
		c.First, any = &l.First, true
		c.Last = cmp.Or(c.Last, &l.Last)
	}
	c.Email = differ(a.Email, profile.CleanEmail(l.Email))
	c.Lang = differ(a.Lang, l.Lang)
	c.External = differ(a.External, l.External)
	if !until.IsZero() && !until.Equal(a.Expires) {
		c.Expires, any = &until, true
	}
	return c, any
}

// join puts an account in a group, which is made if there is none of the name.
func (b *batch) join(account people.ID, name string) (changed bool, err error) {
	g, known := b.groups[name]
	if !known {
		if g, err = people.FindGroup(b.tx, name); refusal.IsKind(err, refusal.Missing) {
			g, err = people.AddGroup(b.tx, name)
		}
		if err != nil {
			return false, err
		}
		b.groups[name] = g
	}
	return people.SetMember(b.tx, g, account, true)
}

// days are the ways to write a day.
var days = []string{"2006-01-02", "02/01/2006", "2/1/2006", "02.01.2006", "2.1.2006"}

// parseDay gives the end of a day; zero for none.
func parseDay(s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range days {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.AddDate(0, 0, 1).UTC(), nil
		}
	}
	return time.Time{}, refuse(CodeLineDate, refusal.Fields{"text": clip(s)})
}
