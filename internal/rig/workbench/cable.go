package workbench

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Network is what the cable between the terminals and the hub does.
type Network string

// The states of the cable.
const (
	Plugged Network = "plugged" // bytes pass
	Pulled  Network = "pulled"  // connections end, new ones are refused
	Silent  Network = "silent"  // connections stand and nothing passes: a dead switch on the way
)

// cable is a TCP proxy that can be pulled. Terminals know its address only.
type cable struct {
	ln net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex // guards what follows
	target string     // address of the hub's broker; empty while the hub is unknown
	state  Network
	conns  map[net.Conn]struct{}
	thaw   chan struct{} // closed when the state leaves Silent, or at the end
}

// layCable listens on a free port of the loopback.
func layCable() (*cable, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the network of the workbench: %w", err)
	}
	c := &cable{ln: ln, state: Plugged, conns: map[net.Conn]struct{}{}}
	c.wg.Go(c.accept)
	return c, nil
}

// addr is where terminals connect to.
func (c *cable) addr() string { return c.ln.Addr().String() }

// lead sets where the cable leads.
func (c *cable) lead(target string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.target = target
}

// now gives the state of the cable.
func (c *cable) now() Network {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// set changes the state. Connections do not survive a change: what a dead switch
// held back is lost, as its packets would be after TCP gave up.
func (c *cable) set(n Network) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == c.state {
		return
	}
	if c.state == Silent {
		close(c.thaw)
	}
	if n == Silent {
		c.thaw = make(chan struct{})
	}
	if n != Silent {
		for conn := range c.conns {
			conn.Close()
		}
	}
	c.state = n
}

// close pulls the cable for good and waits until nothing runs any more.
func (c *cable) close() {
	c.ln.Close()
	c.set(Pulled)
	c.wg.Wait()
}

func (c *cable) accept() {
	for {
		conn, err := c.ln.Accept()
		if err != nil {
			return // closed: nothing else ends a loopback listener
		}
		c.wg.Go(func() { c.carry(conn) })
	}
}

// carry passes bytes both ways until one side ends.
func (c *cable) carry(near net.Conn) {
	defer near.Close()
	target, ok := c.hold(near)
	defer c.release(near)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	far, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		return // the hub is away: the terminal sees its connection end
	}
	defer far.Close()
	if _, ok := c.hold(far); !ok {
		return
	}
	defer c.release(far)
	var both sync.WaitGroup
	both.Go(func() { c.pump(far, near) })
	both.Go(func() { c.pump(near, far) })
	both.Wait()
}

// hold enters a connection among those that a pull ends.
func (c *cable) hold(conn net.Conn) (target string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[conn] = struct{}{}
	return c.target, c.state != Pulled && c.target != ""
}

func (c *cable) release(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}

// pump copies from src to dst, and stands still while the cable is silent.
func (c *cable) pump(dst, src net.Conn) {
	defer dst.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := src.Read(buf)
		if thaw, silent := c.silence(); silent {
			<-thaw
			return // what stood on the wire is lost
		}
		if _, werr := dst.Write(buf[:n]); werr != nil || err != nil {
			if err != io.EOF {
				src.Close()
			}
			return
		}
	}
}

func (c *cable) silence() (thaw <-chan struct{}, silent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.thaw, c.state == Silent
}
