package pcscd

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/reader"
)

func TestSpec(t *testing.T) {
	for in, want := range map[string]string{
		"pcsc:ACR122U":                     "ACR122U",
		"pcsc: ACS ACR122U PICC 00 00 ":    "ACS ACR122U PICC 00 00",
		"pcsc:":                            "",
		"pcsc:  ":                          "",
		"ACR122U":                          "",
		"usb:08e6:4433":                    "",
		"pcsc:" + strings.Repeat("x", 128): "",
	} {
		got, err := ParseSpec(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: %q, %v", in, got, err)
		}
	}
}

// daemon is one that answers wrongly, by script. Each reply is for one command, in order.
type daemon struct{ replies []func(body []byte) []byte }

func numbers(list ...uint32) []byte {
	var p []byte
	for _, n := range list {
		p = binary.NativeEndian.AppendUint32(p, n)
	}
	return p
}

func always(list ...uint32) func([]byte) []byte {
	return func([]byte) []byte { return numbers(list...) }
}

// echo answers with the command's own body, and the last numbers changed.
func echo(last ...uint32) func([]byte) []byte {
	return func(body []byte) []byte {
		p := numbers(last...)
		return append(body[:len(body)-len(p):len(body)-len(p)], p...)
	}
}

// readers is the state of 16 readers, of which these are there.
func readers(list ...state) []byte {
	var out []byte
	for i := range maxReaders {
		p := make([]byte, stateLen)
		if i < len(list) {
			s := list[i]
			copy(p, s.name)
			binary.NativeEndian.PutUint32(p[nameLen:], s.changes)
			if s.present {
				p[nameLen+4] = statePresent
			}
			copy(p[nameLen+12:], s.atr)
			binary.NativeEndian.PutUint32(p[nameLen+48:], uint32(len(s.atr)))
		}
		out = append(out, p...)
	}
	return out
}

func states(list ...state) func([]byte) []byte {
	return func([]byte) []byte { return readers(list...) }
}

// serve answers until the script is over, then hangs up.
func (d *daemon) serve(conn net.Conn) {
	defer conn.Close()
	for _, reply := range d.replies {
		var head [8]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.NativeEndian.Uint32(head[:]))
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		if binary.NativeEndian.Uint32(head[4:]) == cmdTransmit {
			if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
				return
			}
		}
		if _, err := conn.Write(reply(body)); err != nil {
			return
		}
	}
}

// listen serves one connection.
func (d *daemon) listen(t *testing.T) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "comm")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			d.serve(conn)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return socket
}

var (
	hello    = []func([]byte) []byte{always(4, 4, 0), always(2, 77, 0)}
	aReader  = state{name: "Desk 00 00"}
	withCard = state{name: "Desk 00 00", changes: 1, present: true, atr: []byte{0x3B, 0x81, 0x80, 0x01, 0x80, 0x80}}
	word     = always(0, 0)
)

// changing gives states, and at once the word that something changed.
func changing(list ...state) func([]byte) []byte {
	return func([]byte) []byte { return append(readers(list...), numbers(0, 0)...) }
}

// transmitReply is that of SCARD_TRANSMIT with n bytes.
func transmitReply(n uint32, data ...byte) func([]byte) []byte {
	return func([]byte) []byte { return append(numbers(5, 1, 16, 5, 1, 16, n, 0), data...) }
}

func TestDaemonThatAnswersWrongly(t *testing.T) {
	connect := echo(5, 1, 0)
	for _, tt := range []struct {
		name    string
		replies []func([]byte) []byte
		said    string
		want    string
	}{
		{"a card, and then it stops", []func([]byte) []byte{states(withCard), word, connect, transmitReply(6, 1, 2, 3, 4, 0x90, 0), always(5, 0, 0), states(withCard)},
			"up, card, down lost", "did pcscd stop?"},
		{"the card left while it was asked", []func([]byte) []byte{states(withCard), word, echo(0, 0, uint32(rvNoCard)), changing(aReader)}, "up, down lost", "did pcscd stop?"},
		{"the card does not answer", []func([]byte) []byte{states(withCard), word, echo(0, 0, 0x80100066), echo(0, 0, 0x80100066), echo(0, 0, 0x80100066)},
			"up, fault refused, down lost", "did pcscd stop?"},
		{"somebody else has it, for a moment", []func([]byte) []byte{states(withCard), word, echo(0, 0, uint32(rvSharing)), connect, transmitReply(6, 1, 2, 3, 4, 0x90, 0), always(5, 0, 0)},
			"up, card, down lost", "did pcscd stop?"},
		{"an answer that is too long", []func([]byte) []byte{states(withCard), word, connect, transmitReply(1 << 30)}, "up, down lost", "does not answer as pcscd does"},
		{"an answer of nothing", []func([]byte) []byte{states(withCard), word, connect, transmitReply(0), always(5, 0, 0)}, "up, fault length, down lost", ""},
		{"an ATR that is too long", []func([]byte) []byte{func([]byte) []byte {
			p := readers(withCard)
			p[nameLen+48] = 200
			return p
		}}, "down lost", "does not answer as pcscd does"},
		{"a name without end", []func([]byte) []byte{states(state{name: strings.Repeat("x", nameLen)})}, "down lost", "does not answer as pcscd does"},
		{"two readers", []func([]byte) []byte{states(aReader, state{name: "Desk 01 00"})}, "down ambiguous", `one of ["Desk 00 00" "Desk 01 00"]`},
		{"none", []func([]byte) []byte{states()}, "down lost", "no reader's name has that part"},
		{"unplugged", []func([]byte) []byte{changing(aReader), states()},
			"up, down lost", "no reader's name has that part"},
		{"it stops at once", nil, "down lost", "did pcscd stop?"},
		{"the service stops", []func([]byte) []byte{states(withCard), word, echo(0, 0, uint32(rvNoService))}, "up, down lost", "did pcscd stop?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &daemon{append(hello[:2:2], tt.replies...)}
			said, err := run(t, New(Config{Name: "desk", Socket: d.listen(t), Reader: "desk"}))
			if said != tt.said || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("said %q, %v", said, err)
			}
		})
	}
}

