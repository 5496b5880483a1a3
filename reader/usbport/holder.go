package usbport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// While udev still sets the rights of a new node, it is tried again this often, at
// first; then with every look.
const (
	retryEvery = 50 * time.Millisecond
	retries    = 20
)

// openAfter is how long nothing must have happened before an input device that was
// closed is opened again. Doing that takes the kernel 50 ms, in which it would not
// be there for the next one.
const openAfter = 100 * time.Millisecond

// holder keeps the keys of input devices to this process: of those that want is true
// for, as long as they are plugged in and the holder is not closed.
//
//	             no event node, or not to be had
//	(new) ------------------------------------------> (closed) keys go nowhere
//	  |                                                  |
//	  | event node taken                                 | event node taken
//	  v                                                  v
//	(taken) <---- nothing happened for openAfter ---- (both)
//
// closed is the kernel's attribute "inhibited". Where it may not be written, that
// state keeps nothing.
type holder struct {
	m    *machine
	want func(input) bool
	// failed, if set, is told once of an input device whose keys cannot be taken.
	failed func(input, error)
	held   map[string]*held
}

// held is an input device that is wanted.
type held struct {
	in      input
	release func() // nil: its event node is not taken
	closed  bool   // by us: it is "inhibited"
	tries   int
}

func newHolder(m *machine, want func(input) bool) *holder {
	return &holder{m: m, want: want, held: map[string]*held{}}
}

// keep holds until the watch is closed, which gives nil. after is called after each
// look.
func (h *holder) keep(w *watch, after func()) error {
	defer h.close()
	changed := true
	for ok := true; ok; {
		wait, err := h.pass(!changed)
		if err != nil {
			return err
		}
		after()
		changed, ok = w.next(wait)
	}
	return nil
}

// pass looks at all input devices and gives when to look again at the latest. quiet
// tells that nothing happened since the last pass.
func (h *holder) pass(quiet bool) (time.Duration, error) {
	all, err := h.m.inputs()
	if err != nil {
		return rescan, err
	}
	there := map[string]bool{}
	for _, in := range all {
		there[in.dir] = true
		h.look(in)
	}
	wait := rescan
	for dir, d := range h.held {
		if !there[dir] {
			d.drop()
			delete(h.held, dir)
			continue
		}
		if quiet && d.closed && d.release != nil {
			d.open()
		}
		wait = min(wait, d.due())
	}
	return wait, nil
}

// look takes an input device if it is wanted.
func (h *holder) look(in input) {
	d := h.held[in.dir]
	if d == nil {
		if !h.want(in) {
			return
		}
		d = &held{}
		h.held[in.dir] = d
	}
	d.in = in
	if d.release == nil {
		h.take(d)
	}
}

func (h *holder) take(d *held) {
	err := fs.ErrNotExist
	if d.in.node != "" {
		d.release, err = h.m.take(d.in)
	}
	if err == nil {
		d.closed = d.closed || attribute(d.in.dir, "inhibited") == "1" // left by an agent that was killed
		return
	}
	d.close()
	d.tries++
	if lasting := !settling(err); h.failed != nil && (lasting && d.tries == 1 || d.tries == retries) {
		h.failed(d.in, err)
		d.tries = max(d.tries, retries)
	}
}

// settling reports whether an error can go away when udev is ready.
func settling(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

func (d *held) due() time.Duration {
	switch {
	case d.release == nil && d.tries < retries:
		return retryEvery
	case d.release != nil && d.closed:
		return openAfter
	}
	return rescan
}

// close shuts the device in the kernel, and open opens it again. Without the right
// to do so, or before Linux 5.11, they do nothing.
func (d *held) close() {
	if !d.closed {
		d.closed = d.inhibit("1") == nil
	}
}

func (d *held) open() {
	d.closed = false
	_ = d.inhibit("0") // it is gone, or was never shut
}

func (d *held) inhibit(value string) error {
	f, err := os.OpenFile(filepath.Join(d.in.dir, "inhibited"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// drop gives the device back.
func (d *held) drop() {
	if d.closed {
		d.open()
	}
	if d.release != nil {
		d.release()
	}
	d.release = nil
}

func (h *holder) close() {
	for dir, d := range h.held {
		d.drop()
		delete(h.held, dir)
	}
}
