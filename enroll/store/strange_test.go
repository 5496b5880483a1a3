package store_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/secret"
	"badged/keypad"
	"badged/reader"
	"badged/sync/wire"
)

var (
	hall  = enroll.Point{Name: "hall", Kind: enroll.Print}
	front = enroll.Point{Name: "front", Kind: enroll.DoorP, Door: "front"}
)

// later is a row as a later version of the hub may send it: with a key that must be
// understood and that this version does not know.
func later(t testing.TB, row any) []byte {
	t.Helper()
	b := bytes.Clone(marshal(t, row))
	b[0]++ // one pair more, of fewer than 24
	return append(b, 0x37, 0x01)
}

// place is a terminal's rules over its real store, which a hub has filled: Ada has a card, a
// PIN, and by her group and its hours the right to the front door, and a claim is live.
type place struct {
	t      *testing.T
	path   string
	s      *store.Store
	engine *enroll.Engine
	hubs   map[wire.Collection]*hub
	rows   map[wire.Collection][]any // key, row: of the one row of each that the test changes
}

func newPlace(t *testing.T) *place {
	card, mac := siteKey.Card("ada"), siteKey.PIN("483920")
	p := &place{t: t, path: dbPath(t), hubs: map[wire.Collection]*hub{}}
	p.rows = map[wire.Collection][]any{
		wire.Config: {"site", wire.Site{
			Name: "Lyon", UnknownBadge: wire.RouteCreate, Confirm: wire.ConfirmNone, Lang: "fr", EditProfile: true, CodeDigits: 4,
			ClaimWindow: 30, GuessBudget: 8, QuotaBurst: 60, QuotaDay: 300, QuotaSite: 2000, AnonymousLife: 86400, SessionIdle: 60,
			TimeZone: "Europe/Paris", Offsets: []wire.Offset{{East: 3600}},
		}},
		wire.Doors:    {"front", wire.Door{UnknownTime: wire.PolicyAllow, Stale: wire.PolicyAllow, Anonymous: true}},
		wire.Accounts: {1, wire.Account{Kind: 1, State: 3, Name: "Ada", Groups: []uint64{5}}},
		wire.Cards:    {string(card[:]), activeCard(1)},
		wire.Grants:   {21, wire.Grant{Group: 5, Door: "front", Schedule: 7}},
		wire.Claims: {31, wire.Claim{
			Account: id(1), MAC: siteKey.Claim(id(31), "7365"), Ends: time.Now().Add(time.Hour).UnixMilli(), State: wire.ClaimLive,
		}},
		wire.Leases:    {41, wire.Lease{First: 7, Last: 8}},
		wire.Schedules: {"7", wire.Schedule{Windows: []wire.Hours{{Days: 255, From: 0, To: 1440}}}},
		wire.PINs:      {string(mac[:]), wire.PIN{Account: id(1)}},
	}
	p.open()
	for c := range p.rows {
		p.hubs[c] = newHub(c)
		p.send(c, p.rows[c][1])
	}
	return p
}

func (p *place) open() {
	p.s = openStore(p.t, p.path)
	p.engine = enroll.NewEngine(p.s, siteKey, clock.New(clock.From(time.Now().Add(-time.Hour))), "terminal")
}

// send gives the terminal another version of the row of a collection.
func (p *place) send(c wire.Collection, row any) {
	p.t.Helper()
	apply(p.t, p.s, p.hubs[c].put(p.t, p.rows[c][0], row))
}

func (p *place) tap(at enroll.Point, number string) (enroll.Outcome, enroll.Reason) {
	d := p.engine.Card(p.t.Context(), at, reader.NewNumber(number), reader.TextCard(number))
	if d.Outcome != enroll.Granted && (d.Login || d.Open) {
		p.t.Errorf("refused for reason %d, and let in", d.Reason)
	}
	return d.Outcome, d.Reason
}

func (p *place) types(code string) enroll.Reason {
	defer p.engine.Forget(front)
	return p.engine.Code(p.t.Context(), front, keypad.Code{Text: secret.New(code)}).Reason
}

