package enroll_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"badged/enroll"
)

// model is the plainest index: what was put and not taken away.
type model struct {
	accounts map[enroll.AccountID]enroll.Account
	cards    map[enroll.CardID]enroll.Binding
	grants   map[enroll.GrantID]enroll.Grant
}

// groups have numbers of one byte, of two, and of ten.
var groups = []uint64{1, 300, 1<<64 - 1}

func TestIndexAgreesWithAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := model{map[enroll.AccountID]enroll.Account{}, map[enroll.CardID]enroll.Binding{}, map[enroll.GrantID]enroll.Grant{}}
		ix := enroll.NewIndex()
		for range rapid.IntRange(1, 200).Draw(t, "changes") {
			ix.Apply(m.change(t))
		}
		if rapid.Bool().Draw(t, "reload") {
			rebuilt := enroll.NewIndex()
			rebuilt.Load(len(m.cards), m.rows)
			ix = rebuilt
		}
		m.compare(t, ix)
	})
}

func (m model) change(t *rapid.T) enroll.Change {
	acc := enroll.AccountID{byte(rapid.IntRange(0, 5).Draw(t, "account"))}
	card := enroll.CardID{byte(rapid.IntRange(0, 9).Draw(t, "card"))}
	grant := enroll.GrantID{byte(rapid.IntRange(0, 9).Draw(t, "grant"))}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		a := enroll.Account{ID: acc, Kind: enroll.AccountKind(rapid.IntRange(1, 3).Draw(t, "k")), State: enroll.AccountState(rapid.IntRange(1, 6).Draw(t, "s")), Number: uint64(rapid.IntRange(0, 9).Draw(t, "n"))}
		if rapid.Bool().Draw(t, "expires") {
			a.Expires = time.Unix(1900000000, 0).UTC()
		}
		a.Groups = enroll.NewGroupSet(rapid.SliceOfNDistinct(rapid.SampledFrom(groups), 0, 3, rapid.ID).Draw(t, "groups"))
		m.accounts[acc] = a
		return a
	case 1:
		delete(m.accounts, acc)
		return enroll.GoneAccount(acc)
	case 2:
		b := enroll.Binding{Card: card, Account: acc, State: enroll.BindingState(rapid.IntRange(1, 6).Draw(t, "s")), Assurance: enroll.AssuranceUID}
		m.cards[card] = b
		return b
	case 3:
		delete(m.cards, card)
		return enroll.GoneCard(card)
	case 4:
		g := enroll.Grant{ID: grant, Account: acc}
		if rapid.Bool().Draw(t, "of a group") {
			g = enroll.Grant{ID: grant, Group: rapid.SampledFrom(groups).Draw(t, "group")}
		}
		if had, ok := m.grants[grant]; ok {
			g.Account, g.Group = had.Account, had.Group // a grant keeps them for life
		}
		g.Door, g.Deny = rapid.SampledFrom([]string{"front", "back"}).Draw(t, "door"), rapid.Bool().Draw(t, "deny")
		g.Schedule = rapid.SampledFrom([]uint64{0, 1, 1 << 40}).Draw(t, "schedule")
		m.grants[grant] = g
		return g
	default:
		g := m.grants[grant]
		delete(m.grants, grant)
		return enroll.GoneGrant{ID: grant, Account: g.Account, Group: g.Group}
	}
}

// rows gives everything, grants and cards before the accounts that they name.
func (m model) rows(yield func(enroll.Change) bool) {
	for _, g := range m.grants {
		if !yield(g) {
			return
		}
	}
	for _, b := range m.cards {
		if !yield(b) {
			return
		}
	}
	for _, a := range m.accounts {
		if !yield(a) {
			return
		}
	}
}

func (m model) compare(t *rapid.T, ix *enroll.Index) {
	unclaimed := 0
	for i := range byte(6) {
		id := enroll.AccountID{i}
		want, ok := m.accounts[id]
		if got, found := ix.Account(id); found != ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("account %d: %+v %v, want %+v %v", i, got, found, want, ok)
		}
		if want.Kind == enroll.Anonymous && want.State == enroll.Active && !want.Expires.IsZero() {
			unclaimed++
		}
		for _, door := range []string{"front", "back", "side"} {
			m.compareGrants(t, ix, id, door)
		}
	}
	for i := range byte(10) {
		want, ok := m.cards[enroll.CardID{i}]
		got, found := ix.Card(enroll.CardID{i}, "")
		if found != ok || got.Binding != want {
			t.Fatalf("card %d: %+v %v, want %+v %v", i, got.Binding, found, want, ok)
		}
		if ok && got.Account.State != m.accounts[want.Account].State {
			t.Fatalf("card %d: account state %d", i, got.Account.State)
		}
	}
	if cards, _, n := ix.Counts(); cards != len(m.cards) || n != unclaimed {
		t.Fatalf("%d cards, %d unclaimed, want %d and %d", cards, n, len(m.cards), unclaimed)
	}
}

func (m model) compareGrants(t *rapid.T, ix *enroll.Index, id enroll.AccountID, door string) {
	var want []enroll.Grant
	in := slices.Collect(m.accounts[id].Groups.All())
	for _, g := range m.grants {
		if g.Door == door && (g.Group == 0 && g.Account == id || g.Group != 0 && slices.Contains(in, g.Group)) {
			want = append(want, g)
		}
	}
	got := ix.Grants(id, door)
	byID := func(a, b enroll.Grant) int { return slices.Compare(a.ID[:], b.ID[:]) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got, byID)
	if !slices.Equal(got, want) {
		t.Fatalf("grants of %v at %s: %v, want %v", id, door, got, want)
	}
}

func BenchmarkIndexCard(b *testing.B) {
	ix := enroll.NewIndex()
	const n = 100_000
	ix.Load(n, func(yield func(enroll.Change) bool) {
		for i := range uint32(n) {
			id := [16]byte{byte(i), byte(i >> 8), byte(i >> 16)}
			if !yield(enroll.Account{ID: id, Kind: enroll.Person, State: enroll.Active}) ||
				!yield(enroll.Binding{Card: id, Account: id, State: enroll.BindingActive}) ||
				!yield(enroll.Grant{ID: id, Account: id, Door: "front"}) {
				return
			}
		}
	})
	for i := 0; b.Loop(); i++ {
		id := [16]byte{byte(i), byte(i >> 8), byte(i >> 16 & 1)}
		if _, ok := ix.Card(id, ""); !ok && i < n {
			b.Fatal("a card is missing")
		}
	}
}
