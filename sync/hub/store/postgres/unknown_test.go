//go:build postgres

package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"badged/sync/hub/fleet"
)

// cut is what a wire does to the next COMMIT.
type cut int32

const (
	never  cut = iota
	before     // the server never gets it
	after      // the server does it, and its answer is lost
)

// cable stands between a store and the server and breaks at a COMMIT.
type cable struct {
	cut      atomic.Int32
	broken   atomic.Int32
	onBreak  func() // before a COMMIT goes up or is dropped
	onAnswer func() // when its answer was lost, before the connection breaks
	dir      string
}

func newCable(t *testing.T) *cable {
	t.Helper()
	dir, err := os.MkdirTemp("", "badged-cable-")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	c := &cable{dir: dir, onBreak: func() {}, onAnswer: func() {}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	return c
}

// url is that of a database at the end of the cable.
func (c *cable) url(real string) string {
	return strings.ReplaceAll(real, strings.ReplaceAll(filepath.Dir(server.Socket()), "/", "%2F"), strings.ReplaceAll(c.dir, "/", "%2F"))
}

// carry passes messages of one connection both ways. The first message of a client has no
// type, https://www.postgresql.org/docs/15/protocol-message-formats.html.
func (c *cable) carry(client net.Conn) {
	defer client.Close()
	up, err := net.Dial("unix", server.Socket())
	if err != nil {
		return
	}
	defer up.Close()
	lose := make(chan struct{}) // closed before a COMMIT whose answer is lost goes up
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := up.Read(buffer)
			select {
			case <-lose:
				c.onAnswer()
				return
			default:
			}
			if err != nil {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	for head := 4; ; head = 5 {
		message, err := readMessage(client, head)
		if err != nil {
			return
		}
		how := never
		if head == 5 && message[0] == 'Q' && strings.EqualFold(string(message[5:]), "commit\x00") {
			how = cut(c.cut.Swap(int32(never)))
		}
		if how != never {
			c.broken.Add(1)
			c.onBreak()
		}
		if how == before {
			return
		}
		if how == after {
			close(lose)
		}
		if _, err := up.Write(message); err != nil {
			return
		}
		if how == after {
			<-answered // the server has done it
			return
		}
	}
}

// readMessage reads a message whose head ends with its length.
func readMessage(r io.Reader, head int) ([]byte, error) {
	message := make([]byte, head)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, err
	}
	message = append(message, make([]byte, binary.BigEndian.Uint32(message[head-4:])-4)...)
	_, err := io.ReadFull(r, message[head:])
	return message, err
}

const commands, cuts = 50, 10

// TestLostAnswerHasOneEffect: the connection breaks around a COMMIT. Every command ends
// without an error and with one effect.
func TestLostAnswerHasOneEffect(t *testing.T) {
	for _, how := range []cut{before, after} {
		c := newCable(t)
		s := open(t, c.url(newDatabase(t)))
		for i := range commands {
			if i%(commands/cuts) == 0 {
				c.cut.Store(int32(how))
			}
			if err := s.Write(t.Context(), operator, countOne); err != nil {
				t.Fatal(err)
			}
		}
		if c.broken.Load() != cuts {
			t.Errorf("the cable broke %d times, want %d", c.broken.Load(), cuts)
		}
		wantUsed(t, s, commands)
	}
}

// TestLostAnswerCountsTwice is the control: whoever repeats a transaction because of an
// error of its COMMIT has some effects twice.
func TestLostAnswerCountsTwice(t *testing.T) {
	c := newCable(t)
	real := newDatabase(t)
	db, direct := plain(t, c.url(real)), plain(t, real)
	execute(t, direct, `CREATE TABLE effect (n BIGINT)`)
	once := func() error {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // without effect after the commit
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO effect VALUES (1)`); err != nil {
			return err
		}
		return tx.Commit()
	}
	for i := range commands {
		if i%(commands/cuts) == 0 {
			c.cut.Store(int32(after))
		}
		for once() != nil {
		}
	}
	if n := number(t, direct, `SELECT count(*) FROM effect`); n != commands+cuts {
		t.Errorf("%d effects of %d commands: this control no longer shows the race", n, commands)
	}
}

// TestCallerEndsDuringACommit: a caller that ends while its COMMIT is on the way learns what
// became of it.
func TestCallerEndsDuringACommit(t *testing.T) {
	for _, how := range []cut{before, after} {
		c := newCable(t)
		s := open(t, c.url(newDatabase(t)))
		ctx, cancel := context.WithCancel(t.Context())
		c.onBreak = cancel
		c.cut.Store(int32(how))
		if err := s.Write(ctx, operator, countOne); err != nil {
			t.Error(err)
		}
		wantUsed(t, s, 1)
	}
}

// TestLostConnectionInsideACommand: nothing was committed, so the command runs again.
func TestLostConnectionInsideACommand(t *testing.T) {
	url := newDatabase(t)
	s, db := open(t, url), plain(t, url)
	runs := 0
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		if runs++; runs == 1 {
			execute(t, db, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND state = 'idle in transaction'`)
		}
		return countOne(tx)
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	wantUsed(t, s, 1)
}

// TestRefusalIsNotRepeated: a command's own error ends it.
func TestRefusalIsNotRepeated(t *testing.T) {
	s := open(t, newDatabase(t))
	refused := errors.New("refused")
	runs := 0
	err := s.Write(t.Context(), operator, func(fleet.Tx) error { runs++; return refused })
	if !errors.Is(err, refused) || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

// TestRefusedCommitIsNotRepeated: the server says at the COMMIT that there is no effect.
func TestRefusedCommitIsNotRepeated(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url)
	execute(t, plain(t, url), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
		CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON block DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION refuse()`)
	runs := 0
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error { runs++; return countOne(tx) })
	if err == nil || errors.Is(err, fleet.ErrUnknown) || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
	wantUsed(t, s, 0)
}

// TestHubIsReplacedDuringACommit: where the hub can no longer see what became of a COMMIT, the
// error says so.
func TestHubIsReplacedDuringACommit(t *testing.T) {
	c := newCable(t)
	url := newDatabase(t)
	s, db := open(t, c.url(url)), plain(t, url)
	c.onAnswer = func() {
		if _, err := db.Exec(`UPDATE site SET epoch = epoch + 1`); err != nil {
			t.Error(err)
		}
	}
	c.cut.Store(int32(after))
	err := s.Write(t.Context(), operator, countOne)
	if !errors.Is(err, fleet.ErrUnknown) || !errors.Is(err, fleet.ErrReplaced) {
		t.Errorf("a COMMIT whose answer was lost, and then the site: %v", err)
	}
	wantUsed(t, s, 1)
}
