//go:build system

package systest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// cuts is how often each of the two terminals loses its power.
const cuts = 150

// seed makes the choices of a run: which badges, when, and how long until the next
// power cut. What the processes make of it differs from run to run; what must hold
// does not.
const seed = 2

// storm is a site in bad weather: two terminals, a hub, people who go on swiping.
type storm struct {
	t         *testing.T
	hub       *hub
	terminals []*terminal
	started   time.Time
}

// TestPowerCuts: 300 kill -9 at random moments, under load, with a hub that comes and
// goes, lose no event that anybody was told of, and make none twice; numbers stay
// unique. Half of the badges come to both terminals.
func TestPowerCuts(t *testing.T) {
	s := setUp(t)
	s.bindMembers()
	hubCuts := s.rage()
	s.calm()
	l := s.ledger()
	for _, problem := range first(audit(l), 20) {
		t.Error(problem)
	}
	s.wantLoad(l, hubCuts)
}

func setUp(t *testing.T) *storm {
	t.Helper()
	dir, err := os.MkdirTemp("", "badged-storm-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the run left is in %s", dir)
		} else if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	programs := build(t)
	s := &storm{t: t, started: time.Now(), hub: startHub(t, programs, filepath.Join(dir, "hub"))}
	if err := s.hub.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"east", "west"} {
		s.terminals = append(s.terminals, install(t, s.hub, programs, filepath.Join(dir, name), name))
	}
	return s
}

func (s *storm) progress(format string, args ...any) {
	s.t.Logf("%4.0f s  %s", time.Since(s.started).Seconds(), fmt.Sprintf(format, args...))
}

// switchOn starts all terminals and the listening to them, and returns what ends both.
func (s *storm) switchOn() (off func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var listeners sync.WaitGroup
	var running []*process
	for _, tm := range s.terminals {
		p, err := tm.on()
		if err != nil {
			s.t.Fatal(err)
		}
		running = append(running, p)
		listeners.Go(func() { tm.listen(ctx) })
	}
	return func() {
		for _, p := range running {
			if err := p.stop(); err != nil {
				s.t.Error(err)
			}
		}
		cancel()
		listeners.Wait()
	}
}

// members are the people at each terminal who have a card before the storm. One of
// them has no grant for the door.
const members = 4

// bindMembers gives each terminal people whose cards open its door, in fair
// weather, and shows that the terminals end in order.
func (s *storm) bindMembers() {
	off := s.switchOn()
	for i, tm := range s.terminals {
		for m := range members {
			s.bindMember(tm, badge(fmt.Sprintf("02%08X", 16*i+m)), m > 0)
		}
	}
	off()
	s.progress("%d members have cards", members*len(s.terminals))
}

func (s *storm) bindMember(tm *terminal, b badge, granted bool) {
	id, code, err := s.hub.member(s.t.Context(), "Member "+string(b), granted)
	if err != nil {
		s.t.Fatal(err)
	}
	tm.belongs(b, id)
	eventually(s.t, "the claim reaches "+tm.name, func() bool {
		st, err := tm.client.Status(s.t.Context())
		return err == nil && st.Store.Claims > 0
	})
	since := tm.last()
	tm.count(b) // typing may count for the member, too
	if err := tm.keys.Type("*" + code); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, tm.name+" awaits a card", func() bool { return tm.has("await_card", since) })
	tm.count(b)
	if err := tm.front.Tap(string(b)); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the claim binds a card at "+tm.name, func() bool { return tm.has("claim_bound", since) })
	tm.bound = append(tm.bound, b)
}

// rage is the storm itself: people, power cuts of both terminals, an unsteady hub.
func (s *storm) rage() (hubCuts int) {
	day, night := context.WithCancel(s.t.Context())
	weather, clear := context.WithCancel(s.t.Context())
	var people, sky, crashes sync.WaitGroup
	sky.Go(func() {
		var err error
		if hubCuts, err = s.hub.unsteady(weather, rand.New(rand.NewPCG(seed, 99))); err != nil {
			s.t.Error(err)
		}
	})
	for i, tm := range s.terminals {
		people.Go(func() { tm.listen(day) })
		s.crowd(day, &people, tm, uint64(i))
		crashes.Go(func() { s.crashes(tm, uint64(i)) })
	}
	crashes.Wait()
	clear()
	sky.Wait()
	night()
	people.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
	return hubCuts
}

// crowd are the people at one terminal.
func (s *storm) crowd(ctx context.Context, people *sync.WaitGroup, tm *terminal, n uint64) {
	own := &deck{first: uint32(n+1) << 20, rng: rand.New(rand.NewPCG(seed, 10+n))}
	shared := &deck{rng: rand.New(rand.NewPCG(seed, 20))} // the same at all terminals
	people.Go(func() { swipe(ctx, own.deal, own.pause, tm.count, tm.hall.Tap) })
	people.Go(func() { swipe(ctx, shared.deal, shared.pause, tm.count, tm.desk.Tap) })
	arriving := make(chan newcomer)
	people.Go(func() { s.invite(ctx, tm, n, arriving) })
	people.Go(func() { s.queueAtDoor(ctx, tm, own, arriving) })
}

