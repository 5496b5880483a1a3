//go:build peers

package pcscd

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"badged/reader"
)

// peer is Debian's pcscd with vsmartcard's virtual reader (vsmartcard-vpcd), which has
// two slots: a card that connects to a TCP port lies in the first one, one that connects
// to the next port in the second. The daemon's paths are fixed, so it gets a /run of its
// own, in a mount namespace that ends with it.
type peer struct {
	t      *testing.T
	dir    string // with its configuration
	port   int
	cmd    *exec.Cmd
	socket string // seen from here
}

const driver = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"

// patience is how long the daemon may take for anything. It looks for cards every 400 ms.
const patience = 2 * time.Minute

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{t: t, dir: t.TempDir(), port: freePort(t)}
	conf := fmt.Sprintf("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x%04X\nLIBPATH %s\nCHANNELID 0x%04X\n", p.port, driver, p.port)
	if err := os.WriteFile(filepath.Join(p.dir, "vpcd"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	p.start()
	return p
}

// freePort gives a port that is free, like the one behind it.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no two ports are free")
	return 0
}

// start runs the daemon in the foreground until it listens.
func (p *peer) start() {
	p.t.Helper()
	path, err := exec.LookPath("pcscd")
	if err != nil {
		path = "/usr/sbin/pcscd"
	}
	p.cmd = exec.Command("/bin/sh", "-c", `mount -t tmpfs none /run && mkdir /run/pcscd && exec "$0" --foreground --config "$1"`, path, p.dir)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		p.cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		p.cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	log, err := os.Create(filepath.Join(p.dir, "..", "pcscd.log"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.socket = fmt.Sprintf("/proc/%d/root/run/pcscd/pcscd.comm", p.cmd.Process.Pid)
	p.until("the daemon has its readers", func() bool { return len(p.states()) == 2 })
}

// states gives what the daemon says of its readers; nil: it does not listen yet.
func (p *peer) states() []state {
	conn, err := net.Dial("unix", p.socket)
	if err != nil {
		return nil
	}
	defer conn.Close()
	w := wire{conn}
	if _, err := w.startSession(); err != nil {
		p.t.Fatal(err)
	}
	states, err := w.readStates()
	if err := errors.Join(err, w.stopWaiting()); err != nil {
		p.t.Fatal(err)
	}
	return states
}

// stop ends the daemon that start started.
func (p *peer) stop() {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	p.cmd = nil
}

func (p *peer) until(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(p.dir, "..", "pcscd.log"))
			p.t.Fatalf("waited in vain: %s\n%s", what, log)
		}
	}
}

// badge is a virtual card in a slot.
type badge struct {
	conn net.Conn
	once sync.Once
	gone chan struct{}
}

const atr1K = "3B8F8001804F0CA000000306030001000000006A"

// put lays a card on the reader: it answers GET DATA with this, in hex.
func (p *peer) put(slot int, atr, answer string) *badge {
	p.t.Helper()
	b := &badge{gone: make(chan struct{})}
	p.until("the virtual reader listens", func() (ok bool) {
		var err error
		b.conn, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port+slot))
		return err == nil
	})
	go func() {
		defer close(b.gone)
		_ = b.playCard(unhex(p.t, atr), unhex(p.t, answer)) // ends when the card is taken away
	}()
	p.t.Cleanup(b.remove)
	return b
}

// remove takes the card away.
func (b *badge) remove() {
	b.once.Do(func() { _ = b.conn.Close() })
	<-b.gone
}

// playCard plays the card: vsmartcard's vpcd.h. Messages have their length in front; those
// of one byte are power off, power on, reset, and 4, which asks for the ATR.
func (b *badge) playCard(atr, uid []byte) error {
	for {
		var n uint16
		if err := binary.Read(b.conn, binary.BigEndian, &n); err != nil {
			return err
		}
		p := make([]byte, n)
		if _, err := io.ReadFull(b.conn, p); err != nil {
			return err
		}
		var out []byte
		switch {
		case n == 1 && p[0] == 4:
			out = atr
		case n == 1:
			continue
		case hex.EncodeToString(p) == "ffca000000":
			out = uid
		default:
			out = []byte{0x6A, 0x81}
		}
		if _, err := b.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)); err != nil {
			return err
		}
	}
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// follower is a client that runs.
type follower struct {
	t     *testing.T
	said  chan reader.Event
	ended chan error
}

