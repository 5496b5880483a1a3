package agent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"badged/enroll"
	"badged/internal/agent"
	"badged/internal/door"
	"badged/internal/health"
	"badged/keypad"
	"badged/reader"
	"badged/reader/gpioport"
)

// A panel from an unknown badge to the end of its session (S1.03 to S1.08, S1.13 to
// S1.15, S1.25, DESIGN §12).
func TestPanel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.run()
		in := func(s enroll.Screen) bool { return s.Session != "" }

		hall.tap("A")
		first := l.expect(enroll.Granted, enroll.NewAccount)
		s := l.screen(in)
		if s.Account.ID != first.Account.ID || !s.New || s.Lang != "fr" || !s.EditProfile {
			t.Errorf("got %+v", s)
		}
		hall.tap("A")
		l.expect(enroll.Granted, enroll.KnownCard)
		if again := l.screen(func(s enroll.Screen) bool { return !s.New }); again.Session != s.Session || again.Rev <= s.Rev {
			t.Error("the same badge did not go on with its session")
		}
		hall.tap("B")
		l.expect(enroll.Granted, enroll.NewAccount)
		second := l.screen(func(n enroll.Screen) bool { return in(n) && n.Session != s.Session })
		if second.Account.ID == first.Account.ID {
			t.Error("another badge has the same account")
		}
		if err := l.Edit(t.Context(), "hall", s.Session, enroll.Edit{Lang: "en"}); !errors.Is(err, enroll.ErrNoSession) {
			t.Errorf("an ended session edits: %v", err)
		}
		if err := l.Edit(t.Context(), "hall", second.Session, enroll.Edit{Name: "Bea", Lang: "en"}); err != nil {
			t.Fatal(err)
		}
		if s, _ := l.Screen("hall"); s.Account.DisplayName() != "Bea" || s.Account.Lang != "en" || s.New { // it is completed, not new
			t.Errorf("the panel shows %q", s.Account.DisplayName())
		}
		var field *enroll.FieldError
		if err := l.Edit(t.Context(), "hall", second.Session, enroll.Edit{Lang: "xx"}); !errors.As(err, &field) {
			t.Errorf("got %v", err)
		}
		if err := l.SignOut(t.Context(), "hall", second.Session); err != nil {
			t.Fatal(err)
		}
		if s, _ := l.Screen("hall"); s.Session != "" || !s.Account.ID.IsZero() {
			t.Error("something of the session stays")
		}
		if err := l.SignOut(t.Context(), "hall", second.Session); !errors.Is(err, enroll.ErrNoSession) {
			t.Errorf("got %v", err)
		}
		want := []enroll.Reason{enroll.SessionReplaced, enroll.SignedOut}
		if got := l.events(enroll.EventSession); !slices.Equal(got, want) {
			t.Errorf("session events %v, want %v", got, want)
		}
	})
}

func TestSessionEndsWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.run()
		hall.tap("A")
		l.expect(enroll.Granted, enroll.NewAccount)
		s := l.screen(func(s enroll.Screen) bool { return s.Session != "" })
		time.Sleep(50 * time.Second)
		l.Touch("hall", s.Session)
		time.Sleep(50 * time.Second)
		if now, _ := l.Screen("hall"); now.Session != s.Session || !now.Ends.After(s.Ends) {
			t.Fatal("a touch did not prolong the session")
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if now, _ := l.Screen("hall"); now.Session != "" {
			t.Fatal("the session goes on after 60 s")
		}
		if got := l.events(enroll.EventSession); !slices.Equal(got, []enroll.Reason{enroll.SessionIdle}) {
			t.Errorf("session events %v", got)
		}
	})
}

func TestNoticeOfARefusalGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		l.run()
		hall.say <- reader.Event{Kind: reader.KindFault, Why: reader.BadChecksum}
		l.expect(enroll.Faulty, enroll.BadRead)
		l.screen(func(s enroll.Screen) bool { return s.Notice == enroll.BadRead && s.Session == "" })
		time.Sleep(6*time.Second + time.Millisecond)
		synctest.Wait()
		if s, _ := l.Screen("hall"); s.Notice != enroll.ReasonNone {
			t.Error("the notice stays")
		}
		hall.tap("unruly")
		l.expect(enroll.Faulty, enroll.BadRead)
		if cards, accounts, _ := l.store.Index().Counts(); cards != 0 || accounts != 0 {
			t.Error("a card that does not fit the number rule made something")
		}
	})
}

