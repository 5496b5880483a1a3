package usbport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// While udev still sets the permissions of a new node, the holder tries again this often, and
// later at every pass.
const (
	retryEvery = 50 * time.Millisecond
	retries    = 20
)

// calm is the quiet time before the holder undoes the bridge (inhibited devices, deaf console)
// for the time until the event nodes were taken. Undoing takes 50 ms for each device, in which
// the holder cannot handle the next one.
const calm = 100 * time.Millisecond

// holder reserves the keys of input devices for this process: of those for which want is true,
// and of all others of the same USB device, as long as they are plugged in and the holder is
// not closed.
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

// holdKeys holds devices until the watch is closed, and then returns nil. It calls after after
// each pass.
func (h *holder) holdKeys(w *watch, after func()) error {
	defer h.close()
	changed := true
	for ok := true; ok; {
		wait, err := h.holdOnce(!changed)
		if err != nil {
			return err
		}
		after()
		changed, ok = w.next(wait)
	}
	return nil
}

// holdOnce checks all input devices once and returns the longest time until the next pass. quiet
// says that nothing happened since the last pass.
func (h *holder) holdOnce(quiet bool) (time.Duration, error) {
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
			d.releaseDevice()
			delete(h.known, dir)
		}
	}
	h.holdSiblings()
	return h.undoBridge(quiet), nil
}

// holdIfWanted takes an input device if it is wanted.
func (h *holder) holdIfWanted(dir string) {
	d := h.known[dir]
	if d == nil {
		if d = h.inspectNew(dir); d == nil {
			return
		}
		h.known[dir] = d
	}
	if d.wanted && d.release == nil {
		h.holdDevice(d)
	}
}

// holdSiblings holds the other input devices of a device with a wanted one: what looks like a mouse
// on one interface of it can still switch the machine off.
func (h *holder) holdSiblings() {
	wanted := map[string]bool{}
	for _, d := range h.known {
		wanted[d.in.plugging] = wanted[d.in.plugging] || d.wanted
	}
	for _, d := range h.known {
		if !d.wanted && wanted[d.in.plugging] {
			d.wanted = true
			h.holdDevice(d)
		}
	}
}

// inspectNew inspects a new input device. It mutes the console first, because it can take longer to
// find out whether the device is wanted than to type on it.
func (h *holder) inspectNew(dir string) *held {
	in := h.m.readInput(dir)
	if !in.whole {
		return nil // a uevent follows
	}
	if in.isKeyboard() && in.node == "" && h.hear == nil {
		h.hear = h.m.muteKeys()
	}
	return &held{in: in, wanted: h.want(in)}
}

func (h *holder) holdDevice(d *held) {
	var err error = fs.ErrNotExist
	if d.in.node = h.m.eventNode(d.in.dir); d.in.node != "" {
		d.release, err = h.m.grabInput(d.in)
	}
	if err == nil {
		d.shut = d.shut || attribute(d.in.dir, "inhibited") == "1" // left by an agent that was killed
		return
	}
	if !d.shut {
		d.shut = d.writeInhibited("1") == nil
	}
	d.tries++
	if h.failed != nil && (d.tries == retries || d.tries == 1 && !isSettling(err)) {
		d.tries = retries
		h.failed(d.in, err)
	}
}

// isSettling reports whether an error can go away when udev is ready.
func isSettling(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// undoBridge undoes the bridge for devices whose event nodes were taken, and returns the time until
// the next pass.
func (h *holder) undoBridge(quiet bool) time.Duration {
	wait := rescan
	for _, d := range h.known {
		switch {
		case d.wanted && d.release == nil && d.tries < retries:
			wait = min(wait, retryEvery)
		case d.release != nil && d.shut && quiet:
			d.uninhibit()
		case d.release != nil && d.shut:
			wait = min(wait, calm)
		}
	}
	switch {
	case h.hear == nil:
	case quiet && wait == rescan:
		h.restoreConsole()
	default:
		wait = min(wait, calm)
	}
	return wait
}

func (h *holder) restoreConsole() {
	if h.hear != nil {
		h.hear()
		h.hear = nil
	}
}

// uninhibit ends the inhibition of the device, whose keys then go to the holder of its event node.
func (d *held) uninhibit() {
	d.shut = false
	_ = d.writeInhibited("0") // it is gone, or was never shut
}

func (d *held) writeInhibited(value string) error {
	f, err := os.OpenFile(filepath.Join(d.in.dir, "inhibited"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// releaseDevice releases the device.
func (d *held) releaseDevice() {
	if d.shut {
		d.uninhibit()
	}
	if d.release != nil {
		d.release()
	}
}

// close releases all devices.
func (h *holder) close() {
	defer h.restoreConsole()
	for _, d := range h.known {
		d.releaseDevice()
	}
}
