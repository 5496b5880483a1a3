package connlimit_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"badged/internal/connlimit"
)

// pair is both ends of a connection.
type pair struct{ client, server net.Conn }

// alive reports whether the server still holds the connection: it answers a byte.
func (p pair) alive(t *testing.T) bool {
	t.Helper()
	if _, err := p.server.Write([]byte{1}); err != nil {
		return false
	}
	_ = p.client.SetReadDeadline(time.Now().Add(2 * time.Minute))
	_, err := io.ReadFull(p.client, make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("no byte and no end")
	}
	return err == nil
}

func meet(t *testing.T, l net.Listener) pair {
	t.Helper()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return pair{client, server}
}

func listen(t *testing.T, strangers, known int) *connlimit.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return connlimit.Listen(ln, strangers, known)
}

func know(p pair) { connlimit.Know(connlimit.Context(context.Background(), p.server)) }

func want(t *testing.T, name string, p pair, alive bool) {
	t.Helper()
	if p.alive(t) != alive {
		t.Errorf("%s: alive is %v", name, !alive)
	}
}

func TestTheOldestStrangerMakesRoom(t *testing.T) {
	l := listen(t, 2, 9)
	a, b := meet(t, l), meet(t, l)
	want(t, "a with room", a, true)
	c := meet(t, l)
	want(t, "a", a, false)
	want(t, "b", b, true)
	want(t, "c", c, true)
}

func TestWhoeverIsKnownStays(t *testing.T) {
	l := listen(t, 2, 2)
	a := meet(t, l)
	know(a)
	know(a) // once more changes nothing
	b, c, d := meet(t, l), meet(t, l), meet(t, l)
	want(t, "a", a, true)
	want(t, "b", b, false)
	want(t, "c", c, true)
	know(c)
	know(d)
	want(t, "a, the oldest of three known", a, false)
	want(t, "c", c, true)
	want(t, "d", d, true)
}

func TestAClosedConnectionGivesItsPlaceBack(t *testing.T) {
	l := listen(t, 2, 2)
	a, b := meet(t, l), meet(t, l)
	_ = b.server.Close()
	know(b) // too late
	c := meet(t, l)
	want(t, "a", a, true)
	want(t, "c", c, true)
}
