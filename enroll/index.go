package enroll

import (
	"iter"
	"sync"
	"time"

	"badged/internal/clock"
)

// Index is the data for decisions in memory: cards with their accounts and grants, claims,
// doors, settings. The store fills it at start and changes it only after the commit that it
// mirrors. It is safe for concurrent use: writers hold the lock for a few hundred rows at a
// time, so that a decision does not wait for a resync.
//
// Rows may come in any order: a card or a grant may name an account that comes
// later; until then that account has no state and nothing works for it.
type Index struct {
	mu sync.RWMutex // guards all below

	cards    table[cardSlot]
	accounts table[accountSlot]
	groups   groupSets
	grants   grantLists
	pins     table[uint32] // places of accounts, by MACs of PINs
	doors    map[string]Door
	claims   map[ClaimID]Claim
	hours    hours
	offers   map[uint64]Offer
	notice   Notice
	site     Site
	told     bool // the hub has told the settings of the site

	// unclaimed are the places of anonymous accounts that nobody has made their own: they
	// end one day. A site has few of them (Site.QuotaSite).
	unclaimed map[uint32]struct{}
}

// The slots keep a million cards, each with an account and a grant, in about 110 MB: times
// are Unix seconds (until 2106), accounts and doors are numbers.
type (
	cardSlot struct {
		account   uint32 // its place
		expires   uint32
		state     BindingState
		assurance Assurance
	}
	accountSlot struct {
		number  uint32
		expires uint32
		grants  uint32 // first of a list in Index.grants
		marks   marks
	}
)

// marks are a kind, a state, and the place of a set of groups.
type marks uint32

// The marks of a kind and of a state that does not fit, which gives no right, and of
// AccountNotUnderstood.
const (
	oddMark           = 14
	notUnderstoodMark = 15
)

func marksOf(k AccountKind, s AccountState, groups uint32) marks {
	state := min(s, oddMark)
	if s == AccountNotUnderstood {
		state = notUnderstoodMark
	}
	return marks(min(k, oddMark)) | marks(state)<<4 | marks(groups)<<8
}

func (m marks) kind() AccountKind { return AccountKind(m & 15) }
func (m marks) groups() uint32    { return uint32(m >> 8) }

func (m marks) state() AccountState {
	if s := AccountState(m >> 4 & 15); s != notUnderstoodMark {
		return s
	}
	return AccountNotUnderstood
}

// Change is one committed row for the index: an Account, Binding, Claim, Grant,
// Schedule, Holidays, PIN, Offer, Notice, OfferedRow, Door or Site put, or one of the Gone
// types.
type Change interface{ apply(*Index) }

// The rows that are no more.
type (
	GoneAccount AccountID
	GoneCard    CardID
	GoneClaim   ClaimID
	GoneDoor    string
	GonePIN     PINMAC
	GoneGrant   struct {
		ID      GrantID
		Account AccountID
		Group   uint64
	}
)

// NewIndex makes an empty index with the default settings.
func NewIndex() *Index {
	ix := &Index{site: DefaultSite()}
	ix.makeEmpty(0)
	return ix
}

// applyBatch is how many rows are put under one hold of the lock: some 50 µs.
const applyBatch = 256

// Apply puts committed changes, in order.
func (ix *Index) Apply(changes ...Change) {
	for len(changes) > 0 {
		n := min(len(changes), applyBatch)
		ix.mu.Lock()
		for _, c := range changes[:n] {
			c.apply(ix)
		}
		ix.mu.Unlock()
		changes = changes[n:]
	}
}

