package hub

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"badged/sync/wire"
)

// Account is an account with its id.
type Account struct {
	ID ID
	wire.Account
}

// DisplayName is the full name, or else anonymN, the address or the id.
func (a Account) DisplayName() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Number > 0:
		return "anonym" + strconv.FormatUint(a.Number, 10)
	case a.Email != "":
		return a.Email
	default:
		return Short(a.ID)
	}
}

// goesBy reports whether an operator may mean this account: by its id or at least 8
// digits of it, its address, its name, anonymN or an alias of that. One that was merged
// goes by its id only: the rest means the account that it was merged into.
func (a Account) goesBy(ref string) bool {
	id := Hex(a.ID)
	if id == ref || len(ref) >= 8 && strings.HasPrefix(id, strings.ToLower(ref)) {
		return true
	}
	if a.State == wire.AccountMerged {
		return false
	}
	if strings.EqualFold(a.Email, ref) || strings.EqualFold(a.Name, ref) {
		return true
	}
	n, isAnonym := strings.CutPrefix(ref, "anonym")
	number, err := strconv.ParseUint(n, 10, 64)
	return isAnonym && err == nil && number > 0 && (number == a.Number || slices.Contains(a.Aliases, number))
}

// isReserved reports whether a name reads as anonymN, whatever its case or zeros.
func isReserved(name string) bool {
	digits, isAnonym := strings.CutPrefix(strings.ToLower(name), "anonym")
	digits = strings.TrimSpace(digits)
	return isAnonym && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// findAccount finds the one account that an operator means.
func findAccount(tx Tx, ref string) (ID, wire.Account, error) {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return ID{}, wire.Account{}, invalid("which account? Give its id, name, e-mail or anonymN")
	}
	if b, err := hex.DecodeString(ref); err == nil && len(b) == len(ID{}) {
		if a, found, err := get[wire.Account](tx, wire.Accounts, b); err != nil || found {
			return ID(b), a, err
		}
	}
	var hits []Account
	err := each(tx, wire.Accounts, func(key []byte, v wire.Account) error {
		if a := (Account{ID(key), v}); a.goesBy(ref) {
			hits = append(hits, a)
		}
		return nil
	})
	switch {
	case err != nil:
		return ID{}, wire.Account{}, err
	case len(hits) == 0:
		return ID{}, wire.Account{}, missing("there is no account %q: `badgehub account list` shows them", ref)
	case len(hits) > 1:
		return ID{}, wire.Account{}, conflict("%d accounts go by %q; say which one by its id: %s", len(hits), ref, describeAccounts(hits))
	}
	return hits[0].ID, hits[0].Account, nil
}

// describeAccounts names every account that a word may mean, and suggests none: what
// somebody typed about themselves at a panel may be somebody else's name.
func describeAccounts(hits []Account) string {
	var lines []string
	for _, a := range hits[:min(len(hits), 10)] {
		lines = append(lines, fmt.Sprintf("%s %s (%s, %s)", Hex(a.ID), a.DisplayName(), a.Kind, a.State))
	}
	return strings.Join(lines, "; ")
}

// AddAccount makes a person's account. State is Created, Invited or Active; its
// cards and codes work from Active on.
func (h *Hub) AddAccount(ctx context.Context, p wire.Edit, state wire.AccountState) (Account, error) {
	p.Name = strings.Join(strings.Fields(p.Name), " ")
	p.Email = strings.ToLower(strings.TrimSpace(p.Email))
	if err := checkProfile(p); err != nil {
		return Account{}, err
	}
	if state < wire.AccountCreated || state > wire.AccountActive {
		return Account{}, invalid("a new account is created, invited or active")
	}
	a := Account{randomID(), wire.Account{Kind: wire.KindPerson, State: state, Name: p.Name, Email: p.Email, Lang: p.Lang}}
	err := h.update(ctx, func(tx Tx) error {
		if err := freeEmail(tx, p.Email); err != nil {
			return err
		}
		return put(tx, wire.Accounts, a.ID[:], a.Account)
	})
	return a, err
}

func checkProfile(p wire.Edit) error {
	switch {
	case p.Name == "":
		return invalid("an account needs a name")
	case isReserved(p.Name):
		return invalid("the name %q is reserved: anonym and a number is what an account without a name goes by", p.Name)
	case !isLang(p.Lang):
		return invalid("the language is fr or en, not %q", p.Lang)
	case !sane(p):
		return invalid("name or e-mail is too long or holds control characters")
	case p.Email == "":
		return nil
	}
	if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email {
		return invalid("%q is not an e-mail address", p.Email)
	}
	return nil
}

func freeEmail(tx Tx, email string) error {
	if email == "" {
		return nil
	}
	return each(tx, wire.Accounts, func(key []byte, a wire.Account) error {
		if a.State < wire.AccountMerged && strings.EqualFold(a.Email, email) {
			return conflict("account %s has the e-mail %s already", Hex(ID(key)), email)
		}
		return nil
	})
}

