package workbench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stepBound is how long one step may take, on a slow machine under load.
const stepBound = 60 * time.Second

// Step is one step of the story, as it went.
type Step struct {
	Number int
	Name   string
	Took   time.Duration
	Err    error // nil: as it should be
}

// mismatch is what a step saw in place of what it wanted.
type mismatch struct{ what, want, got string }

func (m mismatch) Error() string {
	return fmt.Sprintf("%s\n   expected: %s\n   got:      %s", m.what, m.want, m.got)
}

// want compares what was seen with what the story says.
func want[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return mismatch{what, fmt.Sprint(want), fmt.Sprint(got)}
}

// Story plays the way of a badge without a person, against the real processes, and
// reports each step as it ends. It returns at the first that is wrong. Every step
// waits for what it is about, none for time.
func (w *Workbench) Story(ctx context.Context, report func(Step)) error {
	s := &story{Workbench: w}
	for i, step := range s.steps() {
		bounded, cancel := context.WithTimeoutCause(ctx, stepBound, fmt.Errorf("nothing more happened within %v", stepBound))
		start := time.Now()
		err := step.run(bounded)
		if err != nil && ctx.Err() == nil {
			err = errors.Join(err, s.alive())
		}
		report(Step{i + 1, step.name, time.Since(start), err})
		cancel()
		if err != nil {
			return fmt.Errorf("step %02d, %s: %w", i+1, step.name, err)
		}
	}
	return nil
}

// story is what the steps remember.
type story struct {
	*Workbench
	member  string // account id
	code    string // of the member's claim
	decoy   string // of a claim that stays live
	refused string // how the used claim was refused
}

type step struct {
	name string
	run  func(context.Context) error
}

func (s *story) steps() []step {
	return []step{
		{"unknown badge makes anonym1 and logs in", s.firstBadge},
		{"the same badge again, the same account", s.sameBadge},
		{"another badge makes anonym2", s.secondBadge},
		{"an edit on the panel reaches the hub", s.edit},
		{"unknown card refused at the door", s.strangerAtDoor},
		{"a member is created, granted and given a claim, then the hub stops", s.enrolMember},
		{"claim bound while the hub is away", s.bindOffline},
		{"used claim refused", s.usedClaim},
		{"wrong code refused in the same words", s.wrongCode},
		{"badged killed with -9 during a swipe: nothing lost, nothing double", s.killDuringSwipe},
		{"hub back: all events there once, in order, without gap", s.hubBack},
		{"garbage on the wire makes faults and nothing else", s.garbage},
	}
}