// Load replaces all contents by rows, which hold about the given number of cards. Look-ups use
// the former contents until it is done.
func (ix *Index) Load(cards int, rows iter.Seq[Change]) {
	fresh := &Index{site: DefaultSite()}
	fresh.makeEmpty(cards)
	for c := range rows {
		c.apply(fresh)
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.cards, ix.accounts, ix.groups = fresh.cards, fresh.accounts, fresh.groups
	ix.grants, ix.pins, ix.hours = fresh.grants, fresh.pins, fresh.hours
	ix.doors, ix.claims = fresh.doors, fresh.claims
	ix.offers, ix.notice = fresh.offers, fresh.notice
	ix.site, ix.told, ix.unclaimed = fresh.site, fresh.told, fresh.unclaimed
}

func (ix *Index) makeEmpty(cards int) {
	ix.cards, ix.accounts = newTable[cardSlot](cards), newTable[accountSlot](cards)
	ix.groups, ix.grants, ix.hours = newGroupSets(), newGrantLists(), newHours()
	ix.pins = newTable[uint32](0)
	ix.doors = make(map[string]Door)
	ix.claims = make(map[ClaimID]Claim)
	ix.offers = make(map[uint64]Offer)
	ix.unclaimed = make(map[uint32]struct{})
}

// Known is a card's binding, what the index keeps of its account (kind, state, number,
// end and groups, but neither name nor address), and the grants that it and its groups have
// at one door.
type Known struct {
	Binding Binding
	Account Account
	Grants  []Grant
}

// Card looks a card up, with the grants of its account at door; no door: no grants.
func (ix *Index) Card(id CardID, door string) (Known, bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	place, ok := ix.cards.placeOf(id)
	if !ok {
		return Known{}, false
	}
	c := ix.cards.at(place).value
	a := ix.accounts.at(c.account)
	return Known{
		Binding: Binding{Card: id, Account: a.id, State: c.state, Assurance: c.assurance, Expires: fromUnix(c.expires)},
		Account: ix.accountAt(a),
		Grants:  ix.grantsOf(a, door),
	}, true
}

// Account looks an account up.
func (ix *Index) Account(id AccountID) (Account, bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	place, ok := ix.accounts.placeOf(id)
	if !ok || ix.accounts.at(place).value.marks.state() == 0 {
		return Account{}, false
	}
	return ix.accountAt(ix.accounts.at(place)), true
}

// HasPINs reports whether anybody has a PIN.
func (ix *Index) HasPINs() bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.pins.len() > 0
}

// PIN looks up whose a PIN is. The MAC is keyed, so that the time that this takes tells
// nothing about digits to who types them.
func (ix *Index) PIN(mac PINMAC) (Account, bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	place, ok := ix.pins.placeOf(mac)
	if !ok {
		return Account{}, false
	}
	return ix.accountAt(ix.accounts.at(ix.pins.at(place).value)), true
}

// Grants gives the grants of an account at a door.
func (ix *Index) Grants(account AccountID, door string) []Grant {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	place, ok := ix.accounts.placeOf(account)
	if !ok {
		return nil
	}
	return ix.grantsOf(ix.accounts.at(place), door)
}

// Door looks a door up. A door that the hub has not described denies when the time is unknown
// or the snapshot old.
func (ix *Index) Door(id string) Door {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if d, ok := ix.doors[id]; ok {
		return d
	}
	return Door{ID: id, UnknownTime: PolicyDeny, Stale: PolicyDeny}
}

// HasDoor reports whether the hub has described this door.
func (ix *Index) HasDoor(id string) bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	_, ok := ix.doors[id]
	return ok
}

// Told reports whether the hub has sent this terminal the settings of its site. Until then it
// knows only people with a new badge.
func (ix *Index) Told() bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.told
}

// Fresh returns the shortest time for which a door trusts the terminal's copy without hearing
// from the hub; 0: no door has such a time.
func (ix *Index) Fresh() (shortest time.Duration) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	for _, d := range ix.doors {
		if d.FreshFor > 0 && (shortest == 0 || d.FreshFor < shortest) {
			shortest = d.FreshFor
		}
	}
	return shortest
}

// Claims gives every claim that the terminal knows, ended ones too.
func (ix *Index) Claims() []Claim {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	out := make([]Claim, 0, len(ix.claims))
	for _, c := range ix.claims {
		out = append(out, c)
	}
	return out
}

