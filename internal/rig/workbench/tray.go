package workbench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

// badge is a badge of the tray.
type badge struct {
	id     string // "1", "2": what is printed on it
	number string // what a reader reads: ten hex digits
	owner  string // account that it was last seen to open; empty: none
}

// tray is the badges that a visitor can present.
type tray struct {
	mu     sync.Mutex // guards badges
	badges []badge
}

const (
	trayFirst = 6  // badges at the start
	trayMost  = 60 // bounds what a visitor can ask for
)

// deal puts one more badge on the tray, with a number that no other has.
func (t *tray) deal() (badge, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.badges) >= trayMost {
		return badge{}, fmt.Errorf("the tray is full: it holds %d badges", trayMost)
	}
	b := badge{id: strconv.Itoa(len(t.badges) + 1), number: fmt.Sprintf("%02X%08X", 0x40+len(t.badges), rand.Uint32())}
	t.badges = append(t.badges, b)
	return b, nil
}

// find gives the badge with that print.
func (t *tray) find(id string) (badge, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.badges, func(b badge) bool { return b.id == id })
	if i < 0 {
		return badge{}, fmt.Errorf("there is no badge %.10q on the tray", id)
	}
	return t.badges[i], nil
}

// own remembers whom a badge was seen to open.
func (t *tray) own(id, owner string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.badges {
		if t.badges[i].id == id {
			t.badges[i].owner = owner
		}
	}
}

// shown is the tray for the page.
func (t *tray) shown() []BadgeState {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]BadgeState, len(t.badges))
	for i, b := range t.badges {
		list[i] = BadgeState{ID: b.id, Owner: b.owner}
	}
	return list
}
