package agent_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/keypad"
	"badged/reader"
)

// touch types on the panel of the hall.
func (l *lab) touch(keys string) {
	for _, k := range keys {
		l.Type("hall", keypad.Key(k))
	}
}

// binding has the site bind unknown badges, with this guess budget.
func (l *lab) binding(budget int) {
	site := enroll.DefaultSite()
	site.UnknownBadge, site.GuessBudget, site.ClaimWindow = enroll.RouteBind, budget, 40*time.Second
	l.store.Index().Apply(site)
}

// Issue 7, 3.5: unknown-badge=bind at a panel without keypad takes the claim code by touch,
// on the way of typed codes.
func TestClaimCodeByTouch(t *testing.T) {
	for name, typed := range map[string]string{"plain": "7365", "with its star": "*7365", "begun again": "99*7365"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, hall := newLab(t), newScript("hall-rfid")
				l.attach(hall, "hall")
				l.binding(8)
				owner := l.member("")
				l.claim(owner, "7365")
				l.run()
				hall.tap("A")
				l.expect(enroll.Waiting, enroll.BindOffered)
				l.screen(func(s enroll.Screen) bool {
					return s.Keys == enroll.CodeKeys && s.CodeDigits == 4 && s.Typed == 0 && s.ClaimWindow == 40*time.Second
				})
				l.touch(typed[:len(typed)-1])
				l.screen(func(s enroll.Screen) bool { return s.Keys == enroll.CodeKeys && s.Typed == 3 })
				l.touch("5")
				l.expect(enroll.Waiting, enroll.AwaitSameCard)
				l.screen(func(s enroll.Screen) bool {
					return s.Keys == enroll.NoKeys && s.Typed == 0 && s.Notice == enroll.AwaitSameCard
				})
				hall.tap("A")
				if d := l.expect(enroll.Granted, enroll.ClaimBound); d.Account.ID != owner {
					t.Error("the card is somebody else's")
				}
			})
		})
	}
}

// Codes that are touched cost the guess budget, as typed ones do.
func TestTouchedCodesCostTheGuessBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.binding(2)
		l.claim(l.member(""), "7365")
		l.run()
		hall.tap("A")
		l.expect(enroll.Waiting, enroll.BindOffered)
		for range 2 {
			l.touch("1111")
			l.expect(enroll.Refused, enroll.CodeRefused)
			l.screen(func(s enroll.Screen) bool { return s.Keys == enroll.CodeKeys && s.Notice == enroll.CodeRefused }) // for another try
		}
		l.touch("7365")
		l.expect(enroll.Refused, enroll.CodeRefused)
	})
}

// The keys stay while somebody types, and an entry that is left is forgotten.
func TestTouchedKeysEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.binding(8)
		l.run()
		hall.tap("A")
		l.expect(enroll.Waiting, enroll.BindOffered)
		time.Sleep(39 * time.Second)
		l.touch("7")
		time.Sleep(4 * time.Second)
		if s, _ := l.Screen("hall"); s.Keys != enroll.CodeKeys || s.Typed != 1 {
			t.Errorf("the keys went away under the finger: %+v", s)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if s, _ := l.Screen("hall"); s.Typed != 0 {
			t.Error("the entry stays after 5 s")
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if s, _ := l.Screen("hall"); s.Keys != enroll.NoKeys || s.Notice != enroll.ReasonNone {
			t.Errorf("the offer stays: %+v", s)
		}
	})
}

// A panel that offers no keys takes none: of a session, of a site with another setting, of a
// door, and no #.
func TestKeysThatAreNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.claim(l.member(""), "7365")
		l.run()
		l.touch("*7365")
		hall.tap("A")
		l.expect(enroll.Granted, enroll.NewAccount) // and no code before it
		l.binding(8)
		l.touch("*7365")
		if err := l.SignOut(t.Context(), "hall", l.screen(func(s enroll.Screen) bool { return s.Session != "" }).Session); err != nil {
			t.Fatal(err)
		}
		for _, k := range "*7365" {
			l.Type("front", keypad.Key(k))
			l.Type("nowhere", keypad.Key(k))
		}
		hall.tap("B")
		l.expect(enroll.Waiting, enroll.BindOffered)
		l.touch("7#3#6#5")
		l.expect(enroll.Waiting, enroll.AwaitSameCard)
	})
}

