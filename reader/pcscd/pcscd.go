package pcscd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"badged/reader"
	"badged/reader/pcsc"
)

// DefaultSocket is where the daemon listens, on Debian and elsewhere.
const DefaultSocket = "/run/pcscd/pcscd.comm"

const (
	dialBound = 2 * time.Second
	heartbeat = 10 * time.Second       // after which the daemon must show that it lives
	attempts  = 3                      // to ask one card
	moment    = 100 * time.Millisecond // between them
)

// Config says which reader.
type Config struct {
	Name   string // of the reader, in logs and events
	Socket string // "": DefaultSocket
	Reader string // part of the name that the daemon gives it
}

var errSpec = errors.New(`write pcsc: and part of the reader's name, as in "pcsc:ACR122U"; pcsc_scan shows the names`)

// ParseSpec reads pcsc:PART OF THE READER'S NAME.
func ParseSpec(s string) (name string, err error) {
	name, ok := strings.CutPrefix(s, "pcsc:")
	name = strings.TrimSpace(name)
	if !ok || name == "" || len(name) >= nameLen {
		return "", fmt.Errorf("%.140q is no reader of the PC/SC daemon: %w", s, errSpec)
	}
	return name, nil
}

// Client is a reader.Source.
//
//	            connected, reader found          card came: asked once
//	(waiting) ------------------------> (empty) -----------------------> (told)
//	   |  ^                     KindUp     ^      card, or why not: fault  |
//	   |  |                                +------------- card left ------+
//	   |  |  daemon or reader gone: KindDown, Run ends
//	   +--+  reader absent or ambiguous: KindDown, Run ends; the same again: waits for the
//	         daemon's word
//
// It does not poll for cards: the daemon reports each change. Every ten seconds it checks that
// the daemon still answers.
type Client struct {
	cfg  Config
	root string // of sysfs
	told string // the trouble that the last Run ended with
	seen pcsc.Presence
}

// New makes a source. Nothing is opened before Run.
func New(cfg Config) *Client {
	cfg.Socket = cmp.Or(cfg.Socket, DefaultSocket)
	return &Client{cfg: cfg, root: "/"}
}

// Name implements reader.Source.
func (c *Client) Name() string { return c.cfg.Name }

// Run implements reader.Source. Its error is a *reader.OpError.
func (c *Client) Run(ctx context.Context, emit func(reader.Event)) error {
	err := c.followReader(ctx, emit)
	if ctx.Err() != nil {
		return nil
	}
	c.told = err.Error()
	c.seen.Left(time.Now())
	why := reader.Lost
	var ambiguous *ambiguousError
	if errors.As(err, &ambiguous) {
		why = reader.Ambiguous
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: why})
	return err
}

// followReader connects and follows the reader. Its error is never nil.
func (c *Client) followReader(ctx context.Context, emit func(reader.Event)) error {
	d := net.Dialer{Timeout: dialBound}
	conn, err := d.DialContext(ctx, "unix", c.cfg.Socket)
	if err != nil {
		return c.opError("reach", "is pcscd installed and running? (apt install pcscd; systemctl enable --now pcscd.socket)", innerError(err))
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if stop() {
			_ = conn.Close()
		}
	}()
	s := &session{c: c, w: wire{conn}, emit: emit}
	if s.context, err = s.w.startSession(); err != nil {
		return c.opError("talk to", "is it pcscd that listens there?", err)
	}
	for {
		if err := s.handleChanges(ctx); err != nil {
			return err
		}
	}
}

// innerError strips from an error what OpError repeats.
func innerError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// session is one connection to the daemon.
type session struct {
	c       *Client
	w       wire
	context uint32
	emit    func(reader.Event)

	up      bool
	handled bool   // the card that came with
	changes uint32 // this count
}

// handleChanges reads the states of the readers, and handles a change or waits for one.
func (s *session) handleChanges(ctx context.Context) error {
	states, err := s.w.readStates()
	if err != nil {
		return s.lostError(err)
	}
	st, err := s.c.chooseReader(states)
	if err != nil && (s.up || err.Error() != s.c.told) {
		return err
	}
	if err == nil && s.noteState(st) {
		if err := s.w.stopWaiting(); err != nil {
			return s.lostError(err)
		}
		return s.readCard(ctx, st)
	}
	return s.awaitChange()
}

// awaitChange waits for a change, at most heartbeat, and then checks that the daemon answers.
func (s *session) awaitChange() error {
	err := s.w.awaitNotice(heartbeat)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = s.w.stopWaiting()
	}
	if err != nil {
		return s.lostError(err)
	}
	return nil
}

