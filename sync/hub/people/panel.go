package people

import (
	"errors"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
)

// Typed is what a terminal reports that somebody typed about their account.
type Typed struct {
	Account  ID
	Terminal string
	Order    uint64 // in the terminal's order
	At       time.Time
	Profile  Profile
}

// Outcome is what became of an edit at a panel.
type Outcome struct {
	Account Account
	// Refused tells that the account may own no profile, or that the profile breaks the
	// rules that panel and hub share: nothing changed.
	Refused bool
	// MergeInto is whose e-mail was typed; zero: nobody's. It stays theirs.
	MergeInto ID
	// Unnamed tells that the account lost its first or last name, without which its rights
	// to doors rest.
	Unnamed bool
	// Waits tells that the name on file is vouched for, so that the typed one waits until the
	// owner of the account says that it is theirs (see SettleName).
	Waits bool
}

// PanelEdit keeps both versions of a profile and puts the new one in force. What is typed is
// attested by nobody: the e-mail decides nothing before it is confirmed, and one that is
// another's becomes a merge request that waits for that other. A terminal can make up what
// was typed there, so a name that somebody vouches for stays until its owner confirms the
// new one. An account that is missing is a refusal of kind Missing.
func PanelEdit(tx Tx, t Typed) (out Outcome, err error) {
	was, err := get(tx, t.Account)
	if err != nil {
		return out, err
	}
	out.Account = was
	p, ok := cleanProfile(t.Profile)
	if !ok || !was.MayOwn() {
		out.Refused = true
		return out, nil
	}
	if p.Email == "" { // the panel does not know the one on file, and leaves it
		p.Email = was.profile().Email
	}
	a := was
	a.Lang = p.Lang
	if p.Name != was.FullName() {
		if out.Waits = t.Terminal != "" && was.isVouchedFor(); !out.Waits {
			a.takeName(p.Name)
		}
	}
	if out.MergeInto, err = a.typeEmail(tx, t, p.Email); err != nil {
		return out, err
	}
	if a.Kind == Anonymous && a.TypedEmail != "" {
		a.Expires = time.Time{} // somebody's own now
	}
	out.Account, out.Unnamed = a, was.IsNamed() && !a.IsNamed()
	err = tx.AddEdit(Edit{Account: a.ID, Terminal: t.Terminal, Order: t.Order, At: t.At, Before: was.profile(), After: p, Waits: out.Waits})
	if err != nil {
		return out, err
	}
	return out, replace(tx, "account.edit", was, a)
}

// isVouchedFor reports whether the name is more than what was typed: an operator gave it, or
// it is that of a person whose address is confirmed.
func (a Account) isVouchedFor() bool {
	return a.FullName() != "" && (a.NameAttested || !a.Verified.IsZero())
}

// takeName gives an account a name that was typed, which nobody attests.
func (a *Account) takeName(name string) {
	a.First, a.Last = profile.SplitName(name)
	a.NameAttested = false
}

// WaitingName gives the edit whose name waits for the owner of the account; ok is false if
// none does. The last edit alone can wait.
func WaitingName(tx Tx, id ID) (e Edit, ok bool, err error) {
	edits, err := tx.Edits(id)
	if err != nil || len(edits) == 0 {
		return e, false, err
	}
	e = edits[len(edits)-1]
	return e, e.Waits, nil
}

// SettleName puts the name in force that waits, if it is theirs, or forgets it.
func SettleName(tx Tx, id ID, theirs bool) (Account, error) {
	was, err := getLive(tx, id)
	if err != nil {
		return was, err
	}
	e, waits, err := WaitingName(tx, id)
	if err == nil && !waits {
		err = refuse(refusal.Conflict, CodeNothingWaits, refusal.Fields{"account": HexID(id)})
	}
	if err == nil {
		err = tx.SettleEdits(id)
	}
	if err != nil {
		return was, err
	}
	a := was
	if !theirs {
		return a, record(tx, "account.edit_refused", was, a)
	}
	a.takeName(e.After.Name)
	return a, replace(tx, "account.edit_confirmed", was, a)
}

