// Package logbound keeps a log readable and its disk whole: what is said again and again
// about the same thing is listed a few times in a minute, and then only counted.
package logbound

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// The bounds. A line is about the same thing as another one if its message and its subject
// are the same; the subject is the values of the attributes that New names.
const (
	listed      = 10
	window      = time.Minute
	maxSubjects = 1000 // those beyond share one count for each message
	maxText     = 256  // bytes of one text of a subject
)

// More is the attribute of the line that stands for those that were only counted.
const More = "more"

// key is what a line is about.
type key struct{ message, subject string }

// entry is how often a thing was said.
//
//	        a line                 more than listed
//	(none) --------> listed, each ------------------> counted
//	   ^                | the window ends                | the window ends:
//	   +----------------+--------------------------------+ told in one line
type entry struct {
	ends   time.Time
	listed int
	more   int
	level  slog.Level
	attrs  []slog.Attr // the subject
}

// Handler is a slog.Handler that bounds another one, from the level Warn on. It is safe
// for concurrent use.
type Handler struct {
	next  slog.Handler
	own   []slog.Attr // of the subject, given by WithAttrs
	names []string
	*table
}

type table struct {
	root    slog.Handler // tells what was counted
	mu      sync.Mutex   // guards entries
	entries map[key]*entry
}

// New bounds what next gets. The attributes called names say what a line is about.
func New(next slog.Handler, names ...string) *Handler {
	return &Handler{next: next, names: names, table: &table{root: next, entries: map[key]*entry{}}}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.next = h.next.WithAttrs(attrs)
	c.own = append(c.own[:len(c.own):len(c.own)], h.subject(attrs)...)
	return &c
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	c := *h
	c.next = h.next.WithGroup(name)
	return &c
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.next.Handle(ctx, r)
	}
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	subject := append(h.own[:len(h.own):len(h.own)], h.subject(attrs)...)
	told, list := h.count(r, subject)
	if told.Message != "" {
		if err := h.root.Handle(ctx, told); err != nil {
			return err
		}
	}
	if !list {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// subject picks the attributes that say what a line is about.
func (h *Handler) subject(attrs []slog.Attr) (out []slog.Attr) {
	for _, name := range h.names {
		for _, a := range attrs {
			if text := a.Value.String(); a.Key == name {
				out = append(out, slog.String(name, text[:min(len(text), maxText)]))
			}
		}
	}
	return out
}

// count counts a line. It gives the line that stands for those of a window that is over,
// if there is one, and whether this one is listed.
func (t *table) count(r slog.Record, subject []slog.Attr) (told slog.Record, list bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := key{message: r.Message}
	for _, a := range subject {
		k.subject += a.Key + "=" + a.Value.String() + "\n"
	}
	e := t.entries[k]
	if e == nil && len(t.entries) >= maxSubjects {
		k.subject, subject = "", nil
		e = t.entries[k]
	}
	if e == nil {
		e = &entry{}
		t.entries[k] = e
	}
	if !r.Time.Before(e.ends) {
		told = e.summarize(k, r.Time)
		*e = entry{ends: r.Time.Add(window), level: r.Level, attrs: subject}
	}
	if e.listed < listed {
		e.listed++
		return told, true
	}
	e.more++
	return told, false
}

// summarize makes the line that stands for those that were only counted; its message is empty
// if there were none.
func (e *entry) summarize(k key, now time.Time) (r slog.Record) {
	if e.more == 0 {
		return r
	}
	r = slog.NewRecord(now, e.level, k.message, 0)
	r.AddAttrs(e.attrs...)
	r.AddAttrs(slog.Int(More, e.more))
	return r
}

// Flush tells what was only counted in windows that are over by now, and forgets them.
func (t *table) Flush(ctx context.Context, now time.Time) {
	for _, r := range t.over(now) {
		_ = t.root.Handle(ctx, r) // a log that fails cannot say so
	}
}

func (t *table) over(now time.Time) (out []slog.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.entries {
		if now.Before(e.ends) {
			continue
		}
		if r := e.summarize(k, now); r.Message != "" {
			out = append(out, r)
		}
		delete(t.entries, k)
	}
	return out
}

// Run tells every minute what was only counted, until ctx ends, and then the rest.
func (t *table) Run(ctx context.Context) {
	tick := time.NewTicker(window)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			t.Flush(ctx, now)
		case <-ctx.Done():
			t.Flush(context.WithoutCancel(ctx), time.Now().Add(window))
			return
		}
	}
}