// noteState records the state of the reader, and reports whether there is a new card to read.
func (s *session) noteState(st state) bool {
	now := time.Now()
	if !s.up {
		s.up, s.c.told = true, ""
		s.emit(reader.Event{Kind: reader.KindUp, At: now})
	}
	if !st.present || s.handled && st.changes != s.changes {
		s.c.seen.Left(now)
		s.handled = false
	}
	if !st.present || s.handled {
		return false
	}
	s.handled, s.changes = true, st.changes
	return true
}

// readCard reads the UID of a card. A card that has left is no fault. An error is about the
// connection.
func (s *session) readCard(ctx context.Context, st state) error {
	for try := 1; ; try++ {
		c, why, err := s.askCard(st)
		var rv rvError
		switch {
		case err == nil:
			s.emitResult(c, why)
			return nil
		case !errors.As(err, &rv), rv == rvNoService:
			return s.lostError(err)
		case rv == rvNoCard, rv == rvRemoved:
			s.handled = false
			return nil
		case try == attempts:
			s.emitResult(c, reader.Refused)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(moment):
		}
	}
}

// askCard connects to the card, asks for its UID and disconnects.
func (s *session) askCard(st state) (c reader.Card, why reader.Why, err error) {
	k, err := s.w.connectCard(s.context, st.name)
	if err != nil {
		return c, "", err
	}
	q := pcsc.NewInquiry(st.atr)
	for err == nil && !pcsc.Done(c, why) {
		var p []byte
		if p, err = k.transmitAPDU(q.Command()); err == nil {
			c, why = q.Answer(p)
		}
	}
	var rv rvError
	if err == nil || errors.As(err, &rv) { // else the connection is lost
		if failed := k.leaveReader(); failed != nil && !errors.As(failed, &rv) {
			return reader.Card{}, "", failed
		}
	}
	return c, why, err
}

func (s *session) emitResult(c reader.Card, why reader.Why) {
	now := time.Now()
	switch {
	case why != "":
		s.emit(reader.Event{Kind: reader.KindFault, At: now, Why: why})
	case s.c.seen.New(now, c):
		s.emit(reader.Event{Kind: reader.KindCard, At: now, Card: c})
	}
}

// lostError is the error of a connection that failed.
func (s *session) lostError(err error) error {
	return s.c.opError("talk to", "did pcscd stop? it is tried again by itself", innerError(err))
}

// ambiguousError has the names of which one must be chosen.
type ambiguousError struct{ names []string }

func (e *ambiguousError) Error() string {
	return fmt.Sprintf("%d readers fit: write more of the name of one of %q", len(e.names), e.names)
}

// chooseReader returns the one reader whose name contains the configured part.
func (c *Client) chooseReader(states []state) (state, error) {
	var fit []state
	var names []string
	for _, s := range states {
		if strings.Contains(strings.ToLower(s.name), strings.ToLower(c.cfg.Reader)) {
			fit = append(fit, s)
			names = append(names, s.name)
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return state{}, c.absentError(states)
	}
	return state{}, c.opError("find", "pcsc_scan shows which is which", &ambiguousError{names})
}

// absentError makes the error about a reader that the daemon does not have.
func (c *Client) absentError(states []state) error {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = s.name
	}
	hint := "plug it in, or choose another"
	if len(states) == 0 && c.isClaimed() {
		hint = "a program has claimed the reader for itself, and pcscd cannot have it: stop what uses protocol ccid, or use that instead of pcscd"
	}
	return c.opError("find", hint, fmt.Errorf("no reader's name has that part; there are %q", names))
}

// isClaimed reports whether a program has claimed a smart card interface, class 0B: its driver is
// usbfs then.
func (c *Client) isClaimed() bool {
	faces, _ := filepath.Glob(filepath.Join(c.root, "sys/bus/usb/devices/*/bInterfaceClass")) // the pattern is good
	for _, f := range faces {
		class, err := os.ReadFile(f)
		to, err2 := os.Readlink(filepath.Join(filepath.Dir(f), "driver"))
		if err == nil && err2 == nil && strings.TrimSpace(string(class)) == "0b" && filepath.Base(to) == "usbfs" {
			return true
		}
	}
	return false
}

func (c *Client) opError(op, hint string, err error) error {
	return &reader.OpError{Op: op, Device: fmt.Sprintf("pcscd (%s) for pcsc:%s", c.cfg.Socket, c.cfg.Reader), Hint: hint, Err: err}
}
