package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"badged/internal/ctl"
	"badged/internal/rig/lab"
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

// told is how many badges may be presented before the event of the first was seen:
// badged tells those who follow it at most 1000 at once.
const told = 500

// pass is the passing of all members.
type pass struct {
	*agent
	queue  chan int
	ctx    context.Context
	cancel context.CancelCauseFunc // of what went wrong first
}

// wantAll has all members present their badges, each at the first hand that is free. The
// events must be exactly those, in the order of each point: none wrong, none lost, none
// double.
func (a *agent) wantAll(hands []hand) (string, error) {
	start := time.Now()
	ctx, end := context.WithTimeout(context.Background(), manyBound)
	defer end()
	p := &pass{agent: a, queue: make(chan int)}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	defer p.cancel(nil)
	var working, watching sync.WaitGroup
	room := map[string]chan struct{}{}
	for _, h := range hands {
		shown := make(chan int, told)
		room[h.point] = make(chan struct{}, h.ahead)
		working.Go(func() { defer close(shown); p.work(h, room[h.point], shown) })
		working.Go(func() { p.check(h.point, shown) })
	}
	watching.Go(func() { makeRoom(p.ctx, room) })
	p.members()
	working.Wait()
	err := context.Cause(p.ctx)
	p.cancel(nil)
	watching.Wait()
	took := time.Since(start).Seconds()
	if err == nil {
		err = a.wantNothing()
	}
	return fmt.Sprintf("%d badges at %d readers, %.0f a second: 0 wrong, 0 lost, 0 double", lab.Members, len(hands), lab.Members/took), err
}

// members come one after the other.
func (p *pass) members() {
	defer close(p.queue)
	for n := range lab.Members {
		select {
		case p.queue <- n:
		case <-p.ctx.Done():
			return
		}
	}
}

// work presents badges until there is none left, or one fails.
func (p *pass) work(h hand, room chan<- struct{}, shown chan<- int) {
	for n := range p.queue {
		select {
		case room <- struct{}{}:
		case <-p.ctx.Done():
			return
		}
		select {
		case shown <- n:
		case <-p.ctx.Done():
			return
		}
		if err := h.present(lab.Number(n)); err != nil {
			p.cancel(fmt.Errorf("present badge %d at %s: %w", n, h.point, err))
			return
		}
	}
}

// check wants an event for each badge that was shown. On a busy host a number may stand still in
// the middle for so long that the agent cuts it: that is a fault in the place of its badge.
func (p *pass) check(point string, shown <-chan int) {
	var ev ctl.Event
	cut := false // ev is of a badge behind the one that a fault stands for
	for n := range shown {
		var err error
		if cut {
			cut = false
		} else {
			ev, cut, err = p.nextRead(point, n)
		}
		if err == nil {
			err = isCard(ev, point, n)
		}
		switch {
		case err == nil:
			cut = false
		case !cut || ev.Outcome != "granted":
			p.cancel(err)
			return
		}
	}
}

// nextRead waits for the next badge that is read at a point, and reports whether one was cut
// before it.
func (p *pass) nextRead(point string, n int) (ev ctl.Event, cut bool, err error) {
	for {
		ev, err = p.nextUntil(p.ctx, point, fmt.Sprintf("badge %d", n), isPresentation)
		if err != nil || ev.Outcome != "faulty" {
			return ev, cut, err
		}
		cut = true
	}
}

// makeRoom lets hands go on when badged has decided: by its log, which has a decision
// long before those who follow the events do.
func makeRoom(ctx context.Context, room map[string]chan struct{}) {
	f, err := os.Open(logFile)
	if err == nil {
		defer f.Close()
		_, err = f.Seek(0, io.SeekEnd)
	}
	beat := time.NewTicker(2 * time.Millisecond)
	defer beat.Stop()
	var rest []byte
	for err == nil && ctx.Err() == nil {
		<-beat.C
		var more []byte
		more, err = io.ReadAll(f)
		lines := strings.Split(string(append(rest, more...)), "\n")
		for _, line := range lines[:len(lines)-1] {
			if m := decidedRE.FindStringSubmatch(line); m != nil {
				select {
				case <-room[m[1]]:
				default: // nobody waits there: the event shows it
				}
			}
		}
		rest = []byte(lines[len(lines)-1])
	}
}

var decidedRE = regexp.MustCompile(`msg=decided point=(\S+)`)
