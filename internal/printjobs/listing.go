package printjobs

import (
	"context"
	"slices"
	"sync"
	"time"

	"badged/enroll"
	"badged/internal/cups"
)

const (
	// listEvery is how often the list of who is logged in is asked for again: somebody may
	// send a document from where they stand, or the print server come back.
	listEvery = 5 * time.Second
	// listTime bounds one answer.
	listTime = 10 * time.Second
)

// followSessions lists for the sessions of the point until ctx ends.
func (d *desk) followSessions(ctx context.Context) {
	changed, stop := d.s.opts.Panel.Watch(d.point)
	defer stop()
	var listing sync.WaitGroup
	defer listing.Wait()
	end := func() {}
	defer func() { end() }()
	for session := ""; ; {
		if screen, _ := d.s.opts.Panel.Screen(d.point); screen.Session != session {
			end()
			session = screen.Session
			d.beginSession(session)
			during, cancel := context.WithCancel(ctx)
			end = cancel
			if id := session; id != "" {
				listing.Go(func() { d.keepListing(during, id) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// keepListing keeps the list of a session until ctx ends.
func (d *desk) keepListing(ctx context.Context, session string) {
	again := time.NewTicker(listEvery)
	defer again.Stop()
	for {
		d.listOnce(ctx, session)
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// listOnce shows the jobs as the print server has them now.
func (d *desk) listOnce(ctx context.Context, session string) {
	screen, _ := d.s.opts.Panel.Screen(d.point)
	if screen.Session != session {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	found, err := d.findJobs(ctx, d.owner(screen.Account))
	before := d.heldJobs().State
	d.change(session, func() bool {
		if err != nil {
			d.state = Away
			return before != Away
		}
		return d.setList(found)
	})
	if (before == Away) != (err != nil) {
		d.s.probeSoon()
	}
}

func (d *desk) owner(a enroll.Account) Owner { return d.s.opts.Rules.OwnerOf(a, d.s.opts.Editable()) }

// findJobs gives the owner's jobs in the shared queues, the newest first.
func (d *desk) findJobs(ctx context.Context, owner Owner) (found []Job, err error) {
	for _, queue := range d.s.opts.Queues {
		list, err := d.s.lists.list(ctx, queue)
		if err != nil {
			return nil, err
		}
		for _, j := range list.jobs {
			if d.isWaiting(j) && !d.s.isMoving(j.ID) && owner.Owns(j.User) {
				found = append(found, jobOf(j, list.at))
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Job) int { return b.ID - a.ID })
	return found, nil
}

// isWaiting reports whether a job waits for its owner: it has come whole, and stands in a
// shared queue, which prints nothing, held or not.
func (d *desk) isWaiting(j cups.Job) bool {
	return j.Documents > 0 && (j.State == cups.Held || j.State == cups.Pending) && slices.Contains(d.s.opts.Queues, j.Queue)
}
