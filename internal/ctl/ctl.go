// Package ctl is the control socket of the agent: HTTP with JSON on a Unix socket
// that its owner and the group badged may use. The same types serve both ends.
//
//	GET /v1/status                      Status
//	GET /v1/readers                     []Reader
//	GET /v1/outbox                      Outbox
//	GET /v1/events?n=100&after=0&follow=1   Event, one JSON line each
//	POST /v1/readers/NAME/commission    CommissionRequest to CommissionStep, one JSON line each
//
// Nothing here names a person: an account is anonymN or the start of its id, and a
// card never shows.
package ctl

import (
	"context"
	"time"

	"badged/internal/health"
)

// Status is one look at the whole agent.
type Status struct {
	Version  string        `json:"version"`
	Terminal string        `json:"terminal"`
	Site     string        `json:"site"`
	Started  time.Time     `json:"started"`
	Uptime   float64       `json:"uptime"`    // seconds
	Clock    string        `json:"clock"`     // "unknown", "holdover", "trusted"
	ClockWhy string        `json:"clock_why"` // which clock is believed, and why
	Health   []health.Item `json:"health"`    // the worst first
	Points   []Point       `json:"points"`
	Readers  []Reader      `json:"readers"`
	Uplink   Uplink        `json:"uplink"`
	Store    Store         `json:"store"`
	Page     string        `json:"page,omitempty"` // address of the technician's page; it carries a token
}

// Worst is the state of the worst item.
func (s Status) Worst() health.State {
	worst := health.OK
	for _, it := range s.Health {
		worst = max(worst, it.State)
	}
	return worst
}

// Point is a place where people present credentials.
type Point struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`            // "print", "door"
	Door  string `json:"door,omitempty"`  // of kind door
	State string `json:"state"`           // a door's: "locked", "granted", "open", "held", "forced"; a panel's: "idle", "session"
	Kiosk string `json:"kiosk,omitempty"` // what the panel's browser is opened on; it carries a token
}

// Reader is a reader or keypad.
type Reader struct {
	Name     string       `json:"name"`
	Point    string       `json:"point"`
	Protocol string       `json:"protocol"`
	Port     string       `json:"port"`
	State    health.State `json:"state"`
	Text     string       `json:"text,omitempty"` // what is the matter

	// Since the agent started; a zero time: none yet.
	Badges    uint64    `json:"badges"`
	Faults    uint64    `json:"faults"` // what could not be read
	LastBadge time.Time `json:"last_badge,omitzero"`
	LastFault time.Time `json:"last_fault,omitzero"`
}

// Uplink is the connection to the hub.
type Uplink struct {
	Connected bool      `json:"connected"`
	Hub       string    `json:"hub"`   // host:port
	Since     time.Time `json:"since"` // of the connection, or of its loss
	LastAck   time.Time `json:"last_ack"`
	Pending   uint64    `json:"pending"`           // events that the hub does not have yet
	Problem   string    `json:"problem,omitempty"` // why there is no connection
}

// Store is the database.
type Store struct {
	Path      string `json:"path"`
	Recovered string `json:"recovered,omitempty"` // the corrupt file that was kept aside at start
	Cards     int    `json:"cards"`
	Accounts  int    `json:"accounts"`
	Claims    int    `json:"claims"`     // live ones
	LeaseLeft uint64 `json:"lease_left"` // numbers for anonymN
	Bytes     int64  `json:"bytes"`
}

// Outbox is what waits for the hub.
type Outbox struct {
	Pending uint64    `json:"pending"`
	Unsaved uint64    `json:"unsaved"` // of them in memory only: the disk takes nothing
	Bytes   int64     `json:"bytes"`   // of the database
	Acked   uint64    `json:"acked"`   // events that the hub has
	LastAck time.Time `json:"last_ack"`
}

// Event is one thing that happened.
type Event struct {
	Order   uint64    `json:"order"`
	Stream  string    `json:"stream"`
	Seq     uint64    `json:"seq"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Clock   string    `json:"clock"`
	Point   string    `json:"point,omitempty"`
	Device  string    `json:"device,omitempty"`
	Outcome string    `json:"outcome"` // "none" where nothing was presented
	Reason  string    `json:"reason"`
	Account string    `json:"account,omitempty"` // anonymN or the start of its id
	Why     string    `json:"why,omitempty"`     // of a fault
	More    uint64    `json:"more,omitempty"`    // faults that this one event stands for
}

// Agent is what the socket shows.
type Agent interface {
	Status(ctx context.Context) (Status, error)
	Outbox(ctx context.Context) (Outbox, error)
	// Recorded is how many events there have been. It is cheap.
	Recorded() uint64
	// Events gives what is on disk after an order, the oldest first, at most the last n.
	Events(ctx context.Context, after uint64, n int) ([]Event, error)
	// Commission gives a reader a new key, and tells of each step; the last one is
	// StepSecured or StepFailed. An error, mostly a *Refusal, means that nothing was
	// begun or told. The end of ctx ends it. With cleared, the technician says that the
	// reader was reset to its factory settings.
	Commission(ctx context.Context, reader string, d time.Duration, cleared bool, tell func(CommissionStep)) error
}
