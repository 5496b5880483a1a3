package usbport

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/holoplot/go-evdev"
	"golang.org/x/sys/unix"
)

// errGrabbed is that of an event node that another program has taken.
var errGrabbed = errors.New("another program has taken its keys")

// openInput opens an event node and takes its keys (EVIOCGRAB): as long as it is
// open they reach neither the console nor another program. It is never read.
func openInput(path string) (io.Closer, error) {
	d, err := evdev.OpenWithFlags(path, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	if err := d.Grab(); err != nil {
		_ = d.Close()
		if err.Error() == unix.EBUSY.Error() { // the library keeps of the number only its text
			err = errGrabbed
		}
		return nil, fmt.Errorf("take the keys of %s: %w", path, err)
	}
	return d, nil
}

// grabs are the event nodes that this process has taken. The kernel lets one file
// have a node, and a Port and a Guard may both want it.
type grabs struct {
	mu   sync.Mutex
	held map[string]*grab // by folder in sysfs and node; guarded by mu
}

type grab struct {
	node  io.Closer
	users int
}

// grabInput takes the keys of an input device until release is called, once.
func (m *machine) grabInput(in input) (release func(), err error) {
	m.grabs.mu.Lock()
	defer m.grabs.mu.Unlock()
	key := in.dir + " " + in.node
	g := m.grabs.held[key]
	if g == nil {
		node, err := m.openInput(in.node)
		if err != nil {
			return nil, err
		}
		g = &grab{node: node}
		if m.grabs.held == nil {
			m.grabs.held = map[string]*grab{}
		}
		m.grabs.held[key] = g
	}
	g.users++
	return func() { m.releaseInput(key) }, nil
}

func (m *machine) releaseInput(key string) {
	m.grabs.mu.Lock()
	defer m.grabs.mu.Unlock()
	g := m.grabs.held[key]
	if g.users--; g.users == 0 {
		_ = g.node.Close()
		delete(m.grabs.held, key)
	}
}
