// Package workbench is badged on a desk: a hub, a print terminal and a door terminal
// as real processes, on virtual devices that speak real protocols over
// pseudo-terminals, with a network that can be pulled and a power that can be cut.
// Page shows it to a visitor; Story plays it without one.
//
//	hall-rfid ~~pty~~ badged (hall, print) --+
//	                                         +-- cable -- badgehub
//	front-rfid ~pty~~ badged (front, door) --+
//	front-keys ~pty~~   |
//	relay, contact, exit: unix socket
package workbench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"badged/internal/rig/mailbox"
)

// Options says where a workbench stands.
type Options struct {
	BinDir string // holds badged and badgehub
	Dir    string // where everything is kept; empty: a temporary folder, gone at the end
	Frame  string // origin that may show the panel in a frame; empty: none
	Log    *slog.Logger
}

// Workbench is everything that runs. Close ends it.
type Workbench struct {
	opt     Options
	dir     string
	keep    bool // dir stays: it was given, or something failed
	cable   *cable
	hub     *hub
	printer *terminal
	door    *terminal
	box     *mailbox.Box
	phone   *window // of a member; nil without a Frame
	desk    *window // of the administrator; nil without a Frame
	devices devices
	view    view
	tray    tray
	guide   guide
	ctx     context.Context // of what runs beside the processes
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// Start brings everything up and returns when both terminals are connected, with
// their readers working. On an error nothing is left behind but the logs, which the
// error names.
func Start(ctx context.Context, opt Options) (_ *Workbench, err error) {
	w := &Workbench{opt: opt, dir: opt.Dir, keep: opt.Dir != ""}
	w.view.init()
	for range trayFirst {
		if _, err := w.tray.deal(); err != nil {
			return nil, err
		}
	}
	w.ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	if w.dir == "" {
		if w.dir, err = os.MkdirTemp("", "badged-"); err != nil {
			return nil, fmt.Errorf("make a folder for the workbench: %w", err)
		}
	}
	defer func() {
		if err != nil {
			w.keep = w.keep || ctx.Err() == nil // a visitor who changed their mind needs no logs
			err = errors.Join(err, w.Close())
		}
	}()
	if w.dir, err = filepath.Abs(w.dir); err != nil {
		return nil, fmt.Errorf("find the folder of the workbench: %w", err)
	}
	if there, err := os.ReadDir(w.dir); err == nil && len(there) > 0 {
		return nil, fmt.Errorf("use the folder %s for the workbench: it is not empty (name an empty one, or one that is not there)", w.dir)
	}
	if w.cable, err = layCable(); err != nil {
		return nil, err
	}
	if err := w.devices.plug(w.dir); err != nil {
		return nil, err
	}
	if w.box, err = mailbox.Listen(w.view.touch); err != nil {
		return nil, err
	}
	w.wg.Go(func() {
		if err := w.box.Run(w.ctx); err != nil {
			opt.Log.Error("no mail arrives any more", "err", err)
		}
	})
	return w, w.bringUp(ctx)
}

// bringUp starts the processes in the order in which they need each other.
func (w *Workbench) bringUp(ctx context.Context) error {
	w.hub = newHub(w)
	if err := w.openWindows(); err != nil {
		return err
	}
	if err := w.hub.start(ctx); err != nil {
		return err
	}
	if err := w.hub.prepare(ctx); err != nil {
		return err
	}
	w.printer, w.door = newTerminal(w, "hall"), newTerminal(w, "front")
	if err := errors.Join(w.printer.configure(w.printerConfig()), w.door.configure(w.doorConfig())); err != nil {
		return err
	}
	for _, t := range []*terminal{w.printer, w.door} {
		if err := w.hub.admit(ctx, t); err != nil {
			return err
		}
		if err := t.start(ctx); err != nil {
			return err
		}
	}
	w.wg.Go(w.watchPins)
	return errors.Join(w.printer.online(ctx), w.door.online(ctx))
}

// openWindows opens what the page shows of the hub's web.
func (w *Workbench) openWindows() (err error) {
	if w.opt.Frame == "" {
		return nil
	}
	if w.phone, err = openWindow(w.hub, w.opt.Frame, w.opt.Log); err == nil {
		w.desk, err = openWindow(w.hub, w.opt.Frame, w.opt.Log)
	}
	return err
}

// Dir is where databases and logs are.
func (w *Workbench) Dir() string { return w.dir }

// Keep leaves the folder behind at Close, for its logs.
func (w *Workbench) Keep() { w.keep = true }

// Close ends every process, gives back every device and removes the folder, unless
// it was given or is to be kept.
func (w *Workbench) Close() error {
	w.stop()
	var errs []error
	var terminals sync.WaitGroup
	var mu sync.Mutex // guards errs
	for _, t := range []*terminal{w.printer, w.door} {
		if t != nil {
			terminals.Go(func() {
				err := t.stop()
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
	}
	terminals.Wait()
	if w.hub != nil {
		errs = append(errs, w.hub.stop())
	}
	if w.cable != nil {
		w.cable.close()
	}
	for _, win := range []*window{w.phone, w.desk} {
		if win != nil {
			win.close()
		}
	}
	errs = append(errs, w.devices.unplug())
	w.wg.Wait()
	if !w.keep {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// view tells who looks at the workbench that something has changed.
type view struct {
	mu sync.Mutex // guards ch
	ch chan struct{}
}

func (v *view) init() { v.ch = make(chan struct{}) }

// changed gives a channel that closes at the next change.
func (v *view) changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ch
}

func (v *view) touch() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.ch)
	v.ch = make(chan struct{})
}
