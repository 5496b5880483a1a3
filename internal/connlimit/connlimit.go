// Package connlimit bounds the connections that a server holds for people whom it does
// not know yet. When one more comes than there is room for, the one that has been a
// stranger longest is closed: a flood costs the server a fixed amount of memory, and
// whoever shows quickly who they are is served all the same.
//
//	accepted ──► stranger ── Know ──► known
//	                │                   │
//	                └── room is needed ─┴──► closed, the oldest of its kind first
package connlimit

import (
	"container/list"
	"context"
	"net"
	"sync"
)

// Listener is a listener with bounds.
type Listener struct {
	net.Listener
	strangers, known *room
}

// room is the connections of one kind, the oldest first.
type room struct {
	mu    *sync.Mutex // of all rooms of a listener; guards what follows
	conns list.List   // of *conn
	size  int
}

// Listen bounds ln to so many connections of strangers, and of those who are known.
func Listen(ln net.Listener, strangers, known int) *Listener {
	mu := new(sync.Mutex)
	return &Listener{ln, &room{mu: mu, size: strangers}, &room{mu: mu, size: known}}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, known: l.known}
	l.strangers.admit(c)
	return c, nil
}

// admit puts a connection into a room and closes the oldest if there are too many.
func (r *room) admit(c *conn) {
	r.mu.Lock()
	var oldest *conn
	if c.place == nil || c.room != r {
		c.leave()
		c.room, c.place = r, r.conns.PushBack(c)
	}
	if r.conns.Len() > r.size {
		oldest = r.conns.Front().Value.(*conn)
		oldest.leave()
	}
	r.mu.Unlock()
	if oldest != nil {
		_ = oldest.Conn.Close() // whoever serves it notices
	}
}

// conn is a connection and its place in a room.
type conn struct {
	net.Conn
	known *room

	// What follows is guarded by the rooms' lock.
	room  *room
	place *list.Element // nil: in no room
	gone  bool          // closed
}

// leave gives the place back; the caller holds the lock.
func (c *conn) leave() {
	if c.place != nil {
		c.room.conns.Remove(c.place)
	}
	c.place = nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.known.mu.Lock()
	c.gone = true
	c.leave()
	c.known.mu.Unlock()
	return c.Conn.Close()
}

type key struct{}

// Context is for http.Server.ConnContext: Know finds the connection in it.
func Context(ctx context.Context, c net.Conn) context.Context {
	if inner, ok := c.(interface{ NetConn() net.Conn }); ok { // of TLS
		c = inner.NetConn()
	}
	return context.WithValue(ctx, key{}, c)
}

// Know tells that the connection of a request is of somebody who may stay. It does
// nothing for one that no Listener has accepted.
func Know(ctx context.Context) {
	c, ok := ctx.Value(key{}).(*conn)
	if !ok {
		return
	}
	c.known.mu.Lock()
	moves := !c.gone && c.room != c.known && c.place != nil
	c.known.mu.Unlock()
	if moves {
		c.known.admit(c)
	}
}
