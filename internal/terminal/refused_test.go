package terminal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/agent"
	"badged/internal/clock"
	"badged/internal/config"
	"badged/internal/health"
	"badged/internal/terminal/plan"
	"badged/reader"
	"badged/sync/identity"
	"badged/sync/wire"
)

// whose says, of every reason, whether people are refused for something that status must
// show. A scene names what brings it about; personal is between the site and one person,
// card or entry, and nobody has to mend the terminal for it.
var whose = map[enroll.Reason]string{
	enroll.QuotaReached: "quota", enroll.StoreFailed: fullDisk, enroll.TimeUnknown: "old clock",
	enroll.StaleSnapshot: "no hub for days", enroll.BadRead: "bad reads", enroll.CutUID: "cut numbers",
	enroll.CodeRefused: "closed claiming", enroll.NoGrant: "unknown door", enroll.UnknownCard: "kept-aside database",
	enroll.DeviceDown: "dead reader", enroll.NotUnderstood: "old agent",

	enroll.DeniedGrant: personal, enroll.AccountInactive: personal, enroll.BindingInactive: personal, enroll.RandomUID: personal,
	enroll.RouteOff: personal, enroll.CardTaken: personal, enroll.PINUnknown: personal, enroll.ServiceAccount: personal,
	enroll.CodeIdle: personal, enroll.ProfileRefused: personal, enroll.OutOfHours: personal, enroll.PINDelayed: personal,
	enroll.NoticeRefused: personal,
}

const (
	personal = "personal"
	fullDisk = "full disk" // needs a process of its own: cmd/badged/testdata/script/full_disk.txtar
)

// notRefused are the reasons for which nobody is refused.
var notRefused = []enroll.Reason{
	enroll.KnownCard, enroll.NewAccount, enroll.ClaimBound, enroll.AwaitCard, enroll.AwaitCode, enroll.SignedOut, enroll.SessionIdle,
	enroll.SessionReplaced, enroll.ProfileEdited, enroll.DoorForced, enroll.DoorHeld, enroll.DoorClosed, enroll.ExitButton,
	enroll.DeviceUp, enroll.TerminalStarted, enroll.EntryTimeout, enroll.DoorOpened, enroll.BindOffered, enroll.DatabaseQuarantined,
	enroll.EventsLost, enroll.DeviceAlarm, enroll.DeviceKeyed, enroll.AccountsClosed, enroll.AwaitSameCard, enroll.ClaimsClosed,
	enroll.AlarmOver, enroll.SessionLimit, enroll.KnownPIN, enroll.NoticeAccepted, enroll.CardAdded,
}

// patience is how long a condition may take to come true.
const patience = 2 * time.Minute

// scene brings a terminal into a state in which people are refused, and says what status
// must show then.
type scene struct {
	before func(t *testing.T, dir string) // the terminal starts
	play   func(r *rig)
	item   string
	state  health.State
	do     string // a word of what to do
}

