package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"
)

// maxLine bounds what an agent may say in one line.
const maxLine = 64

// patience bounds a write to an agent that reads nothing.
const patience = 2 * time.Second

// PinsState is what a person standing at the door sees of its wires.
type PinsState struct {
	Relay   bool      // energised: the lock is open
	Contact bool      // the door is closed
	Exit    bool      // the exit button is held
	Agents  int       // connections of agents
	Pulses  int       // times that the relay went from off to on
	Relayed time.Time // when an agent last said what the relay does
	Ordered time.Time // when an agent last energised it, again or anew
}

// Pins is the relay, the door contact and the exit button of a door, on a unix
// socket. An agent connects and says "relay 1" or "relay 0", one a line; it is told
// "contact 1" (closed) or "contact 0" and "exit 1" (held) or "exit 0": both on
// connecting, then each change. The relay falls when the connection that energised
// it ends, as a line of a GPIO chip does.
type Pins struct {
	path  string
	ln    net.Listener
	conns sync.WaitGroup

	mu    sync.Mutex // guards what follows
	state PinsState
	peers map[net.Conn]struct{}
	owner net.Conn // energised the relay
	watch map[chan PinsState]struct{}
}

// NewPins listens at path, with the door closed. A socket that an earlier process
// left there is replaced.
func NewPins(path string) (*Pins, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("replace the old pins at %s: %w", path, err)
		}
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for pins at %s: %w", path, err)
	}
	p := &Pins{
		path: path, ln: ln, state: PinsState{Contact: true},
		peers: map[net.Conn]struct{}{}, watch: map[chan PinsState]struct{}{},
	}
	p.conns.Add(1)
	go p.accept()
	return p, nil
}

// Path is the socket's path, for the configuration: virtual:PATH#relay.
func (p *Pins) Path() string { return p.path }

// State is the present state.
func (p *Pins) State() PinsState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// SetContact closes or opens the door.
func (p *Pins) SetContact(closed bool) { p.set("contact", &p.state.Contact, closed) }

// SetExit holds or lets go of the exit button.
func (p *Pins) SetExit(held bool) { p.set("exit", &p.state.Exit, held) }

// PressExit presses the exit button and lets go.
func (p *Pins) PressExit() {
	p.SetExit(true)
	p.SetExit(false)
}

// Watch gives the state after each change, and the present one first. A watcher
// that is slow misses states, never the last one. Stop ends it.
func (p *Pins) Watch() (states <-chan PinsState, stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := make(chan PinsState, 1)
	ch <- p.state
	p.watch[ch] = struct{}{}
	return ch, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watch, ch)
	}
}

// Await waits until the state satisfies ok.
func (p *Pins) Await(ctx context.Context, ok func(PinsState) bool) (PinsState, error) {
	states, stop := p.Watch()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return p.State(), fmt.Errorf("wait for the pins at %s: %w", p.path, ctx.Err())
		case s := <-states:
			if ok(s) {
				return s, nil
			}
		}
	}
}

// Close ends all connections; the relay falls.
func (p *Pins) Close() error {
	err := p.ln.Close()
	p.mu.Lock()
	for c := range p.peers {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.conns.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Pins) accept() {
	defer p.conns.Done()
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.join(c)
		p.conns.Add(1)
		go p.serve(c)
	}
}

func (p *Pins) serve(c net.Conn) {
	defer p.conns.Done()
	defer p.leave(c)
	lines := bufio.NewScanner(c)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for lines.Scan() {
		switch lines.Text() {
		case "relay 1":
			p.relay(c, true)
		case "relay 0":
			p.relay(c, false)
		default:
			return // not an agent
		}
	}
}

func (p *Pins) join(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peers[c] = struct{}{}
	p.state.Agents++
	p.writeLine(c, "contact", p.state.Contact)
	p.writeLine(c, "exit", p.state.Exit)
	p.publishState()
}

func (p *Pins) leave(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.peers, c)
	p.state.Agents--
	if p.owner == c {
		p.state.Relay, p.state.Relayed, p.owner = false, time.Now(), nil
	}
	p.publishState()
}

func (p *Pins) relay(c net.Conn, on bool) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if on && !p.state.Relay {
		p.state.Pulses++
	}
	if on {
		p.state.Ordered = now
	}
	p.state.Relay, p.state.Relayed, p.owner = on, now, c
	p.publishState()
}

// set changes one of the inputs, which field points at, and tells every agent.
func (p *Pins) set(name string, field *bool, to bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *field == to {
		return
	}
	*field = to
	for c := range p.peers {
		p.writeLine(c, name, to)
	}
	p.publishState()
}

// writeLine writes one line to an agent. One that does not read is thrown out.
func (p *Pins) writeLine(c net.Conn, name string, v bool) {
	line := name + " 0\n"
	if v {
		line = name + " 1\n"
	}
	_ = c.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte(line)); err != nil {
		_ = c.Close()
	}
}

// publishState gives the state to all watchers; p.mu is held.
func (p *Pins) publishState() {
	for ch := range p.watch {
		select {
		case <-ch:
		default:
		}
		ch <- p.state
	}
}
