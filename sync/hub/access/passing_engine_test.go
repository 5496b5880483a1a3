package access_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"pgregory.net/rapid"

	"badged/enroll"
	terminal "badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/passage"
	"badged/reader"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/hub/store/teststore"
	"badged/sync/wire"
)

// TestO10_TheHubAnswersAsATerminalDecides (O10): for any site, whoever comes to whatever
// door at whatever moment, the hub tells the reason that a real terminal gives, which has
// copied the rows of that hub into its own database.
func TestO10_TheHubAnswersAsATerminalDecides(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "site")
		if err != nil {
			r.Fatal(err)
		}
		s := drawSite(t, r, dir)
		for _, m := range []moment{s.trusted(r), s.away(r), s.lost()} {
			s.compare(r, m)
		}
	})
}

// drawnSite is a site that rapid drew, and a terminal that has copied it.
type drawnSite struct {
	site
	terminal *terminal.Store
	doors    []string
	cards    []string // numbers
	owners   []people.ID
}

// moment is when everybody comes to every door, as the terminal's clock takes it.
type moment struct {
	about string
	clock *clock.Clock
	known bool
	heard time.Time // zero: just now
}

func drawSite(t *testing.T, r *rapid.T, dir string) *drawnSite {
	now := time.Now()
	hub, err := teststore.Open(t.Context(), dir, func() time.Time { return now })
	if err != nil {
		r.Fatal(err)
	}
	box, err := terminal.Open(t.Context(), terminal.Options{Path: filepath.Join(dir, "badged.db"), Terminal: "box"})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := errors.Join(hub.Close(), box.Close()); err != nil {
			r.Error(err)
		}
	})
	s := &drawnSite{site: site{t, hub, siteKey, &now}, terminal: box, doors: []string{"front", "back", "lab"}}
	s.do(func(tx access.Tx) error { return s.furnish(r, tx) })
	s.copyRows(r)
	return s
}

// furnish draws the site.
func (s *drawnSite) furnish(r *rapid.T, tx access.Tx) error {
	zone := rapid.SampledFrom([]string{"Europe/Paris", "America/St_Johns", "Asia/Kathmandu"}).Draw(r, "zone")
	// A name that is not the default: without a change there is no row for terminals.
	_, err := access.ChangeSettings(tx, map[string]string{"time_zone": zone, "name": "drawn"})
	for _, name := range s.doors {
		d := access.Door{
			Group: rapid.SampledFrom([]string{"", "inner", "outer"}).Draw(r, "group of doors"), UnknownTime: drawPolicy(r), Stale: drawPolicy(r),
			FreshFor: time.Duration(rapid.SampledFrom([]int{0, 1, 24}).Draw(r, "fresh for")) * time.Hour,
		}
		_, err2 := access.SetDoor(tx, name, func(to *access.Door) { *to = d })
		err = errors.Join(err, err2)
	}
	for _, name := range []string{"one", "two"} {
		_, err2 := people.AddGroup(tx.Tx, name)
		_, err3 := access.AddSchedule(tx, access.Schedule{Name: name, Windows: rapid.SliceOfN(rapid.Custom(s.drawWindow), 0, 3).Draw(r, "windows")})
		err = errors.Join(err, err2, err3)
	}
	for days := range 3 {
		if rapid.Bool().Draw(r, "a holiday") {
			_, err2 := access.SetHoliday(tx, s.now.AddDate(0, 0, days-1).Format(time.DateOnly), "feast")
			err = errors.Join(err, err2)
		}
	}
	for n := range 4 {
		err = errors.Join(err, s.addPerson(r, tx, n))
	}
	for range rapid.IntRange(0, 10).Draw(r, "grants") {
		err = errors.Join(err, putOnce(tx, s.drawGrant(r, tx)))
	}
	return err
}

func drawPolicy(r *rapid.T) access.Policy {
	return rapid.SampledFrom([]access.Policy{access.PolicyDeny, access.PolicyStaff, access.PolicyAllow}).Draw(r, "policy")
}

func (s *drawnSite) drawWindow(r *rapid.T) access.Window {
	w := access.Window{Days: uint8(rapid.IntRange(1, 255).Draw(r, "days")), From: rapid.IntRange(0, 1439).Draw(r, "from")}
	for w.To = w.From; w.To == w.From; {
		w.To = rapid.IntRange(0, 1440).Draw(r, "to")
	}
	return w
}

