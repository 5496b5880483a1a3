package systest

import (
	"strings"
	"testing"
)

// sound is a run in which all is well: a badge that made anonym1, and came back.
func sound() ledger {
	made := event{
		Terminal: "t1", Stream: "sec", Seq: 1, Order: 1, Kind: kindEnrolment,
		Point: "hall", Outcome: outcomeGranted, Reason: reasonNewAccount, Account: "a",
	}
	back := event{
		Terminal: "t1", Stream: "ev", Seq: 1, Order: 2, Kind: kindPresentation,
		Point: doorPoint, Outcome: outcomeGranted, Reason: "known_card", Account: "a",
	}
	told, again := made, back
	told.Account, again.Account = "anonym7", "anonym1" // it had that number before
	return ledger{
		Hub:      []event{back, made},
		Seen:     map[string][]event{"t1": {told, again}},
		Taps:     map[string]map[string]int{"t1": {"a": 2}},
		Pulses:   map[string]int{"t1": 1},
		Accounts: []account{{"a", 1, []uint64{7}}, {"person", 0, nil}, {"other", 0, nil}},
		Local:    map[string][]account{"t1": {{"a", 1, nil}}},
	}
}

func TestAuditPassesASoundRun(t *testing.T) {
	if problems := audit(sound()); len(problems) != 0 {
		t.Errorf("got %q", problems)
	}
}

// TestAuditSeesWhatIsWrong: an audit that cannot fail proves nothing.
func TestAuditSeesWhatIsWrong(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*ledger)
		want  string
	}{
		{"an event is lost", func(l *ledger) { l.Hub = l.Hub[1:] }, "told and is lost"},
		{"an event changed on its way", func(l *ledger) { l.Hub[0].Reason = "no_grant" }, "was told as"},
		{"an event is there twice", func(l *ledger) { l.Hub = append(l.Hub, l.Hub[0]) }, "order"},
		{"the order has a gap", func(l *ledger) { l.Hub[0].Order = 3 }, "order: where 2 should stand, 3 does"},
		{"a stream has a gap", func(l *ledger) { l.Hub[0].Seq = 2 }, "seq of ev: where 1 should stand, 2 does"},
		{"a swipe counted twice", func(l *ledger) { l.Taps["t1"]["a"] = 1 }, "2 events, its badge was typed 1 times"},
		{"an account was made twice", func(l *ledger) { l.Hub[0].Reason = reasonNewAccount }, "was made or bound 2 times"},
		{"a lock opened and nobody knows", func(l *ledger) { l.Pulses["t1"] = 2 }, "opened 2 times, 1 events"},
		{"a number was given twice", func(l *ledger) { l.Accounts[1].Number = 1 }, "anonym1 is both"},
		{"an alias was given twice", func(l *ledger) { l.Accounts[1].Number = 7 }, "anonym7 is both"},
		{"an event is of another account", func(l *ledger) { l.Hub[0].Account = "person" }, "was told as"},
		{"terminal and hub differ", func(l *ledger) { l.Local["t1"][0].Number = 4 }, "calls account a anonym4"},
		{"an account never came to the hub", func(l *ledger) { l.Accounts = l.Accounts[1:] }, "the hub has not"},
		{"an account has no number", func(l *ledger) { l.Accounts[0].Number = 0 }, "no number at the hub"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := sound()
			tt.spoil(&l)
			if got := strings.Join(audit(l), "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
}
