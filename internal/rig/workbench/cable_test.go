package workbench

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// echoServer answers what it is told, until the test ends.
func echoServer(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	return ln.Addr().String()
}

// dial connects through the cable.
func dial(t *testing.T, c *cable) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", c.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// says sends a word and waits for its echo.
func says(conn net.Conn, patience time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "word"); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 4))
	return err
}

func TestCable(t *testing.T) {
	c, err := layCable()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := says(dial(t, c), time.Minute); err == nil {
		t.Error("a cable that leads nowhere answers")
	}
	c.lead(echoServer(t))
	first := dial(t, c)
	if err := says(first, time.Minute); err != nil {
		t.Fatal(err)
	}

	c.set(Pulled)
	if err := says(first, time.Minute); err == nil || isTimeout(err) {
		t.Errorf("over a pulled cable: %v, want the end of the connection", err)
	}
	if err := says(dial(t, c), time.Minute); err == nil || isTimeout(err) {
		t.Errorf("a new connection over a pulled cable: %v, want its end", err)
	}

	c.set(Plugged)
	second := dial(t, c)
	if err := says(second, time.Minute); err != nil {
		t.Fatal(err)
	}
	c.set(Silent)
	if err := says(second, 50*time.Millisecond); !isTimeout(err) {
		t.Errorf("over a silent cable: %v, want nothing at all", err)
	}
	c.set(Plugged)
	if err := says(second, time.Minute); err == nil {
		t.Error("what a silent cable held back came after all")
	}
	if err := says(dial(t, c), time.Minute); err != nil {
		t.Error(err)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