// What the hub changes reaches a session that is open (S3.10).
func TestSuspensionEndsASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		changed := make(chan struct{})
		l.opts.Changed = changed
		l.attach(hall, "hall")
		l.run()
		hall.tap("A")
		d := l.expect(enroll.Granted, enroll.NewAccount)
		account := d.Account
		account.Name = "Ada"
		l.update(func(tx enroll.Tx) error { return tx.PutAccount(account) })
		changed <- struct{}{}
		l.screen(func(s enroll.Screen) bool { return s.Account.Name == "Ada" })
		account.State = enroll.Suspended
		l.store.Index().Apply(account)
		changed <- struct{}{}
		l.screen(func(s enroll.Screen) bool { return s.Session == "" })
	})
}

// A door from a claim code to the closed door (S2.06, S2.11, S2.22, S2.27).
func TestDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front, lock, contact := newLab(t), newScript("front-keypad"), newRelay(), make(input)
		l.attach(front, "front")
		d := frontDoor(lock)
		d.Contact = contact
		l.opts.Doors = append(l.opts.Doors, d)
		l.claim(l.member(""), "7365")
		stop := l.run()
		cues := make(chan reader.Cue, 64)
		shown := make(chan struct{})
		go func() {
			defer close(shown)
			for c := range front.cues {
				cues <- c
			}
		}()
		contact <- true

		front.tap("C")
		l.expect(enroll.Refused, enroll.UnknownCard)
		synctest.Wait()
		for _, k := range "*7365" {
			front.say <- reader.Event{Kind: reader.KindKey, Key: keypad.Key(k)}
			synctest.Wait() // lights keep up with fingers
		}
		l.expect(enroll.Waiting, enroll.AwaitSameCard) // with a light and a tone of its own
		front.tap("C")
		l.expect(enroll.Granted, enroll.ClaimBound)
		if !<-lock.changes || l.DoorState("front") != door.Granted {
			t.Fatal("the bound card did not open")
		}
		contact <- false
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if <-lock.changes || l.DoorState("front") != door.Open {
			t.Fatal("the relay did not drop")
		}
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if l.DoorState("front") != door.Held {
			t.Fatal("the door is not held open")
		}
		contact <- true
		synctest.Wait()
		contact <- false
		synctest.Wait()
		want := []enroll.Reason{enroll.DoorOpened, enroll.DoorHeld, enroll.DoorClosed, enroll.DoorForced}
		if got := l.events(enroll.EventDoor); !slices.Equal(got, want) {
			t.Errorf("door events %v, want %v", got, want)
		}
		stop()
		close(front.cues)
		<-shown
		close(cues)
		var got []reader.Cue
		for c := range cues {
			got = append(got, c)
		}
		key := reader.CueKey
		if want := []reader.Cue{reader.CueRefused, key, key, key, key, key, reader.CueAgain, reader.CueGranted}; !slices.Equal(got, want) {
			t.Errorf("cues %q, want %q", got, want)
		}
	})
}

// A pause drops an entry with a tone (S2.13), and a code without its card ends after
// 30 s.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front := newLab(t), newScript("front-keypad")
		l.attach(front, "front")
		l.opts.Doors = append(l.opts.Doors, frontDoor(newRelay()))
		l.claim(l.member(""), "7365")
		stop := l.run()
		front.say <- reader.Event{Kind: reader.KindKey, Key: keypad.Star}
		if <-front.cues != reader.CueKey {
			t.Error("the key made no tone")
		}
		time.Sleep(5 * time.Second)
		if <-front.cues != reader.CueReset {
			t.Error("the pause made no tone")
		}
		go func() {
			for range front.cues {
			}
		}()
		for _, k := range "*7365" {
			front.say <- reader.Event{Kind: reader.KindKey, Key: keypad.Key(k)}
		}
		l.expect(enroll.Waiting, enroll.AwaitCard)
		time.Sleep(30 * time.Second)
		l.expect(enroll.Refused, enroll.EntryTimeout)
		stop()
		close(front.cues)
	})
}

// People who leave are never held: the exit button opens when the store is gone, and
// even when a turn hangs.
func TestExitButtonNeedsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front, lock, exit := newLab(t), newScript("front-rfid"), newRelay(), make(input)
		hang := make(chan struct{})
		decided := l.opts.Decided
		l.attach(front, "front")
		d := frontDoor(lock)
		d.Exit = exit
		l.opts.Doors = append(l.opts.Doors, d)
		l.opts.Decided = func(d agent.Decided) { decided(d); <-hang }
		var gone atomic.Bool
		l.opts.StoreFailed = func() error {
			if gone.Load() {
				return errors.New("the disk is gone")
			}
			return nil
		}
		l.run()
		l.store.Close()
		gone.Store(true)
		front.tap("A")
		l.expect(enroll.Refused, enroll.StoreFailed)
		exit <- true
		if !<-lock.changes {
			t.Fatal("the exit button did not open")
		}
		close(hang)
		synctest.Wait()
		if !<-lock.changes { // from its own turn
			t.Fatal("no turn heard of the exit button")
		}
		time.Sleep(5 * time.Second)
		if <-lock.changes {
			t.Fatal("the relay did not drop")
		}
		if it := l.await("store", health.Fail); it.Do == "" {
			t.Errorf("got %+v", it)
		}
	})
}

