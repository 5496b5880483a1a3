// Package statuspage is the technician's page of a terminal: what `badgectl status` and
// `badgectl tail` tell, in the same words, for a browser on the box. It names no person, and
// shows no address that carries a token.
//
// The page is HTML alone, and loads itself again every few seconds. Who may see it is decided
// by whoever serves it.
package statuspage

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"badged/internal/ctl"
	"badged/internal/foreign"
	"badged/internal/health"
	"badged/internal/webpage"
)

// Path is where the page is, and below it what belongs to it.
const Path = "/status"

//go:embed pages/*.html
var templates embed.FS

//go:embed assets
var files embed.FS

var (
	assets = webpage.NewAssets(Path+"/static/", files, "assets")
	pages  = webpage.NewPages(assets, templates, "pages")
)

// shownEvents is how many of the last events are on the page.
const shownEvents = 30

// Source is what the page shows.
type Source interface {
	Status(ctx context.Context) (ctl.Status, error)
	// Events gives what is on disk after an order, the oldest first, at most the last n.
	Events(ctx context.Context, after uint64, n int) ([]ctl.Event, error)
}

// New gives the page.
func New(source Source, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+Path+"/static/{file}", assets)
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		if err := show(w, r, source); err != nil {
			log.Error("show the technician's page", "err", err)
		}
	})
	return mux
}

func show(w http.ResponseWriter, r *http.Request, source Source) error {
	s, err := source.Status(r.Context())
	if err != nil {
		http.Error(w, "the status cannot be read: badgectl status may tell why", http.StatusServiceUnavailable)
		return err
	}
	s.HideAddresses()
	v := view{Status: s, now: time.Now()}
	events, err := source.Events(r.Context(), 0, shownEvents)
	v.Events, v.EventsLost = slices.Clone(events), err != nil // the status says what is wrong with the store
	slices.Reverse(v.Events)
	foreign.Clean(&v.Status)
	foreign.Clean(&v.Events)
	return pages.Write(w, http.StatusOK, "status", v)
}

// view is what the page shows.
type view struct {
	ctl.Status
	Events     []ctl.Event // the newest first
	EventsLost bool        // they cannot be read
	now        time.Time
}

// Name is which terminal it is.
func (v view) Name() string {
	name, _ := v.Title()
	return name
}

// About is the line below its name.
func (v view) About() string {
	_, about := v.Title()
	return about
}

// Matters is what is wrong, the worst first.
func (v view) Matters() []health.Item {
	return slices.DeleteFunc(slices.Clone(v.Health), func(it health.Item) bool { return it.State == health.OK })
}

// Failed reports whether an item is a failure, and not a warning.
func (v view) Failed(it health.Item) bool { return it.State == health.Fail }

// Inventory is what the terminal has.
func (v view) Inventory() []ctl.Row { return v.Rows(v.now) }

// Time is when an event was, by the clock of the box.
func (v view) Time(at time.Time) string { return at.Local().Format(time.DateTime) }

// Made is when the page was made.
func (v view) Made() string { return v.Time(v.now) }
