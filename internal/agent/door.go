package agent

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"badged/enroll"
	"badged/internal/door"
)

// Door is the hardware of a door.
type Door struct {
	Name    string
	Point   string // whose events tell about the door
	Config  door.Config
	Relay   Relay
	Contact Input // true: closed; nil: the door has none
	Exit    Input // true: pressed; nil: the door has none
}

// Relay is the driver of a door's relay. It is safe for concurrent use and never
// waits. On energises it until then, or longer if that was said before; the driver
// releases it by itself, and at the latest when it was on for door.Cap.
type Relay interface {
	On(until time.Time) error
	Off() error
	Close() error // releases it
}

// Input is an input of a door: Next waits for the next level that it takes.
type Input interface {
	Next(ctx context.Context) (level bool, at time.Time, err error)
}

type doorUnit struct {
	Door
	machine *door.Machine // the turn's
	state   atomic.Uint32 // door.State, as the last turn left it
}

// DoorState is what a door does now. It is safe for concurrent use.
func (a *Agent) DoorState(name string) door.State {
	for _, d := range a.doors {
		if d.Name == name {
			return door.State(d.state.Load())
		}
	}
	return door.Locked
}

func (a *Agent) addDoor(d Door) {
	u := &doorUnit{Door: d, machine: door.New(d.Config)}
	a.doors = append(a.doors, u)
	for _, p := range a.order {
		if p.Door == d.Name {
			p.door = u
		}
	}
}

// watch runs the inputs of a door.
func (a *Agent) watch(ctx context.Context, wg *sync.WaitGroup, d *doorUnit) {
	if d.Contact != nil {
		wg.Go(func() { a.follow(ctx, d.Contact, func(closed bool, at time.Time) { a.contact(ctx, d, closed, at) }) })
	}
	if d.Exit != nil {
		presses := make(chan time.Time, pressQueue)
		wg.Go(func() { a.openOnPresses(ctx, d, presses) })
		wg.Go(func() {
			defer close(presses)
			a.follow(ctx, d.Exit, func(pressed bool, at time.Time) { a.exit(d, pressed, at, presses) })
		})
	}
}

func (a *Agent) follow(ctx context.Context, in Input, take func(level bool, at time.Time)) {
	for {
		level, at, err := in.Next(ctx)
		if err != nil {
			return // ctx has ended
		}
		take(level, at)
	}
}

func (a *Agent) contact(ctx context.Context, d *doorUnit, closed bool, at time.Time) {
	in := door.ContactOpen
	if closed {
		in = door.ContactClosed
	}
	a.turn(context.WithoutCancel(ctx), func(ctx context.Context) { a.drive(ctx, d, d.machine.HandleInput(at, in)) })
}

// pressQueue is how many presses of an exit button wait for their turns. What does not
// fit opens like the others and is not told.
const pressQueue = 64

// exit opens at once, from the goroutine of the button: whoever leaves is not held by
// a turn that waits for a disk, and neither is who comes next. The driver ends the
// pulse.
func (a *Agent) exit(d *doorUnit, pressed bool, at time.Time, presses chan<- time.Time) {
	if !pressed {
		return
	}
	a.energise(d, at.Add(d.Config.OpenFor))
	select {
	case presses <- at:
	default:
	}
}

// openOnPresses opens the door for each press of its exit button, in a turn of its own.
func (a *Agent) openOnPresses(ctx context.Context, d *doorUnit, presses <-chan time.Time) {
	for at := range presses {
		a.turn(context.WithoutCancel(ctx), func(ctx context.Context) { a.drive(ctx, d, d.machine.HandleInput(at, door.Exit)) })
	}
}

// open lets somebody in.
func (a *Agent) open(ctx context.Context, d *doorUnit) {
	a.drive(ctx, d, d.machine.HandleInput(time.Now(), door.Grant))
}

// drive does what a door's machine says: the relay first.
func (a *Agent) drive(ctx context.Context, d *doorUnit, e door.Effect) {
	switch e.Relay {
	case door.Energise:
		a.energise(d, d.machine.Until())
	case door.Renew:
		a.drop(d)
		a.energise(d, d.machine.Until())
	case door.Drop:
		a.drop(d)
	}
	d.state.Store(uint32(d.machine.State()))
	if r := reasonOf(e.Report); r != enroll.ReasonNone {
		a.report(ctx, enroll.Event{Kind: enroll.EventDoor, Reason: r, Point: d.Point, Door: d.Name})
	}
}

func (a *Agent) energise(d *doorUnit, until time.Time) {
	if err := d.Relay.On(until); err != nil {
		a.log.Error("door does not open", "door", d.Name, "err", err)
	}
}

// drop releases a relay. One whose board is gone is released already, and the board
// itself is in health.
func (a *Agent) drop(d *doorUnit) {
	if err := d.Relay.Off(); err != nil {
		a.log.Debug("relay was released without its board", "door", d.Name, "err", err)
	}
}

// release lets go of all relays, at the end.
func (a *Agent) release() {
	for _, d := range a.doors {
		if err := d.Relay.Close(); err != nil {
			a.log.Warn("relay could not be released, its driver does it", "door", d.Name, "err", err)
		}
	}
}

func reasonOf(r door.Report) enroll.Reason {
	switch r {
	case door.WasOpened:
		return enroll.DoorOpened
	case door.WasClosed:
		return enroll.DoorClosed
	case door.WasForced:
		return enroll.DoorForced
	case door.IsHeld:
		return enroll.DoorHeld
	case door.ExitUsed:
		return enroll.ExitButton
	default:
		return enroll.ReasonNone
	}
}