func follow(t *testing.T, c *Client) *follower {
	t.Helper()
	f := &follower{t, make(chan reader.Event, 100), make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.ended <- c.Run(ctx, func(e reader.Event) { f.said <- e })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

func (f *follower) next(want string) {
	f.t.Helper()
	select {
	case e := <-f.said:
		got := string(e.Kind) + " " + string(e.Why) + e.Card.Hex()
		if strings.TrimSpace(got) != want {
			f.t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(patience):
		f.t.Fatalf("nothing, want %q", want)
	}
}

func (f *follower) ends(parts ...string) {
	f.t.Helper()
	select {
	case err := <-f.ended:
		var op *reader.OpError
		for _, part := range parts {
			if !errors.As(err, &op) || !strings.Contains(err.Error(), part) {
				f.t.Errorf("ended with %v, want %q", err, part)
			}
		}
	case <-time.After(patience):
		f.t.Fatal("Run does not end")
	}
}

// The whole story, with the real daemon.
func TestCardsAtTheRealDaemon(t *testing.T) {
	p := newPeer(t)
	c := New(Config{Name: "desk", Socket: p.socket, Reader: "virtual pcd 00 00"})
	f := follow(t, c)
	f.next("up")
	b := p.put(0, atr1K, "04A1B2C3D4E5F69000")
	f.next("card 04A1B2C3D4E5F6")
	other := p.put(1, atr1K, "AABBCCDD9000") // in a reader that is not ours
	b.remove()
	p.gone(0)
	b = p.put(0, atr1K, "010203049000")
	f.next("card 01020304") // and nothing before it: it was told once, and the other not at all
	b.remove()
	other.remove()
	p.gone(0)
	for _, tt := range []struct{ atr, answer, want string }{
		{"3B8F8001804F0CA0000003060B00140000000077", "E0040102030405069000", "card E004010203040506"},
		{"3B8180018080", "010203040506070809109000", "card 01020304050607080910"},
		{atr1K, "6A81", "fault refused"},
		{atr1K, "01020304059000", "fault length"},
		{"3B021450", "6E00", "fault refused"}, // a contact card
	} {
		b = p.put(0, tt.atr, tt.answer)
		f.next(tt.want)
		b.remove()
		p.gone(0)
	}
	p.stop()
	f.next("down lost")
	f.ends("talk to pcscd (", "did pcscd stop?")
	f = follow(t, c)
	f.next("down lost")
	f.ends("reach pcscd (", "systemctl enable --now pcscd.socket")
	p.start()
	c.cfg.Socket = p.socket // the process has another number
	p.put(0, atr1K, "0A0B0C0D9000")
	f = follow(t, c)
	f.next("up")
	f.next("card 0A0B0C0D")
}

// gone waits until the daemon knows that the slot is empty.
func (p *peer) gone(slot int) {
	p.t.Helper()
	p.until("the slot is empty", func() bool { return !p.states()[slot].present })
}

func TestReadersThatDoNotFitAtTheRealDaemon(t *testing.T) {
	p := newPeer(t)
	f := follow(t, New(Config{Name: "desk", Socket: p.socket, Reader: "Virtual"}))
	f.next("down ambiguous")
	f.ends("find pcscd (", "2 readers fit", `"Virtual PCD 00 00"`, `"Virtual PCD 00 01"`)
	c := New(Config{Name: "desk", Socket: p.socket, Reader: "ACR122"})
	f = follow(t, c)
	f.next("down lost")
	f.ends("no reader's name has that part", `"Virtual PCD 00 00"`)
	f = follow(t, c) // waits for one, and says nothing more
	select {
	case err := <-f.ended:
		t.Errorf("the second Run ended: %v", err)
	case e := <-f.said:
		t.Errorf("the second Run said %s", e.Kind)
	case <-time.After(time.Second):
	}
}

// A card that another program has for itself is refused, and one that it shares is not.
func TestCardThatAnotherProgramUses(t *testing.T) {
	p := newPeer(t)
	p.put(0, atr1K, "010203049000")
	conn, err := net.Dial("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := wire{conn}
	ctx, err := w.startSession()
	if err != nil {
		t.Fatal(err)
	}
	var k card
	p.until("the card is there", func() bool {
		k, err = w.connectCard(ctx, "Virtual PCD 00 00")
		return err == nil
	})
	f := follow(t, New(Config{Name: "desk", Socket: p.socket, Reader: "00 00"}))
	f.next("up")
	f.next("card 01020304")
	if answer, err := k.transmitAPDU([]byte{0xFF, 0xCA, 0, 0, 0}); err != nil || len(answer) != 6 {
		t.Errorf("the other program gets %d bytes, %v", len(answer), err)
	}
}
