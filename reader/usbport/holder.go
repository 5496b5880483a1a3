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

// calm is how long nothing must have happened before what bridged the time until the
// event nodes were taken is undone. That takes 50 ms for each device, in which nobody
// would look at the next one.
const calm = 100 * time.Millisecond

// holder keeps the keys of input devices to this process: of those that want is true
// for, and of all others of the same USB device, as long as they are plugged in and the
// holder is not closed.
//
//	             no event node, or not to be had
//	(new) ------------------------------------------> (shut) keys go nowhere
//	  |                                                  |
//	  | event node taken                                 | event node taken
//	  v                                                  v
//	(taken) <------ nothing happened for calm ------- (both)
//
// shut is the kernel's attribute "inhibited". The text console has a new keyboard
// open before that can be written, but hears nothing of it for the first 50 ms
// (usbhid_open of drivers/hid/usbhid/hid-core.c), so the console is made deaf first.
// Without the rights to do so, nothing is kept in that state.
type holder struct {
	m    *machine
	want func(input) bool
	// failed, if set, is told once of an input device whose keys cannot be taken.
	failed func(input, error)
	known  map[string]*held // all input devices, by folder in sysfs
	hear   func()           // not nil: the console is deaf
}

// held is an input device, wanted or not.
type held struct {
	in      input
	wanted  bool
	release func() // nil: its event node is not taken
	shut    bool   // it is "inhibited"
	tries   int
}

func newHolder(m *machine, want func(input) bool) *holder {
	return &holder{m: m, want: want, known: map[string]*held{}}
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
	dirs, err := h.m.class("input")
	if err != nil {
		return rescan, err
	}
	there := map[string]bool{}
	for _, dir := range dirs {
		there[dir] = true
		h.holdIfWanted(dir)
	}
	for dir, d := range h.known {
		if !there[dir] {
			d.drop()
			delete(h.known, dir)
		}
	}
	h.spread()
	return h.settle(quiet), nil
}

// holdIfWanted takes an input device if it is wanted.
func (h *holder) holdIfWanted(dir string) {
	d := h.known[dir]
	if d == nil {
		if d = h.meet(dir); d == nil {
			return
		}
		h.known[dir] = d
	}
	if d.wanted && d.release == nil {
		h.hold(d)
	}
}

// spread takes what belongs to a device of which something is wanted: what looks like a
// mouse on one interface of it can switch the machine off all the same.
func (h *holder) spread() {
	wanted := map[string]bool{}
	for _, d := range h.known {
		wanted[d.in.plugging] = wanted[d.in.plugging] || d.wanted
	}
	for _, d := range h.known {
		if !d.wanted && wanted[d.in.plugging] {
			d.wanted = true
			h.hold(d)
		}
	}
}

// meet looks at a new input device. Whether it is wanted can take longer to find out
// than it takes to type on it.
func (h *holder) meet(dir string) *held {
	in := h.m.input(dir)
	if !in.whole {
		return nil // a uevent follows
	}
	if in.isKeyboard() && in.node == "" && h.hear == nil {
		h.hear = h.m.mute()
	}
	return &held{in: in, wanted: h.want(in)}
}

func (h *holder) hold(d *held) {
	var err error = fs.ErrNotExist
	if d.in.node = h.m.eventNode(d.in.dir); d.in.node != "" {
		d.release, err = h.m.grabInput(d.in)
	}
	if err == nil {
		d.shut = d.shut || attribute(d.in.dir, "inhibited") == "1" // left by an agent that was killed
		return
	}
	if !d.shut {
		d.shut = d.inhibit("1") == nil
	}
	d.tries++
	if h.failed != nil && (d.tries == retries || d.tries == 1 && !settling(err)) {
		d.tries = retries
		h.failed(d.in, err)
	}
}

// settling reports whether an error can go away when udev is ready.
func settling(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// settle undoes what bridged the time until event nodes were taken, and gives when to
// look again.
func (h *holder) settle(quiet bool) time.Duration {
	wait := rescan
	for _, d := range h.known {
		switch {
		case d.wanted && d.release == nil && d.tries < retries:
			wait = min(wait, retryEvery)
		case d.release != nil && d.shut && quiet:
			d.open()
		case d.release != nil && d.shut:
			wait = min(wait, calm)
		}
	}
	switch {
	case h.hear == nil:
	case quiet && wait == rescan:
		h.unmute()
	default:
		wait = min(wait, calm)
	}
	return wait
}

func (h *holder) unmute() {
	if h.hear != nil {
		h.hear()
		h.hear = nil
	}
}

// open lets the device's keys go on to who has taken them.
func (d *held) open() {
	d.shut = false
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
	if d.shut {
		d.open()
	}
	if d.release != nil {
		d.release()
	}
}

// close gives all of them back.
func (h *holder) close() {
	defer h.unmute()
	for _, d := range h.known {
		d.drop()
	}
}