// lamp is a pin that tells what it was set to.
type lamp struct {
	gpio.PinIO
	on atomic.Bool
}

func (l *lamp) Out(level gpio.Level) error { l.on.Store(bool(level)); return nil }

// A door is unlocked for OpenFor and no longer, even when every turn hangs; the exit
// button still opens it again, and each press is told when turns go on.
func TestDoorLocksWithoutATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front, exit, lock := newLab(t), newScript("front-rfid"), make(input), &lamp{PinIO: gpio.INVALID}
		hang := make(chan struct{})
		l.attach(front, "front")
		d := frontDoor(gpioport.NewRelay(lock))
		d.Exit = exit
		l.opts.Doors = append(l.opts.Doors, d)
		l.member("A")
		l.opts.Decided = func(agent.Decided) { <-hang }
		l.run()
		front.tap("A")
		for _, press := range []bool{false, true, true} {
			if press {
				exit <- true
			}
			synctest.Wait()
			if !lock.on.Load() {
				t.Fatal("the door did not open")
			}
			time.Sleep(d.Config.OpenFor)
			synctest.Wait()
			if lock.on.Load() {
				t.Fatal("the door stays unlocked while a turn hangs")
			}
		}
		close(hang)
		synctest.Wait()
		want := []enroll.Reason{enroll.ExitButton, enroll.ExitButton}
		if got := l.events(enroll.EventDoor); !slices.Equal(got, want) {
			t.Errorf("door events %v, want %v", got, want)
		}
	})
}

// A reader's lights that hang hold nobody, and what readers say while a turn is
// busy waits for it: nothing is dropped, and the order stays.
func TestNothingIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front := newLab(t), newScript("front-rfid")
		l.attach(front, "front")
		l.opts.Doors = append(l.opts.Doors, frontDoor(newRelay()))
		stop := l.run()
		const n = 500
		for range n {
			front.tap("stranger")
		}
		stop()
		for range n {
			l.expect(enroll.Refused, enroll.UnknownCard)
		}
		if got := l.events(enroll.EventPresentation); len(got) != n {
			t.Errorf("%d events of %d presentations", len(got), n)
		}
	})
}

// The relay is released at the end, whatever the door was doing.
func TestEndReleasesTheRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, front, lock := newLab(t), newScript("front-rfid"), newRelay()
		l.attach(front, "front")
		l.opts.Doors = append(l.opts.Doors, frontDoor(lock))
		l.member("A")
		stop := l.run()
		front.tap("A")
		l.expect(enroll.Granted, enroll.KnownCard)
		stop()
		if on, open := <-lock.changes; !on || !open {
			t.Fatal("the relay was not energised")
		}
		if _, open := <-lock.changes; open {
			t.Fatal("the relay was not closed")
		}
		if err := l.SignOut(context.Background(), "hall", "x"); !errors.Is(err, enroll.ErrNoSession) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// The supervisor's watchdog is fed by turns, and by nothing else.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.opts.Heartbeat = time.Second
		hang := make(chan struct{})
		hall := newScript("hall-rfid")
		l.attach(hall, "hall")
		l.opts.Decided = func(agent.Decided) { <-hang }
		l.run()
		for range 3 {
			before := l.Progress()
			time.Sleep(1100 * time.Millisecond)
			if l.Progress() == before {
				t.Fatal("an idle agent shows no progress")
			}
		}
		hall.tap("A")
		synctest.Wait()
		before := l.Progress()
		time.Sleep(10 * time.Second)
		if l.Progress() != before {
			t.Fatal("an agent that hangs shows progress")
		}
		close(hang)
	})
}

// A terminal that nobody stands at shows that its store fails, and that it works again.
func TestIdleTerminalShowsItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.opts.Heartbeat = time.Second
		var failed atomic.Pointer[error]
		l.opts.StoreFailed = func() error {
			if err := failed.Load(); err != nil {
				return *err
			}
			return nil
		}
		l.run()
		full := errors.New("the disk is full")
		failed.Store(&full)
		if it := l.await("store", health.Fail); !strings.Contains(it.Text, full.Error()) || it.Do == "" {
			t.Errorf("got %+v", it)
		}
		failed.Store(nil)
		l.await("store", health.OK)
	})
}