// Accounts are all accounts, persons first by name, then anonymous ones by number.
func (h *Hub) Accounts(ctx context.Context) ([]Account, error) {
	var out []Account
	err := h.store.View(ctx, func(tx Tx) error {
		return each(tx, wire.Accounts, func(key []byte, a wire.Account) error {
			out = append(out, Account{ID(key), a})
			return nil
		})
	})
	slices.SortFunc(out, func(a, b Account) int {
		if a.Number != b.Number {
			return int(min(max(int64(a.Number)-int64(b.Number), -1), 1))
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, err
}

// SetAccountState moves an account to another state. Merged and erased are final and
// come from other operations.
func (h *Hub) SetAccountState(ctx context.Context, ref string, state wire.AccountState) (Account, error) {
	if state < wire.AccountCreated || state > wire.AccountSuspended {
		return Account{}, invalid("an account can be set to created, invited, active or suspended")
	}
	var out Account
	err := h.update(ctx, func(tx Tx) error {
		id, a, err := findAccount(tx, ref)
		if err != nil {
			return err
		}
		if a.State >= wire.AccountMerged {
			return conflict("account %s is %s, which is final", Hex(id), a.State.String())
		}
		a.State = state
		out = Account{id, a}
		return put(tx, wire.Accounts, id[:], a)
	})
	return out, err
}

// Edits are the versions of an account's profile, oldest first.
func (h *Hub) Edits(ctx context.Context, ref string) (edits []EditRecord, err error) {
	err = h.store.View(ctx, func(tx Tx) error {
		id, _, err := findAccount(tx, ref)
		if err != nil {
			return err
		}
		edits, err = tx.Edits(id)
		return err
	})
	return edits, err
}

// Binding is a card that belongs to somebody, with its id, its owner and what is contested about it.
type Binding struct {
	ID ID
	wire.Binding
	Owner     string // display name
	Conflicts []Conflict
}

// Bindings are all cards that belong to somebody or are wanted by somebody, those with
// a conflict first.
func (h *Hub) Bindings(ctx context.Context) ([]Binding, error) {
	var out []Binding
	err := h.store.View(ctx, func(tx Tx) error {
		conflicts, err := conflictsByCard(tx)
		if err != nil {
			return err
		}
		return each(tx, wire.Cards, func(key []byte, c wire.Binding) error {
			owner, err := displayName(tx, c.Account)
			out = append(out, Binding{ID(key), c, owner, conflicts[ID(key)]})
			return err
		})
	})
	slices.SortStableFunc(out, func(a, b Binding) int { return len(b.Conflicts) - len(a.Conflicts) })
	return out, err
}

func conflictsByCard(tx Tx) (map[ID][]Conflict, error) {
	all, err := tx.Conflicts()
	by := make(map[ID][]Conflict)
	for _, c := range all {
		by[c.Card] = append(by[c.Card], c)
	}
	return by, err
}

func displayName(tx Tx, id ID) (string, error) {
	a, found, err := get[wire.Account](tx, wire.Accounts, id[:])
	if err != nil || !found {
		return "", err
	}
	return Account{id, a}.DisplayName(), nil
}

// SetBindingState is an operator's word on a card: it resolves what was contested about
// it. With active, owner may name the account that it belongs to; empty leaves it.
// Replaced and revoked cards are dead for good.
func (h *Hub) SetBindingState(ctx context.Context, ref string, state wire.BindingState, owner string) (Binding, error) {
	if state == wire.BindingContested || state < wire.BindingActive || state > wire.BindingRevoked {
		return Binding{}, invalid("a card can be set to active, pending, lost, replaced or revoked")
	}
	var out Binding
	err := h.update(ctx, func(tx Tx) error {
		id, c, err := findBinding(tx, ref)
		if err != nil {
			return err
		}
		if c.State >= wire.BindingReplaced && state != c.State {
			return conflict("card %s is %s, which is final", Short(id), c.State.String())
		}
		if owner != "" {
			if c.Account, err = cardOwner(tx, owner); err != nil {
				return err
			}
		}
		c.State = state
		if err := put(tx, wire.Cards, id[:], c); err != nil {
			return err
		}
		out = Binding{ID: id, Binding: c}
		if out.Owner, err = displayName(tx, c.Account); err != nil {
			return err
		}
		return tx.ResolveConflicts(id)
	})
	return out, err
}

func cardOwner(tx Tx, ref string) (ID, error) {
	id, a, err := findAccount(tx, ref)
	if err == nil && !mayOwn(a) {
		err = conflict("account %s is %s and can own no card", Hex(id), a.State.String())
	}
	return id, err
}

// findBinding finds a card by its id or the first 8 digits or more of it.
func findBinding(tx Tx, ref string) (id ID, card wire.Binding, err error) {
	ref = strings.ToLower(strings.TrimSpace(ref))
	if len(ref) < 8 {
		return id, card, invalid("give at least the 8 digits of a card's id that `badgehub card list` shows")
	}
	hits := 0
	err = each(tx, wire.Cards, func(key []byte, c wire.Binding) error {
		if strings.HasPrefix(Hex(ID(key)), ref) {
			id, card = ID(key), c
			hits++
		}
		return nil
	})
	switch {
	case err != nil:
		return id, card, err
	case hits == 0:
		return id, card, missing("there is no card %s: `badgehub card list` shows them", ref)
	case hits > 1:
		return id, card, conflict("%d cards begin with %s: give more digits", hits, ref)
	}
	return id, card, nil
}
