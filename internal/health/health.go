// Package health is the register of what a person must see: named items, each ok, a
// warning or a failure, in words, with what to do about it.
package health

import (
	"sort"
	"sync"
)

// State is how bad an item is.
type State uint8

// The states.
const (
	OK State = iota
	Warn
	Fail
)

// String is the state's name in status: "ok", "warn" or "fail".
func (s State) String() string { return [...]string{"ok", "warn", "fail"}[s] }

// MarshalText implements encoding.TextMarshaler.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. What it does not know is a
// failure.
func (s *State) UnmarshalText(b []byte) error {
	switch string(b) {
	case "ok":
		*s = OK
	case "warn":
		*s = Warn
	default:
		*s = Fail
	}
	return nil
}

// Item is one thing that a person may have to see.
type Item struct {
	Name  string `json:"name"` // "store", "reader hall-rfid"
	State State  `json:"state"`
	Text  string `json:"text,omitempty"` // what is the matter
	Do    string `json:"do,omitempty"`   // what to do about it
}

// Register holds the items. The zero value is empty and ready; it is safe for
// concurrent use.
type Register struct {
	mu      sync.Mutex // guards what follows
	items   map[string]Item
	changed chan struct{}
}

// Set puts an item in the place of the one with its name, and reports whether that has
// changed anything.
func (r *Register) Set(it Item) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.items == nil {
		r.items = map[string]Item{}
	}
	if old, ok := r.items[it.Name]; ok && old == it {
		return false
	}
	r.items[it.Name] = it
	r.notify()
	return true
}

// Snapshot gives all items, the worst first, then by name.
func (r *Register) Snapshot() []Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	items := make([]Item, 0, len(r.items))
	for _, it := range r.items {
		items = append(items, it)
	}
	sort.Slice(items, func(i, j int) bool {
		a, b := items[i], items[j]
		return a.State > b.State || a.State == b.State && a.Name < b.Name
	})
	return items
}

// Changed gives a channel that is closed at the next change.
func (r *Register) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// notify is called with mu held.
func (r *Register) notify() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}