// brokenOnce is a reader that fails the first time.
type brokenOnce struct {
	*script
	failed bool
}

func (b *brokenOnce) Run(ctx context.Context, emit func(reader.Event)) error {
	if !b.failed {
		b.failed = true
		emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
		return &reader.OpError{Op: "open", Device: "/dev/x", Err: errors.New("is a directory"), Hint: "name the port in it"}
	}
	return b.script.Run(ctx, emit)
}

// T2, T3: a reader that fails shows in health with its cause, and is tried again.
func TestReaderComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.attach(&brokenOnce{script: newScript("hall-rfid")}, "hall")
		l.run()
		it := l.await("reader hall-rfid", health.Warn)
		if !strings.Contains(it.Text, "/dev/x") || it.Do == "" {
			t.Errorf("got %+v", it)
		}
		l.await("reader hall-rfid", health.OK)
		synctest.Wait()
		want := []enroll.Reason{enroll.TerminalStarted, enroll.DeviceDown, enroll.DeviceUp}
		if got := l.events(enroll.EventDevice); !slices.Equal(got, want) {
			t.Errorf("device events %v, want %v", got, want)
		}
	})
}

// Noise fills neither the disk nor the log: ten faults a minute are listed, the others
// come as one event, and health says so until the reader is understood again.
func TestNoiseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		stop := l.run()
		noise := func(n int) {
			for range n {
				hall.say <- reader.Event{Kind: reader.KindFault, Why: reader.BadChecksum}
			}
			synctest.Wait()
		}
		noise(10)
		noise(200)
		if it := l.await("reader hall-rfid badges", health.Warn); !strings.Contains(it.Do, "speed") {
			t.Errorf("got %+v", it)
		}
		hall.say <- reader.Event{Kind: reader.KindAlarm, Why: reader.Tampered} // noise does not hide it
		l.await("reader hall-rfid tamper", health.Warn)
		time.Sleep(time.Minute + time.Millisecond)
		noise(12)
		for range 3 {
			hall.tap("A")
		}
		l.await("reader hall-rfid badges", health.OK)
		stop()
		var more []uint64
		for _, ev := range l.tail(enroll.EventPresentation) {
			if ev.Outcome == enroll.Faulty {
				more = append(more, ev.Count)
			}
		}
		want := slices.Concat(make([]uint64, 10), []uint64{200}, make([]uint64, 10), []uint64{2})
		if !slices.Equal(more, want) {
			t.Errorf("faults %v, want %v", more, want)
		}
		if n := len(l.got); n != 23 {
			t.Errorf("%d decisions", n)
		}
		alarms := 0
		for _, ev := range l.tail(enroll.EventDevice) {
			if ev.Reason == enroll.DeviceAlarm && ev.Why == reader.Tampered && ev.Stream() == enroll.StreamSecurity {
				alarms++
			}
		}
		if alarms != 1 {
			t.Errorf("%d alarms", alarms)
		}
	})
}

// An alarm ends when the reader says that its cause is gone: it leaves status, and is an
// event of the same stream. An end of what was never raised is nothing (issue 7, 2.12 d).
func TestAlarmsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.attach(hall, "hall")
		stop := l.run()
		for _, why := range []reader.Why{reader.Insecure, reader.WrongKey, reader.Tampered} {
			hall.say <- reader.Event{Kind: reader.KindOver, Why: why}
			hall.say <- reader.Event{Kind: reader.KindAlarm, Why: why}
			it := l.await("reader hall-rfid "+string(why), health.Warn)
			if commission := "badgectl osdp commission hall-rfid"; why != reader.Tampered && !strings.Contains(it.Do, commission) {
				t.Errorf("%s: do %q, without %s", why, it.Do, commission)
			}
			hall.say <- reader.Event{Kind: reader.KindOver, Why: why}
			l.await("reader hall-rfid "+string(why), health.OK)
		}
		stop()
		var got []string
		for _, ev := range l.tail(enroll.EventDevice) {
			if ev.Why != "" {
				got = append(got, fmt.Sprint(ev.Reason, ev.Why, ev.Stream()))
			}
		}
		alarm, over := enroll.DeviceAlarm, enroll.AlarmOver
		var want []string
		for _, why := range []reader.Why{reader.Insecure, reader.WrongKey, reader.Tampered} {
			want = append(want, fmt.Sprint(alarm, why, enroll.StreamSecurity), fmt.Sprint(over, why, enroll.StreamSecurity))
		}
		if !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
	})
}
