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
// blocks. On energises it until the given time, or longer if an earlier call said so; the
// driver releases it by itself, at the latest after door.Cap.
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

// watchInputs runs the inputs of a door.
func (a *Agent) watchInputs(ctx context.Context, wg *sync.WaitGroup, d *doorUnit) {
	if d.Contact != nil {
		wg.Go(func() {
			a.followInput(ctx, d.Contact, func(closed bool, at time.Time) { a.handleContact(ctx, d, closed, at) })
		})
	}
	if d.Exit != nil {
		presses := make(chan time.Time, pressQueue)
		wg.Go(func() { a.openOnPresses(ctx, d, presses) })
		wg.Go(func() {
			defer close(presses)
			a.followInput(ctx, d.Exit, func(pressed bool, at time.Time) { a.handlePress(d, pressed, at, presses) })
		})
	}
}

func (a *Agent) followInput(ctx context.Context, in Input, take func(level bool, at time.Time)) {
	for {
		level, at, err := in.Next(ctx)
		if err != nil {
			return // ctx has ended
		}
		take(level, at)
	}
}

func (a *Agent) handleContact(ctx context.Context, d *doorUnit, closed bool, at time.Time) {
	in := door.ContactOpen
	if closed {
		in = door.ContactClosed
	}
	a.turn(context.WithoutCancel(ctx), func(ctx context.Context) { a.applyEffect(ctx, d, d.machine.HandleInput(at, in)) })
}

// pressQueue is how many presses of an exit button may wait for their turns. Further ones open
// the door too, but have no event.
const pressQueue = 64

// handlePress opens the door at once, in the goroutine of the button, so that nobody who leaves waits
// for a turn that waits for a disk. The driver ends the pulse.
func (a *Agent) handlePress(d *doorUnit, pressed bool, at time.Time, presses chan<- time.Time) {
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
		a.turn(context.WithoutCancel(ctx), func(ctx context.Context) { a.applyEffect(ctx, d, d.machine.HandleInput(at, door.Exit)) })
	}
}

// grantDoor passes a grant to the door's machine and applies the effect.
func (a *Agent) grantDoor(ctx context.Context, d *doorUnit) {
	a.applyEffect(ctx, d, d.machine.HandleInput(time.Now(), door.Grant))
}

// applyEffect applies an effect of a door's machine: the relay first.
func (a *Agent) applyEffect(ctx context.Context, d *doorUnit, e door.Effect) {
	switch e.Relay {
	case door.Energise:
		a.energise(d, d.machine.Until())
	case door.Renew:
		a.releaseRelay(d)
		a.energise(d, d.machine.Until())
	case door.Drop:
		a.releaseRelay(d)
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

// releaseRelay releases a relay. If its board is gone, it is released already, and health shows the
// board.
func (a *Agent) releaseRelay(d *doorUnit) {
	if err := d.Relay.Off(); err != nil {
		a.log.Debug("relay was released without its board", "door", d.Name, "err", err)
	}
}

// closeRelays closes all relays at the end.
func (a *Agent) closeRelays() {
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
