package statuspage

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
)

// terminal is a Source with everything that a page can show.
type terminal struct {
	state  ctl.Status
	events []ctl.Event
	err    error // of the events
}

func (s terminal) Status(context.Context) (ctl.Status, error) { return s.state, nil }

func (s terminal) Events(context.Context, uint64, int) ([]ctl.Event, error) { return s.events, s.err }

// ill is a terminal on which much is wrong.
func ill() terminal {
	now := time.Now()
	return terminal{
		state: ctl.Status{
			Version: "1.2", Terminal: "hall", Site: "lyon", Uptime: 7300, Clock: "trusted", Page: "http://127.0.0.1:8631/status?t=abc",
			Health: []health.Item{
				{Name: "store", State: health.Fail, Text: "nothing can be written", Do: "look at the disk"},
				{Name: "uplink", State: health.Warn, Text: "the hub is not connected", Do: "see that the hub runs"},
				{Name: "clock"},
			},
			Points:  []ctl.Point{{Name: "hall", Kind: "print", State: "session", Kiosk: "http://127.0.0.1:8631/?t=abc"}, {Name: "front", Kind: "door", State: "held"}},
			Readers: []ctl.Reader{{Name: "hall-rfid", Protocol: "rdm6300", Port: "/dev/ttyUSB0", Badges: 3, LastBadge: now.Add(-90 * time.Second), Faults: 1, LastFault: now.Add(-time.Hour)}},
			Uplink:  ctl.Uplink{Hub: "hub:8883", Pending: 4, LastAck: now.Add(-30 * time.Minute)},
			Store:   ctl.Store{Cards: 70, Accounts: 60, LeaseLeft: 12, Bytes: 2_500_000},
		},
		events: []ctl.Event{
			{Order: 7, Kind: "presentation", Outcome: "granted", Reason: "known_card", Point: "hall", Account: "anonym1", At: now},
			{Order: 8, Kind: "presentation", Outcome: "faulty", Reason: "bad_read", Why: "checksum", Point: "hall", Device: "hall-rfid", At: now},
			{Order: 9, Kind: "door", Outcome: "none", Reason: "<b>\u202e", At: now},
		},
	}
}

func ask(t *testing.T, s Source) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	New(s, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	return w.Code, w.Body.String()
}

// Issue 10, 6: readers, doors, the hub, store, clock, queue and the last events, in the words
// of badgectl status and tail, what is wrong first, and no address that carries a token.
func TestThePageTellsWhatStatusTells(t *testing.T) {
	s := ill()
	code, page := ask(t, s)
	if code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	text := html.UnescapeString(page)
	shown := s.state
	shown.HideAddresses()
	wants := []string{"clock trusted", "up 2 h 1 min", "FAILED</strong> <b>store</b>: nothing can be written", "What to do: look at the disk", "warning</strong> <b>uplink</b>", "2 to look at"}
	for _, r := range shown.Rows(time.Now()) {
		wants = append(wants, r.Name)
		wants = append(wants, r.Cells...)
	}
	wants = append(wants, "held", "3 badges, last 1 min ago", "1 fault, 1 h 0 min ago", "4 events waiting, last heard 30 min ago", "12 numbers left, 2.5 MB", "known_card", "anonym1", "bad_read (checksum)", "hall hall-rfid")
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if _, again := ask(t, s); strings.Index(again, "<td>9</td>") > strings.Index(again, "<td>7</td>") {
		t.Error("the second look has another order")
	}
	for _, never := range []string{"t=abc", "everything works", "<b>\u202e", "\u202e"} {
		if strings.Contains(page, never) {
			t.Errorf("the page says %q", never)
		}
	}
	if strings.Index(page, "store</b>") > strings.Index(page, "uplink</b>") || strings.Index(page, "<td>9</td>") > strings.Index(page, "<td>7</td>") {
		t.Error("the worst and the newest do not come first")
	}
}

// A terminal without faults, and one whose events cannot be read.
func TestThePageOfAWellTerminal(t *testing.T) {
	if _, page := ask(t, terminal{state: ctl.Status{Terminal: "hall"}}); !strings.Contains(page, "everything works") || !strings.Contains(page, "There is none yet.") {
		t.Error("a terminal that is well does not say so")
	}
	if code, page := ask(t, terminal{err: errors.New("disk")}); code != http.StatusOK || !strings.Contains(page, "The events cannot be read.") {
		t.Errorf("without events: %d", code)
	}
}

// broken is a terminal that tells nothing.
type broken struct{ terminal }

func (broken) Status(context.Context) (ctl.Status, error) { return ctl.Status{}, errors.New("gone") }

func TestThePageOfATerminalThatTellsNothing(t *testing.T) {
	if code, page := ask(t, broken{}); code != http.StatusServiceUnavailable || !strings.Contains(page, "badgectl status") {
		t.Errorf("%d %s", code, page)
	}
}
