package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"badged/internal/ctl"
	"badged/internal/foreign"
	"badged/internal/health"
	"badged/internal/paint"
)

// The colours of a screen.
const (
	bold   = paint.Bold
	red    = paint.Red
	green  = paint.Green
	yellow = paint.Yellow
)

// paint colours text when a person looks on.
func (a *app) paint(colour, text string) string { return paint.Text(a.io.Out, a.env, colour, text) }

// screen prints a status: first what is wrong, then what there is.
func (a *app) screen(s ctl.Status) error {
	foreign.Clean(&s)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s at %s, badged %s, up %s, clock %s\n\n", a.paint(bold, s.Terminal), cmp.Or(s.Site, "no site"), s.Version,
		span(time.Duration(s.Uptime*float64(time.Second))), s.Clock)
	a.matters(&b, s.Health)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	inventory(w, s, time.Now())
	if err := w.Flush(); err != nil {
		return err // of a buffer: never
	}
	_, err := a.io.Out.Write(b.Bytes())
	return written(err)
}

// matters tells what is wrong, the worst first, with what to do about it.
func (a *app) matters(b io.Writer, items []health.Item) {
	wrong := 0
	for _, it := range items {
		if it.State == health.OK {
			continue
		}
		wrong++
		mark := a.paint(yellow, "warning")
		if it.State == health.Fail {
			mark = a.paint(red, "FAILED")
		}
		fmt.Fprintf(b, "%s  %s: %s\n", mark, a.paint(bold, it.Name), it.Text)
		if it.Do != "" {
			fmt.Fprintf(b, "         what to do: %s\n", it.Do)
		}
	}
	if wrong == 0 {
		fmt.Fprintln(b, a.paint(green, "everything works"))
	}
	fmt.Fprintln(b)
}

// inventory lists points, readers, hub and store.
func inventory(w io.Writer, s ctl.Status, now time.Time) {
	for _, p := range s.Points {
		fmt.Fprintf(w, "point\t%s\t%s\t%s\n", p.Name, p.Kind, p.State)
	}
	for _, p := range s.Points {
		if p.Kiosk != "" {
			fmt.Fprintf(w, "panel\t%s\t%s\n", p.Name, p.Kiosk)
		}
	}
	for _, r := range s.Readers {
		fmt.Fprintf(w, "reader\t%s\t%s\t%s\n", r.Name, r.Protocol, r.Port)
		fmt.Fprintf(w, "\t%s\t%s\t\n", readCount(r.Badges, "badge", now, r.LastBadge), readCount(r.Faults, "fault", now, r.LastFault))
	}
	link := "not connected"
	if s.Uplink.Connected {
		link = "connected"
	}
	fmt.Fprintf(w, "hub\t%s\t%s\t%d events waiting, last heard %s\n", cmp.Or(s.Uplink.Hub, "none"), link, s.Uplink.Pending, ago(now, s.Uplink.LastAck))
	fmt.Fprintf(w, "store\t%d cards\t%d accounts\t%d numbers left, %.1f MB\n", s.Store.Cards, s.Store.Accounts, s.Store.LeaseLeft, float64(s.Store.Bytes)/1e6)
	if s.Store.Recovered != "" {
		fmt.Fprintf(w, "\tkept aside\t%s\t\n", s.Store.Recovered)
	}
}

// readCount is how many of something a reader has given, and when the last one was.
func readCount(n uint64, what string, now, last time.Time) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what + ", " + ago(now, last)
	default:
		return fmt.Sprintf("%d %ss, last %s", n, what, ago(now, last))
	}
}

// screenWidth is what every screen has.
const screenWidth = 80

// fill writes a text in lines that a screen holds. head starts the first one, margin the
// others.
func fill(b *bytes.Buffer, head, margin, text string) {
	b.WriteString(head)
	column := utf8.RuneCountInString(strings.TrimLeft(head, "\n"))
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > screenWidth:
			b.WriteString("\n" + margin)
			column = len(margin)
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteString("\n")
}
