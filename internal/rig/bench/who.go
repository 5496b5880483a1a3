package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"badged/internal/passage"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
)

// ownGrants is how many people have a right of their own at the door of the bench, beside the
// group that an import made.
const ownGrants = 5_000

// openDoor makes a door that the group and some others may use.
func (c *crowd) openDoor(ctx context.Context, group string, own int) error {
	return c.Write(ctx, benchOperator, func(tx fleet.Tx) error {
		if _, err := access.SetDoor(tx.Tx.Tx, "front", func(*access.Door) {}); err != nil {
			return err
		}
		if _, _, err := access.AddGrant(tx.Tx.Tx, access.NewGrant{Group: group, Door: "front"}); err != nil {
			return err
		}
		for range own {
			n := access.NewGrant{Account: member(rand.IntN(c.next)).Email, Door: "front"}
			if _, _, err := access.AddGrant(tx.Tx.Tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// whoRows measures how long a page of «who can open this door?» takes, from the beginning to
// the end of the list by turns, and «what if this person came?».
func (c *crowd) whoRows(ctx context.Context, looks int) ([]Row, error) {
	var pages, tries []time.Duration
	cursor := ""
	for range looks {
		start := time.Now()
		next, err := c.who(ctx, cursor)
		if err != nil {
			return nil, err
		}
		pages, cursor = append(pages, time.Since(start)), next
		start = time.Now()
		if err := c.try(ctx, member(rand.IntN(c.next)).Email); err != nil {
			return nil, err
		}
		tries = append(tries, time.Since(start))
	}
	what := fmt.Sprintf("p95 of «who can open this door?», a page of 50, and of «what if this person came?», among %d accounts", c.next)
	row := func(name string, times []time.Duration) Row {
		p95 := micros(quantile(times, 0.95))
		return Row{Name: name, Unit: "µs", Value: p95, Budget: budgetSearch, Met: p95 <= budgetSearch, What: what}
	}
	return []Row{row("who_page", pages), row("who_try", tries)}, nil
}

func now() passage.Moment { return passage.Moment{At: time.Now(), Known: true, Heard: time.Now()} }

func (c *crowd) who(ctx context.Context, after string) (next string, err error) {
	err = c.Read(ctx, func(tx fleet.Tx) error {
		page, more, err := access.WhoMayPass(tx.Tx.Tx, "front", now(), access.WhoQuery{Limit: 50, After: after})
		if err == nil && len(page) == 0 && more == "" && after == "" {
			err = fmt.Errorf("nobody can open the door")
		}
		next = more
		return err
	})
	return next, err
}

func (c *crowd) try(ctx context.Context, email string) error {
	return c.Read(ctx, func(tx fleet.Tx) error {
		_, err := access.TryDoor(tx.Tx.Tx, email, "front", now())
		return err
	})
}
