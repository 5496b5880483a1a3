package reader_test

import (
	"testing"
	"time"

	"badged/reader"
)

func TestPresence(t *testing.T) {
	a, b := reader.TextCard("1"), reader.TextCard("2")
	at := time.Unix(0, 0)
	var p reader.Presence
	for _, step := range []struct {
		name  string
		after time.Duration
		card  reader.Card
		want  bool
	}{
		{"the first", 0, a, true},
		{"it stays", 99, a, false},
		{"it stays on", 99, a, false},
		{"it was away", 100, a, true},
		{"another", 1, b, true},
		{"the first again", 1, a, true},
	} {
		at = at.Add(step.after)
		if got := p.Seen(at, step.card, 100); got != step.want {
			t.Errorf("%s: %v", step.name, got)
		}
	}
	p.Missed(2)
	if p.Seen(at, a, 100) {
		t.Error("missed once of twice, it is gone")
	}
	p.Missed(2)
	p.Missed(2)
	if !p.Seen(at, a, 100) {
		t.Error("missed twice of twice, it is there")
	}
}

// A badge that is missed now and then is one presentation: misses count in a row.
func TestABadgeThatIsMissedNowAndThen(t *testing.T) {
	a := reader.TextCard("1")
	at := time.Unix(0, 0)
	var p reader.Presence
	p.Seen(at, a, 100)
	for range 5 {
		p.Missed(3)
		p.Missed(3)
		if p.Seen(at, a, 100) {
			t.Fatal("missed twice of three times in a row, it is gone")
		}
	}
}

func TestPollingFinds(t *testing.T) {
	a, b := reader.TextCard("1"), reader.TextCard("2")
	at := time.Unix(0, 0)
	p := reader.Polling{Interval: time.Second, Timeout: time.Second, Gone: 2}
	said := ""
	emit := func(e reader.Event) { said += string(e.Kind) + string(e.Why) + " " }
	found := func(c reader.Card, why reader.Why, want string) {
		t.Helper()
		said = ""
		p.Found(at, c, why, emit)
		if said != want {
			t.Errorf("said %q, want %q", said, want)
		}
	}
	found(a, "", "card ")
	found(a, "", "")
	found(reader.Card{}, reader.BadParity, "faultparity ")
	found(reader.Card{}, reader.BadParity, "")
	found(reader.Card{}, reader.Ambiguous, "faultambiguous ")
	found(a, "", "")
	found(b, "", "card ")
	found(reader.Card{}, reader.Ambiguous, "faultambiguous ")
	p.None()
	found(reader.Card{}, reader.Ambiguous, "faultambiguous ")
	p.None()
	found(b, "", "card ")
	p = reader.Polling{Interval: time.Second, Timeout: time.Second} // with the usual number
	found(a, "", "card ")
	p.None()
	p.None()
	found(a, "", "")
	for range reader.DefaultGone {
		p.None()
	}
	found(a, "", "card ")
}

func TestPollingSilence(t *testing.T) {
	if got := (&reader.Polling{Interval: time.Second, Timeout: 2 * time.Second}).Silence(); got != 9*time.Second {
		t.Errorf("silent after %v", got)
	}
	if got := (&reader.Polling{Interval: 1, Timeout: 1}).Silence(); got != reader.AnswerTime {
		t.Errorf("a fast one is silent after %v", got)
	}
}

func TestPolling(t *testing.T) {
	p := reader.Polling{Interval: time.Second, Timeout: 2 * time.Second}
	now := time.Unix(1000, 0)
	said := ""
	emit := func(e reader.Event) { said += string(e.Kind) + string(e.Why) + " " }
	if p.Ready(now) || p.Opened() || !p.Deadline().IsZero() {
		t.Error("it asks before it is opened")
	}
	p.Open(now)
	for range 5 {
		if !p.Ready(now) || p.Waiting() {
			t.Fatal("not ready")
		}
		p.Asked(now, time.Second)
		if p.Ready(now) || p.Overdue(now.Add(3*time.Second-1), emit) || p.Deadline() != now.Add(3*time.Second) {
			t.Error("the extra time does not count")
		}
		now = now.Add(3 * time.Second)
		if !p.Overdue(now, emit) {
			t.Error("not overdue")
		}
	}
	p.Asked(now, 0)
	p.Open(now) // nobody opens a silent line into a new silence
	p.Asked(now, 0)
	now = now.Add(2 * time.Second)
	p.Overdue(now, emit)
	p.Asked(now, 0)
	p.Answered(now, emit)
	if p.Ready(now) || p.Ready(now.Add(time.Second-1)) || !p.Ready(now.Add(time.Second)) {
		t.Error("the interval is another")
	}
	p.Hurry(now)
	if !p.Ready(now) {
		t.Error("it does not hurry")
	}
	p.Asked(now, 0)
	p.Hurry(now)
	if p.Deadline() != now.Add(2*time.Second) {
		t.Error("hurry cuts an answer short")
	}
	p.Answered(now.Add(time.Second-1), emit)
	p.Asked(now, 0)
	p.Answered(now.Add(time.Second), emit)
	if said != "faultsilent alive alive " {
		t.Errorf("said %q", said)
	}
	if p.Away() != 9*time.Second || (&reader.Polling{Interval: 1, Timeout: 1}).Away() != 3*time.Second {
		t.Error("away is another")
	}
}
