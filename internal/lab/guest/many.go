package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"badged/internal/lab"
)

// hand is somebody who presents badges at a point.
type hand struct {
	point   string
	present func(number string) error
	// ahead is how many badges may be presented before the first of them is decided.
	// The kernel keeps 63 reports of a device for a program that is slow, and
	// everything here is: the hand must not be faster than any hand could.
	ahead int
}

// manyBound is how long all members may take to pass.
const manyBound = 3 * time.Minute

// wantAll has all members present their badges, each at the first hand that is free. The
// events must be exactly those, in the order of each point: none wrong, none lost, none
// double.
func (a *agent) wantAll(hands []hand) (string, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), manyBound)
	defer cancel()
	queue := make(chan int)
	shown := map[string]chan int{}
	failed := make(chan error, len(hands))
	var wg sync.WaitGroup
	for _, h := range hands {
		ahead := make(chan int, h.ahead)
		shown[h.point] = ahead
		wg.Go(func() {
			if err := h.work(ctx, queue, ahead); err != nil {
				failed <- err
				cancel()
			}
		})
	}
	wg.Go(func() {
		defer close(queue)
		for n := 0; n < lab.Members && ctx.Err() == nil; n++ {
			select {
			case queue <- n:
			case <-ctx.Done():
			}
		}
	})
	err := a.wantEach(ctx, shown)
	cancel()
	wg.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	took := time.Since(start).Seconds()
	return fmt.Sprintf("%d badges at %d readers, %.0f a second: 0 wrong, 0 lost, 0 double", lab.Members, len(hands), lab.Members/took), err
}

// work presents badges until there is none left, or ctx ends.
func (h hand) work(ctx context.Context, queue <-chan int, shown chan<- int) error {
	for n := range queue {
		select {
		case shown <- n:
		case <-ctx.Done():
			return nil
		}
		if err := h.present(lab.Number(n)); err != nil {
			return fmt.Errorf("present badge %d at %s: %w", n, h.point, err)
		}
	}
	return nil
}

// wantEach takes an event for each badge that is shown, until all members have passed.
func (a *agent) wantEach(ctx context.Context, shown map[string]chan int) error {
	for range lab.Members {
		ev, err := a.nextUntil(ctx, "the next badge", isPresentation)
		if err != nil {
			return err
		}
		select {
		case n := <-shown[ev.Point]:
			if err := isCard(ev, ev.Point, n); err != nil {
				return err
			}
		default:
			return fmt.Errorf("nobody has presented another badge at %s: got %s", ev.Point, tell(ev))
		}
	}
	return a.wantNothing()
}
