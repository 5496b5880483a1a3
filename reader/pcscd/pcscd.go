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
// Nothing is polled: the daemon tells each change, and is asked whether it lives every
// ten seconds.
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
	err := c.run(ctx, emit)
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

// run connects and follows the reader. Its error is never nil.
func (c *Client) run(ctx context.Context, emit func(reader.Event)) error {
	d := net.Dialer{Timeout: dialBound}
	conn, err := d.DialContext(ctx, "unix", c.cfg.Socket)
	if err != nil {
		return c.opError("reach", "is pcscd installed and running? (apt install pcscd; systemctl enable --now pcscd.socket)", cause(err))
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if stop() {
			_ = conn.Close()
		}
	}()
	s := &session{c: c, w: wire{conn}, emit: emit}
	if s.context, err = s.w.greet(); err != nil {
		return c.opError("talk to", "is it pcscd that listens there?", err)
	}
	for {
		if err := s.handleChanges(ctx); err != nil {
			return err
		}
	}
}

// cause leaves out what OpError says.
func cause(err error) error {
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

// handleChanges looks at the readers, and deals with what changed, or waits for that.
func (s *session) handleChanges(ctx context.Context) error {
	states, err := s.w.wait()
	if err != nil {
		return s.lost(err)
	}
	st, err := s.c.choose(states)
	if err != nil && (s.up || err.Error() != s.c.told) {
		return err
	}
	if err == nil && s.news(st) {
		if err := s.w.stop(); err != nil {
			return s.lost(err)
		}
		return s.ask(ctx, st)
	}
	return s.pause()
}

// pause waits for a change, or until the daemon must show that it lives.
func (s *session) pause() error {
	err := s.w.changed(heartbeat)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = s.w.stop()
	}
	if err != nil {
		return s.lost(err)
	}
	return nil
}

// news takes the state of the reader, and reports whether there is a card to ask.
func (s *session) news(st state) bool {
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

// ask asks a card for its UID. That it left meanwhile is no fault. Its error is that of
// the connection.
func (s *session) ask(ctx context.Context, st state) error {
	for try := 1; ; try++ {
		c, why, err := s.inquire(st)
		var rv rvError
		switch {
		case err == nil:
			s.emitResult(c, why)
			return nil
		case !errors.As(err, &rv), rv == rvNoService:
			return s.lost(err)
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

// inquire connects to the card, asks it and leaves it.
func (s *session) inquire(st state) (c reader.Card, why reader.Why, err error) {
	k, err := s.w.connect(s.context, st.name)
	if err != nil {
		return c, "", err
	}
	q := pcsc.NewInquiry(st.atr)
	for err == nil && !pcsc.Done(c, why) {
		var p []byte
		if p, err = k.transmit(q.Command()); err == nil {
			c, why = q.Answer(p)
		}
	}
	var rv rvError
	if err == nil || errors.As(err, &rv) { // else the connection is lost
		if failed := k.disconnect(); failed != nil && !errors.As(failed, &rv) {
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

// lost is the error of a connection that failed.
func (s *session) lost(err error) error {
	return s.c.opError("talk to", "did pcscd stop? it is tried again by itself", cause(err))
}

// ambiguousError has the names of which one must be chosen.
type ambiguousError struct{ names []string }

func (e *ambiguousError) Error() string {
	return fmt.Sprintf("%d readers fit: write more of the name of one of %q", len(e.names), e.names)
}

// choose gives the one reader whose name has the part.
func (c *Client) choose(states []state) (state, error) {
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
		return state{}, c.absent(states)
	}
	return state{}, c.opError("find", "pcsc_scan shows which is which", &ambiguousError{names})
}

// absent says why there is no such reader.
func (c *Client) absent(states []state) error {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = s.name
	}
	hint := "plug it in, or choose another"
	if len(states) == 0 && c.taken() {
		hint = "a program has claimed the reader for itself, and pcscd cannot have it: stop what uses protocol ccid, or use that instead of pcscd"
	}
	return c.opError("find", hint, fmt.Errorf("no reader's name has that part; there are %q", names))
}

// taken reports whether a smart card interface, class 0B, is claimed by a program: its
// driver is usbfs then.
func (c *Client) taken() bool {
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