// run runs a client until it ends by itself.
func run(t *testing.T, c *Client) (said string, err error) {
	t.Helper()
	var list []string
	err = c.Run(t.Context(), func(e reader.Event) { list = append(list, strings.TrimSpace(string(e.Kind)+" "+string(e.Why))) })
	var op *reader.OpError
	if !errors.As(err, &op) {
		t.Fatalf("ended with %v", err)
	}
	return strings.Join(list, ", "), err
}

func TestGreeting(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply []func([]byte) []byte
		want  string
	}{
		{"older", []func([]byte) []byte{always(4, 2, 0)}, "speaks version 4:2, and 4:4 is needed"},
		{"newer", []func([]byte) []byte{always(5, 0, 0)}, "speaks version 5:0"},
		{"refuses", []func([]byte) []byte{always(4, 4, uint32(rvNoService))}, "PC/SC error 8010001D (is it pcscd that listens there?)"},
		{"no context", []func([]byte) []byte{always(4, 4, 0), always(2, 0, 0x80100001)}, "PC/SC error 80100001"},
	} {
		d := &daemon{tt.reply}
		said, err := run(t, New(Config{Socket: d.listen(t), Reader: "desk"}))
		if said != "down lost" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: said %q, %v", tt.name, said, err)
		}
	}
}

func TestNoDaemon(t *testing.T) {
	_, err := run(t, New(Config{Socket: filepath.Join(t.TempDir(), "comm"), Reader: "desk"}))
	if !strings.Contains(err.Error(), "is pcscd installed and running?") {
		t.Error(err)
	}
}

// A daemon that does not answer is given up, and one that has nothing to say must show
// that it lives.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		began := time.Now()
		if _, err := (wire{ours}).exchangeNumbers(cmdVersion, 4, 4, 0); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != exchangeBound {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		began := time.Now()
		asked := make(chan time.Duration, 1)
		go (&daemon{[]func([]byte) []byte{func([]byte) []byte { asked <- time.Since(began); return numbers(0, 0) }}}).serve(theirs)
		s := &session{c: New(Config{}), w: wire{ours}}
		if err := s.awaitChange(); err != nil || <-asked != heartbeat {
			t.Errorf("%v", err)
		}
	})
}

// Run ends with its context, whatever it waits for.
func TestRunEndsWithItsContext(t *testing.T) {
	d := &daemon{append(hello[:2:2], states(aReader), func([]byte) []byte { return nil })}
	ctx, cancel := context.WithCancel(t.Context())
	err := New(Config{Socket: d.listen(t), Reader: "desk"}).Run(ctx, func(reader.Event) { cancel() })
	if err != nil {
		t.Error(err)
	}
}

// A reader that is claimed by libusb is not the daemon's.
func TestReaderThatSomebodyHas(t *testing.T) {
	c := New(Config{Reader: "desk"})
	c.root = t.TempDir()
	face := filepath.Join(c.root, "sys/bus/usb/devices/1-1:1.0")
	if err := errors.Join(os.MkdirAll(face, 0o755), os.WriteFile(filepath.Join(face, "bInterfaceClass"), []byte("0b\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := c.absentError(nil); !strings.Contains(err.Error(), "plug it in") {
		t.Error(err)
	}
	if err := os.Symlink("../../drivers/usbfs", filepath.Join(face, "driver")); err != nil {
		t.Fatal(err)
	}
	if err := c.absentError(nil); !strings.Contains(err.Error(), "stop what uses protocol ccid") {
		t.Error(err)
	}
}

// FuzzState: whatever the daemon says of a reader, what is taken is bounded by it.
func FuzzState(f *testing.F) {
	f.Add(readers(withCard)[:stateLen])
	f.Add(readers()[:stateLen])
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) != stateLen {
			return
		}
		s, err := parseState(p)
		if err == nil && (len(s.name) >= nameLen || len(s.atr) > 33) {
			t.Error("a state that is too long")
		}
	})
}
