package usbport

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"badged/reader"
)

// GuardConfig is the allow-list.
type GuardConfig struct {
	Name string // in logs and events
	// Allow are keyboards that may type: the guard ignores them. Readers are the configured
	// readers: the guard holds their keys too, from the moment they are plugged in and while
	// their Port does not run, but raises no alarm. It compares only the device of both, not
	// the interface or usage.
	Allow, Readers []Spec
	Log            *slog.Logger // says which device was found
}

// Guard is a reader.Source that hides the keys of keyboards on no list from the console, the
// panel and every other program, for as long as they are plugged in, and emits KindAlarm,
// Foreign, once for each plugging. Keyboards that are plugged in at its start count too. It
// emits KindOver when the last one was removed.
//
// It checks input devices on USB and Bluetooth with keys that type, or that switch the
// machine off or start programs, and holds all other inputs of the same device too, such as a
// mouse. It ignores a machine's own keyboard on another bus (the i8042 of a notebook), its
// power button, mice, headsets, and devices that a local program creates under another bus.
type Guard struct {
	cfg  GuardConfig
	m    *machine
	told map[string]bool // the pluggings that were told
}

// NewGuard makes a guard. Nothing is done before Run.
func NewGuard(cfg GuardConfig) *Guard {
	return &Guard{cfg: cfg, m: host, told: map[string]bool{}}
}

// Name implements reader.Source.
func (g *Guard) Name() string { return g.cfg.Name }

// Run implements reader.Source. Its error is a *reader.OpError.
func (g *Guard) Run(ctx context.Context, emit func(reader.Event)) error {
	err := g.watchKeyboards(ctx, emit)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
	return &reader.OpError{Op: "watch", Device: "USB keyboards", Err: err}
}

func (g *Guard) watchKeyboards(ctx context.Context, emit func(reader.Event)) error {
	w, err := g.m.watch()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, w.close)
	defer w.close()
	defer stop()
	h := newHolder(g.m, g.mustHold)
	h.failed = g.logFailed
	up := false
	return h.holdKeys(w, func() {
		if !up {
			up = true
			emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
		}
		g.emitAlarms(h, emit)
	})
}

// mustHold reports whether the keys of an input device are to be held.
func (g *Guard) mustHold(in input) bool {
	return in.isKeyboard() && !isListed(g.cfg.Allow, in)
}

func isListed(list []Spec, in input) bool {
	return slices.ContainsFunc(list, func(s Spec) bool { return s.fitsInput(in) })
}

// emitAlarms raises the alarm for new keyboards, and forgets those that are gone.
func (g *Guard) emitAlarms(h *holder, emit func(reader.Event)) {
	there := map[string]bool{}
	for _, d := range h.known {
		if !d.wanted || !d.in.isKeyboard() || there[d.in.plugging] || isListed(g.cfg.Readers, d.in) {
			continue
		}
		there[d.in.plugging] = true
		if g.told[d.in.plugging] {
			continue
		}
		g.cfg.Log.Warn("a keyboard that is on no list was plugged in; its keys are held", g.logArgs(d.in)...)
		emit(reader.Event{Kind: reader.KindAlarm, At: time.Now(), Why: reader.Foreign})
	}
	if len(g.told) > 0 && len(there) == 0 {
		emit(reader.Event{Kind: reader.KindOver, At: time.Now(), Why: reader.Foreign})
	}
	g.told = there
}

// logFailed logs that the keys of a keyboard cannot be held, so that it can still type.
func (g *Guard) logFailed(in input, err error) {
	g.cfg.Log.Error("the keys of a keyboard cannot be held", append(g.logArgs(in), "err", err, "hint", hintFor(err))...)
}

// logArgs names a keyboard in a log.
func (g *Guard) logArgs(in input) []any {
	args := []any{"reader", g.cfg.Name, "device", printable(attribute(in.dir, "name")), "input", filepath.Base(in.dir)}
	if !in.isUSB {
		return args
	}
	s := Spec{Vendor: in.usb.Vendor, Product: in.usb.Product, Path: in.usb.Path, Interface: AnyInterface}
	return append(args, "usb", s.String())
}