// A code that a keypad gets wrong offers no keys to somebody's session, nor where the site
// binds nothing.
func TestWrongCodesElsewhereOfferNoKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall, keys := newLab(t), newScript("hall-rfid"), newScript("hall-keys")
		l.attach(hall, "hall")
		l.attach(keys, "hall")
		l.member("M")
		l.run()
		wrong := func() enroll.Screen {
			t.Helper()
			for _, k := range "*1111" {
				keys.say <- reader.Event{Kind: reader.KindKey, Key: keypad.Key(k)}
			}
			l.expect(enroll.Refused, enroll.CodeRefused)
			return l.screen(func(s enroll.Screen) bool { return s.Notice == enroll.CodeRefused })
		}
		if s := wrong(); s.Keys != enroll.NoKeys {
			t.Error("a site that makes accounts offers keys")
		}
		l.binding(8)
		hall.tap("M")
		l.expect(enroll.Granted, enroll.KnownCard)
		if s := wrong(); s.Keys != enroll.NoKeys || s.Session == "" {
			t.Error("a session offers keys")
		}
	})
}

// dying is a reader that works while alive is set.
type dying struct {
	*script
	alive atomic.Bool
	end   chan struct{}
}

func (d *dying) Run(ctx context.Context, emit func(reader.Event)) error {
	if !d.alive.Load() {
		return errors.New("unplugged")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.end:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = d.script.Run(ctx, emit)
	return errors.New("unplugged")
}

// Issue 7, 3.4: a panel knows when no reader of its point works; a keypad is none.
func TestPanelKnowsThatItsReaderIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, keys := newLab(t), newScript("hall-keys")
		one, two := &dying{newScript("one"), atomic.Bool{}, make(chan struct{})}, &dying{newScript("two"), atomic.Bool{}, make(chan struct{})}
		one.alive.Store(true)
		l.attach(one, "hall")
		l.attach(two, "hall")
		l.attach(keys, "hall")
		l.opts.Readers[2].KeysOnly = true
		l.opts.Site = "hq"
		l.run()
		down := func(want bool) {
			t.Helper()
			l.screen(func(s enroll.Screen) bool { return s.ReaderDown == want })
		}
		l.await("reader two", health.Warn)
		synctest.Wait()
		down(false) // one of two is enough
		one.alive.Store(false)
		close(one.end)
		down(true)
		two.alive.Store(true)
		down(false)
		if s, _ := l.Screen("hall"); s.Site != "hq" {
			t.Errorf("the site is %q", s.Site)
		}
		site := enroll.DefaultSite()
		site.Name = "Siège de Lyon"
		l.store.Index().Apply(site)
		two.alive.Store(false)
		close(two.end)
		down(true)
		if s, _ := l.Screen("hall"); s.Site != "Siège de Lyon" {
			t.Errorf("the site is %q", s.Site)
		}
	})
}

// Who drums on the panel writes no more than who drums on a keypad (issue 7, 4.6).
func TestTouchedEntriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.binding(8)
		l.run()
		hall.tap("A")
		l.expect(enroll.Waiting, enroll.BindOffered)
		for range 13 {
			l.touch("1111")
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		var more []uint64
		refused := 0
		for _, ev := range l.tail(enroll.EventPresentation) {
			if ev.Device == "panel" {
				more = append(more, ev.Count)
			} else if ev.Outcome == enroll.Refused {
				refused++
			}
		}
		if refused != 10 || !slices.Equal(more, []uint64{3}) {
			t.Errorf("%d refused entries were listed and then %v told, want 10 and [3]", refused, more)
		}
	})
}