// newcomer is a member with a claim and a new card.
type newcomer struct {
	badge badge
	code  string
}

// invite makes newcomers, one when the one before is at the door.
func (s *storm) invite(ctx context.Context, tm *terminal, n uint64, arriving chan<- newcomer) {
	defer close(arriving)
	for i := 0; ctx.Err() == nil; i++ {
		b := badge(fmt.Sprintf("03%04X%04X", n, i))
		id, code, err := s.hub.member(ctx, "Newcomer "+string(b), true)
		if err != nil { // the hub has no power
			pause(ctx, 100*time.Millisecond)
			continue
		}
		tm.belongs(b, id)
		select {
		case <-ctx.Done():
		case arriving <- newcomer{b, code}:
		}
	}
}

// queueAtDoor lets one after the other step to the door: members with known cards, and
// now and then a newcomer who types a code and presents a new card. The power may go
// between any two keys: then the claim is not used, or used once.
func (s *storm) queueAtDoor(ctx context.Context, tm *terminal, d *deck, arriving <-chan newcomer) {
	for turn := 1; ctx.Err() == nil; turn++ {
		b := d.oneOf(tm.bound)
		if turn%5 == 0 {
			n, ok := <-arriving
			if !ok {
				return
			}
			b = n.badge
			tm.count(b) // typing may count for the member, too
			_ = tm.keys.Type("*" + n.code)
			pause(ctx, d.pause())
		}
		tm.count(b)
		_ = tm.front.Tap(string(b))
		pause(ctx, 2*openFor+d.pause()) // so that the lock opens anew each time
	}
}

func (s *storm) crashes(tm *terminal, n uint64) {
	rng := rand.New(rand.NewPCG(seed, 30+n))
	for i := range cuts {
		if err := tm.crash(rng, time.Second); err != nil {
			s.t.Errorf("power cut %d: %v", i+1, err)
			return
		}
		if (i+1)%25 == 0 {
			s.progress("%s: %d power cuts, %d events told", tm.name, i+1, tm.last())
		}
	}
}

// calm lets everything reach the hub, and ends the terminals in order.
func (s *storm) calm() {
	off := s.switchOn()
	for _, tm := range s.terminals {
		eventually(s.t, "everything that "+tm.name+" has reaches the hub", func() bool { return tm.drained(s.t.Context()) })
	}
	off()
	// Ending in order writes what was still on its way: bring that to the hub, too.
	off = s.switchOn()
	defer off()
	for _, tm := range s.terminals {
		eventually(s.t, "the rest of "+tm.name+" reaches the hub", func() bool { return tm.drained(s.t.Context()) })
	}
}

func (s *storm) ledger() ledger {
	l := ledger{Seen: map[string][]event{}, Taps: map[string]map[string]int{}, Pulses: map[string]int{}, Local: map[string][]account{}}
	var err error
	if l.Hub, err = s.hub.events(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if l.Accounts, err = s.hub.accounts(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for _, tm := range s.terminals {
		for _, e := range tm.seen {
			l.Seen[tm.name] = append(l.Seen[tm.name], e)
		}
		l.Taps[tm.name], l.Pulses[tm.name] = tm.taps, tm.pins.State().Pulses
		if l.Local[tm.name], err = tm.local(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		for _, problem := range first(tm.changed, 20) {
			s.t.Error(problem)
		}
	}
	return l
}

// wantLoad fails a run in which nothing happened, and says what did.
func (s *storm) wantLoad(l ledger, hubCuts int) {
	did := map[string]int{}
	for _, e := range l.Hub {
		did[e.Reason]++
	}
	made, bound := did[reasonNewAccount], did[reasonClaimBound]-members*len(s.terminals)
	for _, tm := range s.terminals {
		s.progress("%s: %d events told, %d lock pulses, %d anonymous accounts", tm.name, len(tm.seen), l.Pulses[tm.name], len(l.Local[tm.name]))
		if len(tm.seen) < cuts || l.Pulses[tm.name] == 0 {
			s.t.Errorf("%s did too little for a test: %d events, %d lock pulses", tm.name, len(tm.seen), l.Pulses[tm.name])
		}
	}
	s.progress("hub: %d power cuts, %d events, %d accounts made, %d newcomers bound a card", hubCuts, len(l.Hub), made, bound)
	if hubCuts == 0 || made < 10 || bound == 0 {
		s.t.Error("too little for a test")
	}
}

// first are the first n of a list that may be long.
func first(list []string, n int) []string {
	slices.Sort(list)
	return list[:min(n, len(list))]
}