// Site gives the settings.
func (ix *Index) Site() Site {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.site
}

// Counts tells how many cards, accounts, and anonymous accounts that nobody has
// made their own there are.
func (ix *Index) Counts() (cards, accounts, unclaimed int) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.cards.len(), ix.accounts.len(), len(ix.unclaimed)
}

// Unclaimed counts the anonymous accounts that nobody has made their own and that have
// not ended.
func (ix *Index) Unclaimed(at clock.Stamp) (n int) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	for place := range ix.unclaimed {
		if !hasEnded(fromUnix(ix.accounts.at(place).value.expires), at) {
			n++
		}
	}
	return n
}

// PurgeLag is how long the terminal keeps a lapsed account: a session that began before its end
// may still make it somebody's own.
const PurgeLag = time.Hour

// Lapsed gives the accounts that can be purged.
func (ix *Index) Lapsed(at clock.Stamp) (ids []AccountID) {
	at.Wall = at.Wall.Add(-PurgeLag)
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	for place := range ix.unclaimed {
		if a := ix.accountAt(ix.accounts.at(place)); a.hasLapsed(at) {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// accountAt is what the index keeps of an account.
func (ix *Index) accountAt(e *entry[accountSlot]) Account {
	s := e.value
	return Account{
		ID: e.id, Kind: s.marks.kind(), State: s.marks.state(), Number: uint64(s.number), Expires: fromUnix(s.expires),
		Groups: ix.groups.at(s.marks.groups()),
	}
}

// setAccount replaces the slot of an account and keeps its grants. It adds a new account.
func (ix *Index) setAccount(id AccountID, s accountSlot) {
	place := ix.accounts.addID(id)
	have := &ix.accounts.at(place).value
	s.grants = have.grants
	ix.groups.removeUser(have.marks.groups())
	if s.unclaimed() {
		ix.unclaimed[place] = struct{}{}
	} else if have.unclaimed() {
		delete(ix.unclaimed, place)
	}
	*have = s
}

// unclaimed reports whether an account ends unless somebody makes it their own.
func (s accountSlot) unclaimed() bool {
	return s.marks.kind() == Anonymous && s.marks.state() == Active && s.expires != 0
}

func (a Account) apply(ix *Index) {
	ix.setAccount(a.ID, accountSlot{
		number: uint32(a.Number), expires: toUnix(a.Expires), marks: marksOf(a.Kind, a.State, ix.groups.addUser(a.Groups)),
	})
}

// apply clears the account's state. It keeps the slot, because cards may still name it.
func (g GoneAccount) apply(ix *Index) { ix.setAccount(AccountID(g), accountSlot{}) }

func (b Binding) apply(ix *Index) {
	ix.cards.at(ix.cards.addID(b.Card)).value = cardSlot{
		account: ix.accounts.addID(b.Account), expires: toUnix(b.Expires), state: b.State, assurance: b.Assurance,
	}
}

func (p PIN) apply(ix *Index) {
	if p.NotUnderstood {
		ix.pins.removeID(p.MAC)
		return
	}
	account := ix.accounts.addID(p.Account)
	ix.pins.at(ix.pins.addID(p.MAC)).value = account
}

func (g GonePIN) apply(ix *Index)   { ix.pins.removeID(g) }
func (g GoneCard) apply(ix *Index)  { ix.cards.removeID(g) }
func (c Claim) apply(ix *Index)     { ix.claims[c.ID] = c }
func (g GoneClaim) apply(ix *Index) { delete(ix.claims, ClaimID(g)) }
func (d Door) apply(ix *Index)      { ix.doors[d.ID] = d }
func (g GoneDoor) apply(ix *Index)  { delete(ix.doors, string(g)) }
func (s Site) apply(ix *Index)      { ix.site, ix.told = s, true }

func toUnix(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(min(max(t.Unix(), 1), 1<<32-1))
}

func fromUnix(s uint32) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}