// drawEnd is none, or some hours from now.
func (s *drawnSite) drawEnd(r *rapid.T, what string) time.Time {
	hours := rapid.IntRange(-4, 4).Draw(r, what)
	if hours == 0 {
		return time.Time{}
	}
	return s.now.UTC().Truncate(time.Millisecond).Add(time.Duration(hours) * 30 * time.Minute)
}

// addPerson puts somebody with a card, in any state, with both names or not.
func (s *drawnSite) addPerson(r *rapid.T, tx access.Tx, n int) error {
	a := people.Account{
		ID: people.ID{1, byte(n)}, First: "Ada", Last: rapid.SampledFrom([]string{"Byron", ""}).Draw(r, "last name"), NameAttested: true,
		Kind:  rapid.SampledFrom([]people.Kind{people.Person, people.Person, people.Person, people.Service}).Draw(r, "kind"),
		State: rapid.SampledFrom([]people.State{people.Active, people.Active, people.Active, people.Suspended, people.Invited}).Draw(r, "state"),
		Role:  people.User, Source: people.ByOperator, Expires: s.drawEnd(r, "account ends"), Created: *s.now,
	}
	number := fmt.Sprintf("62E30%05X", n)
	s.cards, s.owners = append(s.cards, number), append(s.owners, a.ID)
	k := access.Card{
		ID: siteKey.Card(number), Account: a.ID, Assurance: access.PACS, Expires: s.drawEnd(r, "card ends"), Since: *s.now,
		State: rapid.SampledFrom([]access.CardState{access.CardActive, access.CardActive, access.CardActive, access.CardPending, access.CardLost}).Draw(r, "card"),
	}
	err := errors.Join(tx.PutAccount(a), tx.PutCard(k))
	return eachGroup(tx, func(g people.Group) error {
		return errors.Join(err, tx.SetMember(g.ID, a.ID, rapid.Bool().Draw(r, "in the group")))
	})
}

func eachGroup(tx access.Tx, fn func(people.Group) error) error {
	return tx.EachGroup(func(g people.Group, _ int) error { return fn(g) })
}

func (s *drawnSite) drawGrant(r *rapid.T, tx access.Tx) access.Grant {
	g := access.Grant{
		ID: access.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(r, "id")), Deny: rapid.IntRange(0, 4).Draw(r, "denies") == 0,
		From: s.drawEnd(r, "begins"), To: s.drawEnd(r, "ends"),
	}
	if rapid.Bool().Draw(r, "of a group") {
		_ = eachGroup(tx, func(to people.Group) error { // never fails, nor does fn
			if g.Group == 0 || rapid.Bool().Draw(r, "of the next group") {
				g.Group = to.ID
			}
			return nil
		})
	} else {
		g.Account = rapid.SampledFrom(s.owners).Draw(r, "of")
	}
	if rapid.Bool().Draw(r, "for a group of doors") {
		g.DoorGroup = rapid.SampledFrom([]string{"inner", "outer"}).Draw(r, "doors")
	} else {
		g.Door = rapid.SampledFrom(s.doors).Draw(r, "door")
	}
	if rapid.Bool().Draw(r, "has a schedule") {
		sc, _ := access.FindSchedule(tx, rapid.SampledFrom([]string{"one", "two"}).Draw(r, "schedule"))
		g.Schedule = sc.ID
	}
	return g
}

// putOnce puts a grant, unless the hub has the same one: it keeps none twice.
func putOnce(tx access.Tx, g access.Grant) error {
	_, err := tx.SameGrant(g)
	if errors.Is(err, people.ErrNotFound) {
		return tx.PutGrant(g)
	}
	return err
}