// typeEmail puts a typed e-mail in its place, and asks its owner if it is another's.
func (a *Account) typeEmail(tx Tx, t Typed, email string) (owner ID, err error) {
	key, ok := EmailKey(email)
	if ok && key == a.EmailKey {
		email = "" // it is theirs already
	}
	if email == a.TypedEmail {
		return ID{}, nil
	}
	a.TypedEmail = email
	if err := tx.DropMergeRequests(a.ID); err != nil || email == "" || !ok {
		return ID{}, err
	}
	other, err := tx.AccountByEmail(key)
	if errors.Is(err, ErrNotFound) {
		return ID{}, nil
	}
	if err != nil {
		return ID{}, err
	}
	return other.ID, askToMerge(tx, MergeRequest{Account: a.ID, Into: other.ID, Terminal: t.Terminal, At: t.At})
}

// The merge requests that may wait for an answer: of one terminal, and of all.
const (
	mostRequestsOfOne = 100
	mostRequests      = 1000
)

// askToMerge keeps a merge request, unless so many wait that one more would only hide them.
// What was typed stays, and asks again when it is typed again.
func askToMerge(tx Tx, m MergeRequest) error {
	all, err := tx.MergeRequests(ID{})
	if err != nil {
		return err
	}
	ofOne := 0
	for _, r := range all {
		if r.Terminal == m.Terminal {
			ofOne++
		}
	}
	if len(all) >= mostRequests || ofOne >= mostRequestsOfOne {
		return nil
	}
	if err := tx.PutMergeRequest(m); err != nil {
		return err
	}
	return mailMerge(tx, m)
}

// mergeMails bounds how often the owner of an address is asked by mail.
var mergeMails = Limit{5, 24 * time.Hour}

// mailMerge asks the owner of an address by mail whether an account is theirs in which
// somebody typed it. What else was typed there is not in the mail.
func mailMerge(tx Tx, m MergeRequest) error {
	owner, err := tx.Account(m.Into)
	if err != nil || owner.State != Active || owner.Kind != Person || tx.Home == "" {
		return err
	}
	asking, err := tx.Account(m.Account)
	if err != nil {
		return err
	}
	if wait, err := CountTry(tx, "merge into|"+HexID(m.Into), mergeMails); err != nil || wait > 0 {
		return err
	}
	t, err := IssueLinkAbout(tx, JoinOwn, m.Into, "", m.Account)
	if err != nil {
		return err
	}
	other := ShortID(m.Account)
	if asking.Number > 0 {
		other = anonymName(asking.Number)
	}
	ends := tx.Now.Add(JoinOwn.Life())
	return mail.Queue(tx.Tx, mail.New{Purpose: mail.Merge, To: owner.Email, Lang: owner.Lang, Account: owner.ID, Ends: ends,
		Fields: mail.Fields{"name": owner.FullName(), "other": other, "link": tx.Home + t.Path(), "until": mail.At(ends)}})
}

// cleanProfile reports whether a profile follows the rules, and gives it in one form.
func cleanProfile(p Profile) (Profile, bool) {
	p.Name, p.Email = profile.CleanName(p.Name), profile.CleanEmail(p.Email)
	ok := profile.CheckName(p.Name) == "" && profile.CheckEmail(p.Email) == "" && (p.Lang == "" || profile.IsLang(p.Lang))
	if ok {
		p.Name = CleanName(p.Name)
	}
	return p, ok
}

// profile is what a person can change about themselves, as it stands.
func (a Account) profile() Profile {
	email := a.Email
	if a.TypedEmail != "" {
		email = a.TypedEmail
	}
	return Profile{Name: a.FullName(), Email: email, Lang: a.Lang}
}

// ConfirmMerge does what a merge request asks for, once the owner of the e-mail agrees.
func ConfirmMerge(tx Tx, from, into ID) (Account, error) {
	if err := findRequest(tx, from, into); err != nil {
		return Account{}, err
	}
	return Merge(tx, from, into)
}

// RefuseMerge forgets a merge request and the e-mail that was typed.
func RefuseMerge(tx Tx, from, into ID) error {
	if err := findRequest(tx, from, into); err != nil {
		return err
	}
	if err := tx.DropMergeRequests(from); err != nil {
		return err
	}
	was, err := getLive(tx, from)
	if err != nil {
		return err
	}
	a := was
	a.TypedEmail = ""
	return replace(tx, "account.merge_refused", was, a)
}

func findRequest(tx Tx, from, into ID) error {
	all, err := tx.MergeRequests(into)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Account == from {
			return nil
		}
	}
	return refuse(refusal.Missing, CodeMergeNoRequest, refusal.Fields{"account": HexID(from), "into": HexID(into)})
}
