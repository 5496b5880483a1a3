package terminal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"badged/enroll/store"
	"badged/internal/health"
)

// databaseItem describes for a person what opening the database found. aside is the path of a
// damaged one that was kept; empty: none.
func databaseItem(aside string, r store.Recovery) health.Item {
	it := health.Item{Name: "database", State: health.Warn}
	switch {
	case aside != "":
		it.Text = "the database was damaged and kept aside as " + aside + "; a new one is filled by the hub"
		it.Do = "look for events that the hub does not have: badgectl outbox export " + aside + "; send the file to the maker, and check or replace the disk"
	case r.Older:
		it.Text = fmt.Sprintf("the database is older than it was: its last changes are gone, %d events among them; tried codes and given numbers were kept", r.Missing)
		it.Do = "check or replace the disk; the hub sends by itself what the terminal needs, and its log tells of the gap"
	case r.BadWitness:
		it.Text = "the second record of tried codes and given numbers (badged.db.witness) made no sense and was not used: somebody may have changed it"
		it.Do = "find out who can write in the state folder; a new one was begun, and nothing was refunded"
	case r.NoWitness:
		it.Text = "the second record of tried codes and given numbers (badged.db.witness) was gone: a database that is older than it was would not be noticed"
		it.Do = "find out who deleted it; a new one was begun"
	case r.Unclean:
		it.State, it.Text = health.OK, "it is being checked, since the agent did not end in order"
	default:
		it.State = health.OK
	}
	return it
}

func (t *terminal) showDatabase() {
	t.health.Set(databaseItem(t.store.Recovered(), t.store.Recovery()))
}

// checkDatabase checks the whole database if the agent did not end in order, while the other parts
// run, and shows the outcome in health.
func (t *terminal) checkDatabase(ctx context.Context) error {
	if !t.store.Recovery().Unclean {
		return nil
	}
	it := databaseItem(t.store.Recovered(), t.store.Recovery())
	switch err := t.verifyStore(ctx); {
	case ctx.Err() != nil:
		return nil // it ends before it knows
	case err != nil:
		it.State, it.Text = health.Fail, "the database contradicts itself: "+err.Error()
		it.Do = "stop the agent, move " + t.dbPath() + "* away and start it again: the hub fills a new one; badgectl outbox export tells the events that it does not have"
		t.log.Error("the database was checked after an end that was not in order, and contradicts itself", "err", err)
	case it.State == health.OK:
		it.Text = "it was checked after an end that was not in order, and is whole"
		t.log.Info("the database was checked after an end that was not in order, and is whole")
	}
	t.health.Set(it)
	return nil
}

func (t *terminal) verifyStore(ctx context.Context) error {
	report, err := t.store.Check(ctx)
	if err == nil && len(report) > 0 {
		err = errors.New(strings.Join(report, "; "))
	}
	return errors.Join(t.store.Verify(ctx), err)
}