// copyRows lets the terminal copy what the hub publishes.
func (s *drawnSite) copyRows(r *rapid.T) {
	for _, c := range publish.CollectionsOf(true) {
		if c == wire.Leases {
			continue
		}
		var pages []wire.Page
		err := s.Read(s.t.Context(), func(tx fleet.Tx) error {
			plan, err := publish.PlanOne(tx.Tx, c, "", wire.CollectionState{})
			if err != nil {
				return err
			}
			return plan.Pages(tx.Tx, fleet.ID{1}, func(p wire.Page) error {
				p.Changes = slices.Clone(p.Changes)
				pages = append(pages, p)
				return nil
			})
		})
		if err == nil && pages[0].To > 0 {
			err = s.terminal.Apply(s.t.Context(), pages)
		}
		if err != nil {
			r.Fatalf("copy %s: %v", c, err)
		}
	}
}

// trusted is a moment in the coming years, of which the hub told the time.
func (s *drawnSite) trusted(r *rapid.T) moment {
	at := s.now.Add(time.Duration(rapid.IntRange(-120, 120).Draw(r, "minutes from now")) * time.Minute)
	if rapid.Bool().Draw(r, "when clocks change") {
		at = time.Date(s.now.Year()+1, 10, 31-int(time.Date(s.now.Year()+1, 10, 31, 0, 0, 0, 0, time.UTC).Weekday()), 0, rapid.IntRange(-180, 360).Draw(r, "minutes"), 0, 0, time.UTC)
	}
	c := clock.New(clock.From(s.now.AddDate(-5, 0, 0)))
	c.HubTime(at)
	return moment{about: "the hub told the time", clock: c, known: true}
}

// away is now, at a terminal that heard from the hub some time ago.
func (s *drawnSite) away(r *rapid.T) moment {
	heard := s.now.Add(-time.Duration(rapid.SampledFrom([]int{30, 90, 30 * 60, 80 * 60}).Draw(r, "minutes away")) * time.Minute)
	return moment{about: "the terminal is away", clock: clock.New(clock.From(heard)), known: true, heard: heard}
}

// lost is now, at a terminal whose clock shows a time that has passed.
func (s *drawnSite) lost() moment {
	return moment{about: "the time is unknown", clock: clock.New(clock.From(s.now.AddDate(1, 0, 0)))}
}

// compare lets everybody come to every door. The hub is asked about the moment before and
// the one after: if they differ, an hour struck between them.
func (s *drawnSite) compare(r *rapid.T, m moment) {
	e := enroll.NewEngine(s.terminal, siteKey, m.clock, "box")
	for i, number := range s.cards {
		for _, door := range s.doors {
			before := s.askHub(r, m, s.owners[i], door)
			d := e.Card(s.t.Context(), enroll.Point{Name: door, Kind: enroll.DoorP, Door: door}, reader.NewNumber(number), reader.TextCard(number))
			after := s.askHub(r, m, s.owners[i], door)
			if got := wire.Reason(d.Reason).String(); got != before.Reason.String() && got != after.Reason.String() || d.Open && !before.Passes() && !after.Passes() {
				r.Fatalf("%s, person %d at %s: the terminal says %s, the hub %s", m.about, i, door, got, before.Reason)
			}
			s.checkGrant(r, before)
		}
	}
}

// askHub gives what the hub decides for an account at a door.
func (s *drawnSite) askHub(r *rapid.T, m moment, account people.ID, door string) (out access.Passing) {
	at := passage.Moment{At: m.clock.Now().Wall, Known: m.known, Floor: m.clock.Now().Floor, Heard: m.heard}
	if m.heard.IsZero() {
		at.Heard = at.At
	}
	err := s.Read(s.t.Context(), func(tx fleet.Tx) (err error) {
		out, err = access.TryDoor(tx.Tx.Tx, people.HexID(account), door, at)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	return out
}

// checkGrant fails unless the grant that is named for an answer fits it.
func (s *drawnSite) checkGrant(r *rapid.T, p access.Passing) {
	named := p.Grant.ID != access.ID{}
	switch p.Reason {
	case passage.KnownCard, passage.OutOfHours, passage.StaleSnapshot:
		if !named || p.Grant.Deny {
			r.Fatalf("%s by the grant %+v", p.Reason, p.Grant)
		}
	case passage.DeniedGrant:
		if !p.Grant.Deny {
			r.Fatal("denied by a grant that does not deny")
		}
	case passage.NoGrant, passage.TimeUnknown:
	default:
		if named {
			r.Fatalf("%s has nothing to do with a grant", p.Reason)
		}
	}
}
