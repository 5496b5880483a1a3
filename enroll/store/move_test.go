package store_test

import (
	"errors"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/sync/wire"
)

// mover is a terminal at which a person has claimed the card of an anonymous account,
// and its hub, which does not know of that yet.
type mover struct {
	t        *testing.T
	path     string
	s        *store.Store
	accounts *hub
	cards    *hub
}

var visitor = wire.Account{Kind: 2, State: 3, Number: 4}

// newMover has account 1, a visitor with card 1, from the hub or made here, and account
// 2, a person, who then takes the card.
func newMover(t *testing.T, madeHere bool) *mover {
	t.Helper()
	m := &mover{t: t, path: dbPath(t), accounts: newHub(wire.Accounts), cards: newHub(wire.Cards)}
	m.s = openStore(t, m.path)
	apply(t, m.s, m.accounts.put(t, 2, activePerson))
	if madeHere {
		enrol(t, m.s, 1)
	} else {
		apply(t, m.s, m.accounts.put(t, 1, visitor))
		apply(t, m.s, m.cards.put(t, 1, activeCard(1)))
	}
	update(t, m.s, func(tx enroll.Tx) error {
		b := binding(1)
		b.Account = id(2)
		a, err := tx.Account(id(1))
		a.State = enroll.Merged
		return errors.Join(err, tx.PutBinding(b), tx.PutAccount(a), tx.Append(security(1)))
	})
	return m
}

// expect holds the card, the former account and the number of local rows.
func (m *mover) expect(when string, owner int, card enroll.BindingState, former enroll.AccountState) {
	m.t.Helper()
	k, _ := m.s.Index().Card(id(1), "")
	if k.Account.ID != id(owner) || k.Binding.State != card {
		m.t.Errorf("%s the card is %d of %v, want %d of %v", when, k.Binding.State, k.Account.ID, card, enroll.AccountID(id(owner)))
	}
	if a, err := account(m.t, m.s, 1); err != nil || a.State != former {
		m.t.Errorf("%s the former account is %d, %v, want %d", when, a.State, err, former)
	}
	sound(m.t, m.s)
}

func (m *mover) expectLocal(want int) {
	m.t.Helper()
	if st := m.s.Stats(); st.Local != want {
		m.t.Errorf("%d local rows, want %d", st.Local, want)
	}
}

// S2.26: what was claimed offline stays claimed until the hub has heard of it, and then
// is as the hub says.
func TestAMovedCardStaysMovedUntilTheHubKnows(t *testing.T) {
	for _, madeHere := range []bool{false, true} {
		m := newMover(t, madeHere)
		m.expect("at once", 2, enroll.BindingActive, enroll.Merged)
		m.s = reopen(t, m.s, m.path)
		m.expect("after a restart", 2, enroll.BindingActive, enroll.Merged)
		if madeHere { // the hub hears of the account first, and no more
			p, err := m.s.Position(t.Context())
			must(t, err)
			must(t, m.s.Acked(t.Context(), wire.Durable{Incarnation: p.Incarnation, Stream: wire.StreamSecurity, Upto: 1}))
			apply(t, m.s, m.accounts.put(t, 1, visitor))
		}
		better := activeCard(1)
		better.Assurance = 2
		apply(t, m.s, m.cards.put(t, 1, better))
		m.expect("after an older row of the hub's", 2, enroll.BindingActive, enroll.Merged)
		m.cards.rev++
		apply(t, m.s, m.cards.snapshot())
		m.expect("after an older snapshot", 2, enroll.BindingActive, enroll.Merged)
		m.expectLocal(2)
		ackAll(t, m.s)
		merged := visitor
		merged.State = 5
		apply(t, m.s, m.cards.put(t, 1, activeCard(2)))
		apply(t, m.s, m.accounts.put(t, 1, merged))
		m.expect("after the hub's word", 2, enroll.BindingActive, enroll.Merged)
		m.expectLocal(0)
	}
}

// Whatever takes rights away wins, whether the hub knows of the move or not.
func TestTheHubsWordOnAMovedCardWins(t *testing.T) {
	for _, told := range []bool{false, true} {
		for _, row := range []wire.Binding{
			{Account: id(1), State: 4, Assurance: 1},
			{Account: id(1), State: 3, Assurance: 1},
			{Account: id(3), State: 1, Assurance: 1},
		} {
			m := newMover(t, false)
			if told {
				ackAll(t, m.s)
			}
			apply(t, m.s, m.cards.put(t, 1, row))
			k, _ := m.s.Index().Card(id(1), "")
			if wire.BindingState(k.Binding.State) != row.State || k.Binding.Account != enroll.AccountID(row.Account) {
				t.Errorf("told %v: the card is %+v, the hub says %+v", told, k.Binding, row)
			}
			sound(t, m.s)
		}
	}
}

// A hub that knows of the move and did not take it up is right.
func TestAMoveThatTheHubRefusedIsUndone(t *testing.T) {
	m := newMover(t, false)
	ackAll(t, m.s)
	_, err := m.s.Position(t.Context())
	must(t, err)
	apply(t, m.s, m.cards.put(t, 9, activeCard(9)))
	apply(t, m.s, m.accounts.put(t, 9, activePerson))
	m.expect("after it was refused", 1, enroll.BindingActive, enroll.Active)
	m.expectLocal(0)
}
