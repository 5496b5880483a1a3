package printjobs

import (
	"context"
	"slices"
	"sync"
	"time"

	"badged/enroll"
)

// desk is one print point: its printer, and the jobs of who is logged in.
type desk struct {
	s       *Service
	point   string
	printer string

	mu       sync.Mutex // guards what follows
	rev      uint64
	session  string
	state    State
	note     Note
	waiting  []Job // as the print server had them last
	under    []Job // what this session has ordered: it counts more than waiting
	watchers map[chan struct{}]struct{}
}

func newDesk(s *Service, point, printer string) *desk {
	return &desk{s: s, point: point, printer: printer, watchers: map[chan struct{}]struct{}{}}
}

// heldJobs is what a panel shows.
func (d *desk) heldJobs() Held {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := Held{Rev: d.rev, Session: d.session, State: d.state, Note: d.note}
	ordered := make(map[int]bool, len(d.under))
	for _, j := range d.under {
		ordered[j.ID] = true
		if j.Phase != Gone {
			h.Jobs = append(h.Jobs, j)
		}
	}
	for _, j := range d.waiting {
		if !ordered[j.ID] {
			h.Jobs = append(h.Jobs, j)
		}
	}
	return h
}

// indexOfJob is the place of a job in a list; -1: it is not there.
func indexOfJob(list []Job, id int) int {
	return slices.IndexFunc(list, func(j Job) bool { return j.ID == id })
}

func (d *desk) watch() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watchers[c] = struct{}{}
	return c, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, c)
	}
}

// change alters what is shown, while it is still the session's, and tells it if alter says
// that something is different now.
func (d *desk) change(session string, alter func() (changed bool)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == session && alter() {
		d.notifyWatchers()
	}
}

// notifyWatchers is called with mu held.
func (d *desk) notifyWatchers() {
	d.rev++
	for w := range d.watchers {
		select {
		case w <- struct{}{}:
		default: // it has not looked yet
		}
	}
}

// beginSession puts the list of a session, or nobody's, in the place of the former one.
func (d *desk) beginSession(session string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session, d.state, d.note, d.waiting, d.under = session, Nobody, NoteNone, nil, nil
	if session != "" {
		d.state = Asking
	}
	d.notifyWatchers()
}

// placeOrder marks jobs of the session's list and has them done; all or none.
func (d *desk) placeOrder(session string, phase Phase, ids []int, do func(ctx context.Context, o ordered)) bool {
	screen, _ := d.s.opts.Panel.Screen(d.point)
	if session == "" || screen.Session != session || len(ids) == 0 || !d.reserveJobs(session, phase, ids) {
		return false
	}
	o := ordered{session, screen.Account.ID, d.owner(screen.Account), ids}
	return d.s.startOrder(func(ctx context.Context) { do(ctx, o) })
}

// ordered is what somebody has ordered.
type ordered struct {
	session string
	account enroll.AccountID
	owner   Owner
	ids     []int
}

// reserveJobs marks jobs, if all of them are on the list and can be released.
func (d *desk) reserveJobs(session string, phase Phase, ids []int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != session {
		return false
	}
	for _, id := range ids {
		if j, ok := d.job(id); !ok || !j.CanRelease() {
			return false
		}
	}
	d.note = NoteNone
	for _, id := range ids {
		d.setPhase(id, phase)
	}
	d.notifyWatchers()
	return true
}

// job is called with mu held.
func (d *desk) job(id int) (Job, bool) {
	for _, list := range [][]Job{d.under, d.waiting} {
		if i := indexOfJob(list, id); i >= 0 {
			return list[i], true
		}
	}
	return Job{}, false
}

// setPhase is called with mu held.
func (d *desk) setPhase(id int, phase Phase) {
	if i := indexOfJob(d.under, id); i >= 0 {
		d.under[i].Phase = phase
		return
	}
	if j, ok := d.job(id); ok {
		j.Phase = phase
		d.under = append(d.under, j)
	}
}

// markJob shows how far a job is.
func (d *desk) markJob(session string, id int, phase Phase) {
	d.change(session, func() bool {
		d.setPhase(id, phase)
		return true
	})
}

// setNote shows a note in the place of the former one.
func (d *desk) setNote(session string, n Note) {
	d.change(session, func() bool {
		changed := d.note != n
		d.note = n
		return changed
	})
}

// clearNote takes a note away, if it is that one.
func (d *desk) clearNote(session string, n Note) {
	d.change(session, func() bool {
		changed := d.note == n
		if changed {
			d.note = NoteNone
		}
		return changed
	})
}

// setList puts a new list of what waits in the place of the former one; it is called with mu
// held. When a job was sent is reckoned once: answers come a little sooner or later.
func (d *desk) setList(found []Job) (changed bool) {
	sent := make(map[int]time.Time, len(d.waiting))
	for _, j := range d.waiting {
		sent[j.ID] = j.Sent
	}
	for i := range found {
		if at, known := sent[found[i].ID]; known {
			found[i].Sent = at
		}
	}
	changed = d.state != Listed || d.note == NoteAway || !slices.Equal(d.waiting, found)
	d.state, d.waiting = Listed, found
	if d.note == NoteAway {
		d.note = NoteNone
	}
	return changed
}