var scenes = map[string]scene{
	"quota": {
		play: func(r *rig) {
			r.told(func(s *enroll.Site) { s.QuotaDay = 1 })
			r.tap("hall", "A")
			r.tap("hall", "B")
		}, item: "new accounts", state: health.Fail, do: "badgehub site set quota_day=",
	},
	"old clock": {
		before: func(t *testing.T, dir string) { setFloor(t, dir, time.Now().Add(24*time.Hour)) },
		play: func(r *rig) {
			r.told(nil)
			r.member("A", time.Now().Add(48*time.Hour))
			r.tap("front", "A")
		}, item: "clock", state: health.Warn, do: "set the clock",
	},
	"no hub for days": {
		before: func(t *testing.T, dir string) { setFloor(t, dir, time.Now().Add(-100*time.Hour)) },
		play: func(r *rig) {
			r.told(nil)
			r.member("A", time.Time{})
			r.tap("front", "A")
		}, item: "door front", state: health.Fail, do: "--fresh-for",
	},
	"bad reads": {
		play: func(r *rig) {
			r.told(nil)
			for range 3 {
				r.say("hall", reader.Event{Kind: reader.KindFault, Why: reader.BadChecksum})
			}
		}, item: "reader hall badges", state: health.Warn, do: "check its wiring",
	},
	"cut numbers": {
		play: func(r *rig) {
			r.told(nil)
			for n := range byte(3) {
				r.say("hall", reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.ISO14443A, "UID", 32, []byte{0x88, 4, 1, n})})
			}
		}, item: "reader hall badges", state: health.Warn, do: "whole serial numbers",
	},
	"closed claiming": {
		play: func(r *rig) { r.told(func(s *enroll.Site) { s.ClaimsClosed = true }) },
		item: "claiming", state: health.Fail, do: "badgehub site reopen",
	},
	"unknown door": {
		play: func(r *rig) {
			r.told(nil)
			r.terminal.store.Index().Apply(enroll.GoneDoor("front"))
			r.refresh()
			r.tap("front", "A")
		}, item: "door front", state: health.Fail, do: "badgehub door add front",
	},
	"kept-aside database": {
		before: func(t *testing.T, dir string) {
			garbage := []byte(strings.Repeat("this is not a database. ", 100))
			if err := os.WriteFile(filepath.Join(dir, "state", "badged.db"), garbage, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		play: func(r *rig) { r.tap("front", "A") },
		item: "site", state: health.Fail, do: "bring the hub",
	},
	"old agent": {
		play: func(r *rig) {
			r.told(nil)
			r.member("A", time.Time{})
			row, err := wire.Marshal(wire.Door{Stale: wire.PolicyAllow})
			if err != nil {
				r.t.Fatal(err)
			}
			row = append([]byte{row[0] + 1}, append(row[1:], 0x37, 0x01)...) // a key that must be understood
			key := []byte("front")
			s := hubStore{r.terminal.store, r.terminal.changed, r.terminal.showUnderstood}
			err = s.Apply(r.t.Context(), []wire.Page{{
				Collection: wire.Doors, To: 1, Parts: 1, Hash: wire.RowHash(wire.Doors, key, row),
				Changes: []wire.Change{{Key: key, Rev: 1, Body: row}},
			}})
			if err != nil {
				r.t.Fatal(err)
			}
			r.tap("front", "A")
		}, item: "version", state: health.Fail, do: "update badged",
	},
	"dead reader": {
		play: func(r *rig) {
			r.told(nil)
			r.readers["hall"].fail <- errors.New("no such device")
		}, item: "reader hall", state: health.Warn, do: "cable",
	},
}

// O7: whatever people are refused for, if somebody can mend it, then status shows it and says
// what to do: badgectl status says that everything works only if nothing stands there.
func TestEveryRefusalShowsInStatus(t *testing.T) {
	played := map[string]bool{}
	for r := enroll.Reason(1); !strings.HasPrefix(wire.Reason(r).String(), "reason_"); r++ {
		name, known := whose[r]
		if !known && !slices.Contains(notRefused, r) {
			t.Errorf("reason %s: does status show it? Say so in whose", wire.Reason(r).String())
		}
		played[name] = known
	}
	script, err := os.ReadFile("../../cmd/badged/testdata/script/full_disk.txtar")
	if err != nil || !strings.Contains(string(script), `status '"name":"store","state":"fail"`) {
		t.Errorf("the script of the full disk does not look at status: %v", err)
	}
	for name, s := range scenes {
		if !played[name] {
			t.Errorf("scene %q is of no reason", name)
		}
		t.Run(name, func(t *testing.T) {
			r := newRig(t, s.before)
			s.play(r)
			it := r.await(s.item, s.state)
			if !strings.Contains(it.Do, s.do) || it.Text == "" {
				t.Errorf("status says %q, and to do %q", it.Text, it.Do)
			}
		})
	}
}

// TestASiteWithoutATimeZoneShowsInStatus: as soon as there is a schedule, and until the hub
// tells what the clocks show.
func TestASiteWithoutATimeZoneShowsInStatus(t *testing.T) {
	r := newRig(t, nil)
	s := hubStore{r.terminal.store, r.terminal.changed, r.terminal.showUnderstood}
	tell := func(c wire.Collection, key string, row any) {
		body, err := wire.Marshal(row)
		if err == nil {
			err = s.Apply(t.Context(), []wire.Page{{
				Collection: c, To: 1, Parts: 1, Hash: wire.RowHash(c, []byte(key), body),
				Changes: []wire.Change{{Key: []byte(key), Rev: 1, Body: body}},
			}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.await("time zone", health.OK)
	tell(wire.Schedules, "7", wire.Schedule{Windows: []wire.Hours{{Days: 255, To: 1440}}})
	if it := r.await("time zone", health.Fail); !strings.Contains(it.Do, "time zone at the hub") || it.Text == "" {
		t.Errorf("status says %q, and to do %q", it.Text, it.Do)
	}
	tell(wire.Config, "site", wire.Site{TimeZone: "Europe/Paris", Offsets: []wire.Offset{{East: 3600}}})
	r.await("time zone", health.OK)
}

// TestReadersShowWhatTheyBrought: status has the badges and faults of each reader, and
// when the last ones were.
func TestReadersShowWhatTheyBrought(t *testing.T) {
	r := newRig(t, nil)
	r.told(nil)
	began := time.Now()
	r.tap("hall", "A")
	r.say("hall", reader.Event{Kind: reader.KindFault, Why: reader.BadChecksum})
	r.say("hall", reader.Event{Kind: reader.KindKey, Key: '1'}) // the turn of the fault has ended
	s, _ := r.terminal.status.Status(t.Context())
	hall, front := s.Readers[0], s.Readers[1]
	if hall.Badges != 1 || hall.Faults != 1 || hall.LastBadge.Before(began) || hall.LastFault.Before(hall.LastBadge) {
		t.Errorf("the hall's reader: %+v", hall)
	}
	if front.Badges != 0 || !front.LastFault.IsZero() {
		t.Errorf("the front's reader: %+v", front)
	}
}

// rig is a whole terminal without a hub, with readers that say what a test sends.
type rig struct {
	t        *testing.T
	terminal *terminal
	readers  map[string]*scripted
}

const rigConfig = `state_dir = "DIR/state"
control = "DIR/c.sock"
[kiosk]
listen = "127.0.0.1:0"
[[point]]
name = "hall"
kind = "print"
[[point]]
name = "front"
kind = "door"
door = "front"
relay = "virtual:DIR/board#relay"
[[reader]]
name = "hall"
point = "hall"
protocol = "rdm6300"
port = "DIR/hall"
[[reader]]
name = "front"
point = "front"
protocol = "rdm6300"
port = "DIR/front"
`

func newRig(t *testing.T, before func(t *testing.T, dir string)) *rig {
	t.Helper()
	dir := t.TempDir()
	id, err := identity.SelfMade("lyon", "hall")
	if err == nil {
		err = identity.Write(filepath.Join(dir, "state"), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	if before == nil {
		before = func(t *testing.T, dir string) { setFloor(t, dir, time.Now()) } // the hub was heard just now
	}
	before(t, dir)
	r := &rig{t: t, readers: map[string]*scripted{}}
	r.terminal = newTerminal(r.plan(dir), "devel", slog.New(slog.DiscardHandler))
	if err := r.terminal.openParts(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.terminal.runParts(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, r.terminal.closeParts()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// plan is that of rigConfig, with scripted readers in place of the ports.
func (r *rig) plan(dir string) *plan.Plan {
	r.t.Helper()
	cfg, err := config.Parse("rig.toml", []byte(strings.ReplaceAll(rigConfig, "DIR", dir)))
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := plan.New(cfg, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i, rd := range p.Readers {
		s := &scripted{name: rd.Source.Name(), events: make(chan reader.Event), fail: make(chan error)}
		r.readers[s.name] = s
		p.Readers[i] = agent.Reader{Source: s, Point: rd.Point, Number: func(c reader.Card) (reader.Number, error) {
			return reader.NewNumber(c.Reveal()), nil
		}}
	}
	return p
}

// told gives the terminal what a hub would: the settings of its site, and its door.
func (r *rig) told(change func(*enroll.Site)) {
	site := enroll.DefaultSite()
	if change != nil {
		change(&site)
	}
	r.terminal.store.Index().Apply(site, enroll.Door{ID: "front"})
	r.refresh()
}

// refresh tells the agent that the hub has changed something.
func (r *rig) refresh() { r.terminal.changed <- struct{}{} }

// member makes an active person with a card, who may use the front door until then.
func (r *rig) member(card string, until time.Time) {
	a := enroll.Account{Kind: enroll.Person, State: enroll.Active, Name: "Ada"}
	g := enroll.Grant{Door: "front", To: until}
	_, _ = rand.Read(a.ID[:])
	_, _ = rand.Read(g.ID[:])
	g.Account = a.ID
	r.terminal.store.Index().Apply(a, g, enroll.Binding{
		Card: r.terminal.id.SiteKey.Card(card), Account: a.ID, State: enroll.BindingActive, Assurance: enroll.AssuranceUID,
	})
}

func (r *rig) tap(point, card string) {
	r.say(point, reader.Event{Kind: reader.KindCard, Card: reader.TextCard(card)})
}

func (r *rig) say(point string, ev reader.Event) {
	r.t.Helper()
	ev.At = time.Now()
	select {
	case r.readers[point].events <- ev:
	case <-time.After(patience):
		r.t.Fatalf("the reader %s does not get to say anything", point)
	}
}

// await waits until an item of status has a state.
func (r *rig) await(name string, want health.State) health.Item {
	r.t.Helper()
	late := time.After(patience)
	for {
		changed := r.terminal.health.Changed()
		s, err := r.terminal.status.Status(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		for _, it := range s.Health {
			if it.Name == name && it.State == want {
				return it
			}
		}
		select {
		case <-changed:
		case <-late:
			r.t.Fatalf("%s is not %v: %+v", name, want, s.Health)
		}
	}
}

// setFloor stores the last time that the terminal has heard of.
func setFloor(t *testing.T, dir string, at time.Time) {
	t.Helper()
	r := newTerminal(&plan.Plan{Config: &config.Config{StateDir: filepath.Join(dir, "state")}}, "", nil)
	st, err := store.Open(t.Context(), store.Options{Path: r.dbPath(), Terminal: "hall", Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = errors.Join(st.KeepTime(context.Background(), clock.From(at).Kept), st.Close())
	}
	if err != nil {
		t.Fatal(fmt.Errorf("set the floor: %w", err))
	}
}

// scripted is a reader that says what a test sends.
type scripted struct {
	name   string
	events chan reader.Event
	fail   chan error
}

func (s *scripted) Name() string { return s.name }

func (s *scripted) Run(ctx context.Context, emit func(reader.Event)) error {
	for {
		select {
		case ev := <-s.events:
			emit(ev)
		case err := <-s.fail:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