// expect says what the terminal must answer.
func (p *place) expect(what string, at enroll.Point, number string, want enroll.Reason) {
	p.t.Helper()
	outcome, reason := p.tap(at, number)
	p.engine.Forget(at)
	granted := want == enroll.KnownCard || want == enroll.NewAccount && at.Kind == enroll.Print
	if reason != want || (outcome == enroll.Granted) != granted {
		p.t.Errorf("%s: outcome %d, reason %d, want reason %d", what, outcome, reason, want)
	}
}

// strange holds what the terminal says about the rows that it does not understand, to
// status and to the hub, against what is so; and that it keeps them as they came.
func (p *place) strange(want map[wire.Collection]uint64) {
	p.t.Helper()
	if got := p.s.Stats().NotUnderstood; !maps.Equal(got, want) {
		p.t.Errorf("status is told of %v, want %v", got, want)
	}
	pos, err := p.s.Position(p.t.Context())
	must(p.t, err)
	for _, v := range pos.Vector {
		if v.NotUnderstood != want[v.Collection] {
			p.t.Errorf("the hub is told of %d rows of %s, want %d", v.NotUnderstood, v.Collection, want[v.Collection])
		}
		if h := p.hubs[v.Collection]; h != nil && v.Hash != h.hash() {
			p.t.Errorf("%s: the set differs from the hub's", v.Collection)
		}
	}
	sound(p.t, p.s)
}

