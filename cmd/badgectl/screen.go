package main

import (
	"bytes"
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
	name, about := s.Title()
	fmt.Fprintf(&b, "%s %s\n\n", a.paint(bold, name), about)
	a.matters(&b, s.Health)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range s.Rows(time.Now()) {
		fmt.Fprintln(w, strings.Join(append([]string{r.Kind, r.Name}, r.Cells...), "\t"))
	}
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
