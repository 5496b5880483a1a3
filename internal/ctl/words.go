package ctl

import (
	"cmp"
	"fmt"
	"time"
)

// What follows is the words of a status, as badgectl and the technician's page show them.

// Row is one line of what a terminal has. A row without a kind goes on with the one before.
type Row struct {
	Kind, Name string
	Cells      []string
}

// Title says which terminal it is.
func (s Status) Title() (name, about string) {
	return s.Terminal, fmt.Sprintf("at %s, badged %s, up %s, clock %s", cmp.Or(s.Site, "no site"), s.Version,
		Span(time.Duration(s.Uptime*float64(time.Second))), s.Clock)
}

// Rows lists points, panels, readers, hub and store.
func (s Status) Rows(now time.Time) (rows []Row) {
	for _, p := range s.Points {
		rows = append(rows, Row{"point", p.Name, []string{p.Kind, p.State}})
	}
	for _, p := range s.Points {
		if p.Kiosk != "" {
			rows = append(rows, Row{"panel", p.Name, []string{p.Kiosk}})
		}
	}
	for _, r := range s.Readers {
		rows = append(rows, Row{"reader", r.Name, []string{r.Protocol, r.Port}},
			Row{"", readCount(r.Badges, "badge", now, r.LastBadge), []string{readCount(r.Faults, "fault", now, r.LastFault), ""}})
	}
	link := "not connected"
	if s.Uplink.Connected {
		link = "connected"
	}
	rows = append(rows,
		Row{"hub", cmp.Or(s.Uplink.Hub, "none"), []string{link, fmt.Sprintf("%d events waiting, last heard %s", s.Uplink.Pending, Ago(now, s.Uplink.LastAck))}},
		Row{"clock", s.Clock, []string{s.ClockWhy}},
		Row{"store", fmt.Sprintf("%d cards", s.Store.Cards), []string{fmt.Sprintf("%d accounts", s.Store.Accounts), fmt.Sprintf("%d numbers left, %.1f MB", s.Store.LeaseLeft, float64(s.Store.Bytes)/1e6)}})
	if s.Store.Recovered != "" {
		rows = append(rows, Row{"", "kept aside", []string{s.Store.Recovered, ""}})
	}
	return rows
}

// HideAddresses takes out the addresses of panels and of the technician's page, which carry
// tokens.
func (s *Status) HideAddresses() {
	s.Page = ""
	for i := range s.Points {
		s.Points[i].Kiosk = ""
	}
}

// readCount is how many of something a reader has given, and when the last one was.
func readCount(n uint64, what string, now, last time.Time) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what + ", " + Ago(now, last)
	default:
		return fmt.Sprintf("%d %ss, last %s", n, what, Ago(now, last))
	}
}

// What says what happened, with the cause of a fault.
func (e Event) What() string {
	what := cmp.Or(e.Reason, e.Kind)
	if e.Why != "" {
		what += " (" + e.Why + ")"
	}
	return what
}

// Decided is the outcome; empty: nothing was decided.
func (e Event) Decided() string {
	if e.Outcome == "none" {
		return ""
	}
	return e.Outcome
}

// Where is the point and the reader: a point can have several.
func (e Event) Where() string {
	if e.Point != "" && e.Device != "" {
		return e.Point + " " + e.Device
	}
	return cmp.Or(e.Point, e.Device)
}

// Ago is how long something is past, as people say it.
func Ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return Span(now.Sub(t)) + " ago"
}

// Span is a duration in its two largest units.
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
	}
}