// TestARowThatIsNotUnderstoodGivesNoRight (issue 8, 1): each collection, with the real rules
// over the real store: before, in the same process, after a restart, and once the hub sends
// the row in a form that this version understands.
func TestARowThatIsNotUnderstoodGivesNoRight(t *testing.T) {
	for c, check := range map[wire.Collection]func(p *place, understood bool){
		wire.Accounts: func(p *place, understood bool) {
			p.expect("print", hall, "ada", pick(understood, enroll.KnownCard, enroll.NotUnderstood))
			p.expect("door", front, "ada", pick(understood, enroll.KnownCard, enroll.NotUnderstood))
		},
		wire.Cards: func(p *place, understood bool) {
			p.expect("print", hall, "ada", pick(understood, enroll.KnownCard, enroll.NotUnderstood))
			p.expect("door", front, "ada", pick(understood, enroll.KnownCard, enroll.NotUnderstood))
		},
		wire.Grants: func(p *place, understood bool) {
			p.expect("print", hall, "ada", enroll.KnownCard)
			p.expect("door", front, "ada", pick(understood, enroll.KnownCard, enroll.NoGrant))
		},
		wire.Doors: func(p *place, understood bool) {
			p.expect("print", hall, "ada", enroll.KnownCard)
			p.expect("door", front, "ada", pick(understood, enroll.KnownCard, enroll.NotUnderstood))
			if !understood {
				p.expect("a stranger", front, "stranger", enroll.NotUnderstood)
			}
			if got, want := p.types("7365"), pick(understood, enroll.AwaitCard, enroll.CodeRefused); got != want {
				p.t.Errorf("a good code: reason %d, want %d", got, want)
			}
		},
		wire.Claims: func(p *place, understood bool) {
			if got, want := p.types("7365"), pick(understood, enroll.AwaitCard, enroll.CodeRefused); got != want {
				p.t.Errorf("a good code: reason %d, want %d", got, want)
			}
		},
		wire.Config: func(p *place, understood bool) {
			p.expect("a member", front, "ada", enroll.KnownCard)
			if !understood {
				p.expect("a stranger", hall, "stranger", enroll.NotUnderstood)
			}
			if got, want := p.types("7365"), pick(understood, enroll.AwaitCard, enroll.CodeRefused); got != want {
				p.t.Errorf("a good code: reason %d, want %d", got, want)
			}
			_, err := p.engine.Edit(p.t.Context(), hall, id(1), enroll.CardID{}, enroll.Edit{Name: "Eve", Lang: "en"})
			must(p.t, err)
			if a, _ := account(p.t, p.s, 1); (a.Name == "Eve") != understood {
				p.t.Errorf("an edit led to the name %q", a.Name)
			}
			_, err = p.engine.Edit(p.t.Context(), hall, id(1), enroll.CardID{}, enroll.Edit{Name: "Ada", Lang: "fr"})
			must(p.t, err)
		},
		wire.Schedules: func(p *place, understood bool) {
			p.expect("print", hall, "ada", enroll.KnownCard)
			p.expect("door", front, "ada", pick(understood, enroll.KnownCard, enroll.NoGrant))
		},
		wire.PINs: func(p *place, understood bool) {
			d := p.engine.PIN(p.t.Context(), hall, keypad.PIN{Text: secret.New("483920")})
			if want := pick(understood, enroll.KnownPIN, enroll.PINUnknown); d.Reason != want || d.Login != understood {
				p.t.Errorf("a PIN: reason %d, login %v, want %d", d.Reason, d.Login, want)
			}
		},
		wire.Leases: func(p *place, understood bool) {
			if got, want := p.s.Stats().Lease, uint64(2); (got == want) != understood || !understood && got != 0 {
				p.t.Errorf("%d numbers are left", got)
			}
		},
	} {
		t.Run(c.String(), func(t *testing.T) {
			p := newPlace(t)
			check(p, true)
			p.strange(map[wire.Collection]uint64{})
			p.send(c, later(t, p.rows[c][1]))
			check(p, false)
			p.strange(map[wire.Collection]uint64{c: 1})
			must(t, p.s.Close())
			p.open()
			check(p, false)
			p.strange(map[wire.Collection]uint64{c: 1})
			p.send(c, p.rows[c][1])
			check(p, true)
			p.strange(map[wire.Collection]uint64{})
			p.send(c, later(t, p.rows[c][1]))
			p.send(c, nil)
			p.strange(map[wire.Collection]uint64{})
		})
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// TestADenialThatIsNotUnderstoodStillDenies: also outside of its window, which the unknown
// key may move, and beside a right that is understood.
func TestADenialThatIsNotUnderstoodStillDenies(t *testing.T) {
	p := newPlace(t)
	long := time.Now().Add(-time.Hour).UnixMilli()
	over := wire.Grant{Account: id(1), Door: "front", To: long, Deny: true}
	p.send(wire.Grants, over)
	apply(t, p.s, p.hubs[wire.Grants].put(t, 22, wire.Grant{Account: id(1), Door: "front"}))
	p.expect("a denial that is over", front, "ada", enroll.KnownCard)
	p.send(wire.Grants, later(t, over))
	for range 2 {
		p.expect("one that is not understood", front, "ada", enroll.DeniedGrant)
		p.strange(map[wire.Collection]uint64{wire.Grants: 1})
		must(t, p.s.Close())
		p.open()
	}
	p.send(wire.Grants, nil)
	p.expect("the denial is gone", front, "ada", enroll.KnownCard)
}

// TestHolidaysThatAreNotUnderstood: then no schedule can be read, nor can one whose windows
// or a zone whose clocks make no sense.
func TestHolidaysThatAreNotUnderstood(t *testing.T) {
	p := newPlace(t)
	p.send(wire.Doors, wire.Door{UnknownTime: wire.PolicyDeny, Stale: wire.PolicyAllow})
	h := p.hubs[wire.Schedules]
	feast := time.Now().UTC().Add(time.Hour).Format(time.DateOnly)
	apply(t, p.s, h.put(t, "holidays", wire.Holidays{Days: []string{feast}}))
	p.expect("holidays", front, "ada", enroll.KnownCard)
	for _, row := range []any{later(t, wire.Holidays{Days: []string{feast}}), wire.Holidays{Days: []string{"25.12."}}} {
		apply(t, p.s, h.put(t, "holidays", row))
		p.expect("holidays that are not understood", front, "ada", enroll.TimeUnknown)
		p.strange(map[wire.Collection]uint64{wire.Schedules: 1})
	}
	apply(t, p.s, h.put(t, "holidays", nil))
	p.expect("no holidays", front, "ada", enroll.KnownCard)
	for _, hours := range []wire.Hours{{Days: 256, To: 1440}, {Days: 255, From: 1441, To: 60}, {Days: 255, To: 1441}, {Days: 255, To: 1 << 16}} {
		apply(t, p.s, h.put(t, "7", wire.Schedule{Windows: []wire.Hours{{Days: 255, To: 1440}, hours}}))
		p.expect("a window that makes no sense", front, "ada", enroll.NoGrant)
		p.strange(map[wire.Collection]uint64{wire.Schedules: 1})
	}
	p.send(wire.Schedules, p.rows[wire.Schedules][1])
	site := p.rows[wire.Config][1].(wire.Site)
	for _, zone := range [][]wire.Offset{nil, {{Since: 2}, {Since: 1}}, {{East: 1 << 40}}} {
		site.Offsets = zone
		p.send(wire.Config, site)
		p.expect("a zone that is not known", front, "ada", enroll.TimeUnknown)
		if !p.s.Index().NoClocks() {
			t.Error("nobody is told that the clocks are missing")
		}
	}
}

// TestManyRowsThatAreNotUnderstood: a snapshot that is staged, and one that ends them.
func TestManyRowsThatAreNotUnderstood(t *testing.T) {
	s, h := openStore(t, dbPath(t)), newHub(wire.Grants)
	for n := range 1000 {
		h.rows[string(key(n))] = later(t, wire.Grant{Account: id(n), Door: "front"})
	}
	h.rev = 1
	apply(t, s, h.snapshot())
	if n := s.Stats().NotUnderstood[wire.Grants]; n != 1000 {
		t.Errorf("%d of 1000 are counted", n)
	}
	h.rows = map[string][]byte{string(key(1)): h.rows[string(key(1))]}
	h.rev = 2
	apply(t, s, h.snapshot())
	if n := s.Stats().NotUnderstood[wire.Grants]; n != 1 {
		t.Errorf("%d are counted, one is there", n)
	}
	sound(t, s)
}

// TestATerminalsOwnChangeDoesNotOutweighWhatItDoesNotUnderstand: a card that a member took
// here, and an account that began anew here, follow the hub's newer row.
func TestATerminalsOwnChangeDoesNotOutweighWhatItDoesNotUnderstand(t *testing.T) {
	p := newPlace(t)
	anonymous := wire.Account{Kind: wire.KindAnonymous, State: wire.AccountActive, Number: 7}
	apply(t, p.s, p.hubs[wire.Accounts].put(t, 2, anonymous))
	apply(t, p.s, p.hubs[wire.Cards].put(t, 12, activeCard(2)))
	update(t, p.s, func(tx enroll.Tx) error {
		return tx.PutBinding(enroll.Binding{Card: id(12), Account: id(1), State: enroll.BindingActive, Assurance: enroll.AssuranceUID})
	})
	apply(t, p.s, p.hubs[wire.Cards].put(t, 12, later(t, activeCard(2))))
	if k, _ := p.s.Index().Card(id(12), ""); k.Binding.State != enroll.BindingNotUnderstood {
		t.Errorf("the card is in state %d", k.Binding.State)
	}
	update(t, p.s, func(tx enroll.Tx) error {
		return tx.PutAccount(enroll.Account{ID: id(2), Kind: enroll.Anonymous, State: enroll.Active, Number: 8})
	})
	apply(t, p.s, p.hubs[wire.Accounts].put(t, 2, later(t, anonymous)))
	apply(t, p.s, p.hubs[wire.Accounts].put(t, 3, later(t, anonymous)))
	update(t, p.s, func(tx enroll.Tx) error {
		return tx.PutAccount(enroll.Account{ID: id(3), Kind: enroll.Anonymous, State: enroll.Active, Number: 9})
	})
	for n := 2; n <= 3; n++ {
		if a, err := account(t, p.s, n); err != nil || a.State != enroll.AccountNotUnderstood {
			t.Errorf("account %d is %+v, %v", n, a, err)
		}
	}
	sound(t, p.s)
}
