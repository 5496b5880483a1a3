package workbench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"badged/internal/ctl"
	"badged/internal/rig/sim"
	"badged/sync/hub/api"
)

var errNoVerb = errors.New("the workbench cannot do that")

// errServerStopped is what the page has words for, in the visitor's language.
var errServerStopped = errors.New("server_stopped")

// doDeed does what a visitor wants.
func (w *Workbench) doDeed(ctx context.Context, verb string, d deed) error {
	deeds := map[string]func(context.Context, deed) error{
		"tap": w.tap, "keys": w.keys, "badge": w.newBadge, "push": w.push, "exit": w.exit, "noise": w.noise,
		"network": w.network, "power": w.power, "hub": w.hubPower,
		"member": w.member, "grant": w.grant, "claim": w.claim, "reopen": w.reopen, "lang": w.speak, "admin": w.admin,
	}
	do, ok := deeds[verb]
	if !ok {
		return fmt.Errorf("%w: %.20q", errNoVerb, verb)
	}
	defer w.view.touch()
	if err := do(ctx, d); !errors.Is(err, api.ErrNotRunning) {
		return err
	}
	return errServerStopped
}

// at is a terminal with its reader.
func (w *Workbench) at(name string) (*terminal, *sim.Reader, error) {
	switch name {
	case "printer":
		return w.printer, w.devices.hallReader, nil
	case "door":
		return w.door, w.devices.frontReader, nil
	}
	return nil, nil, fmt.Errorf("there is no terminal %.20q", name)
}

// tap presents a badge and learns from the answer whose it is.
func (w *Workbench) tap(ctx context.Context, d deed) error {
	b, err := w.tray.find(d.Badge)
	if err != nil {
		return err
	}
	t, r, err := w.at(d.At)
	if err != nil {
		return err
	}
	if !t.running() {
		return nil // a reader without power stays silent
	}
	mark := t.events.len()
	if err := r.Tap(b.number); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ev, err := t.wait(ctx, mark, presented)
	if err == nil && ev.Account != "" && ev.Outcome == "granted" {
		w.tray.own(b.id, ev.Account)
	}
	return nil // a badge that stays on the reader, or one read badly, has no answer
}

// presented reports whether an event answers a badge or a code.
func presented(ev ctl.Event) bool { return ev.Kind == "presentation" || ev.Kind == "enrolment" }

func (w *Workbench) keys(_ context.Context, d deed) error {
	if len(d.Keys) > 16 {
		return fmt.Errorf("at most 16 keys at a time")
	}
	if !w.door.running() {
		return nil
	}
	return w.devices.frontKeys.Type(d.Keys)
}

// speak gives the site the language of the page, which its panels begin with.
func (w *Workbench) speak(ctx context.Context, d deed) error {
	_, err := w.hub.api.Set(ctx, map[string]string{"lang": d.Lang})
	return err
}

func (w *Workbench) newBadge(context.Context, deed) error {
	_, err := w.tray.deal()
	return err
}

// push opens the leaf if the lock lets go, and lets it fall shut.
func (w *Workbench) push(context.Context, deed) error {
	const stands = 2 * time.Second
	if !w.devices.pins.State().Relay {
		return nil // it is locked
	}
	w.devices.pins.SetContact(false)
	w.wg.Go(func() {
		select {
		case <-time.After(stands):
		case <-w.ctx.Done():
		}
		w.devices.pins.SetContact(true)
	})
	return nil
}

func (w *Workbench) exit(context.Context, deed) error {
	w.devices.pins.PressExit()
	return nil
}

func (w *Workbench) noise(_ context.Context, d deed) error {
	_, r, err := w.at(d.At)
	if err != nil {
		return err
	}
	return r.Garbage()
}

func (w *Workbench) network(_ context.Context, d deed) error {
	switch d.State {
	case Plugged, Pulled, Silent:
		w.cable.set(d.State)
		return nil
	}
	return fmt.Errorf("a network is %s, %s or %s", Plugged, Pulled, Silent)
}

// power cuts or restores the power of a terminal.
func (w *Workbench) power(ctx context.Context, d deed) error {
	t, _, err := w.at(d.At)
	if err != nil {
		return err
	}
	if d.On {
		return t.start(ctx)
	}
	t.kill()
	return nil
}

func (w *Workbench) hubPower(ctx context.Context, d deed) error {
	if d.On {
		return w.hub.start(ctx)
	}
	return w.hub.stop()
}

func (w *Workbench) member(ctx context.Context, d deed) error {
	name := strings.TrimSpace(d.Name)
	if name == "" || len(name) > 200 {
		return fmt.Errorf("a member needs a name of 1 to 60 letters")
	}
	_, err := w.hub.addMember(ctx, name)
	return err
}

func (w *Workbench) grant(ctx context.Context, d deed) error { return w.hub.grant(ctx, d.Account) }

func (w *Workbench) claim(ctx context.Context, d deed) error {
	_, err := w.hub.issueClaim(ctx, d.Account)
	return err
}

func (w *Workbench) reopen(ctx context.Context, _ deed) error { return w.hub.reopen(ctx) }

// admin opens the desk at a link by which an administrator gets in.
func (w *Workbench) admin(ctx context.Context, _ deed) error {
	path, err := w.hub.adminLink(ctx)
	if err == nil {
		w.desk.open(path)
	}
	return err
}
