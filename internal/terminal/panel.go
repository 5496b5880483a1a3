package terminal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"badged/enroll/kiosk"
	"badged/internal/health"
	"badged/internal/ownfile"
	"badged/internal/supervisor"
)

// panelSocket is FileDescriptorName in firmware/systemd/badged.socket.
const panelSocket = "panel"

// panelAgain is the time between two attempts to serve the panels.
const panelAgain = 2 * time.Second

// panel serves the panels of the print points. Its failures affect the panels only: doors and
// readers continue.
//
//	┌────────┐ open ┌─────────┐ the listener failed
//	│ closed ├─────►│ serving ├──────────┐
//	└──▲─┬───┘      └─────────┘          │
//	   └─┴── panelAgain ◄────────────────┘
//
// The listener is the one that systemd passed. It stays open while the agent restarts, so the
// browser's token stays valid. Without it the agent opens its own listener with a new token,
// because anybody on the machine may have held the port before and seen the former token.
type panel struct {
	listen  string        // as configured
	options kiosk.Options // without a token
	secret  string        // path of what tokens of a passed listener are made from
	passed  *os.File      // nil: systemd passed none; only Run has it
	health  *health.Register
	log     *slog.Logger

	now atomic.Pointer[serving] // nil: closed
}

// serving is the panels on one listener.
type serving struct {
	kiosk    *kiosk.Kiosk
	listener net.Listener
}

// kioskURL is the address, with the token, at which a browser opens the panel of a point. It is
// empty while the panel is not served: then another program may hold the port, and must not
// get a token.
func (p *panel) kioskURL(point string) string {
	if s := p.now.Load(); s != nil {
		return s.kiosk.URL(s.listener.Addr().String(), point)
	}
	return ""
}

// statusURL is where a browser opens the technician's page; empty: it is not served now.
func (p *panel) statusURL() string {
	if p == nil {
		return ""
	}
	if s := p.now.Load(); s != nil {
		return s.kiosk.StatusURL(s.listener.Addr().String())
	}
	return ""
}

// openListener opens the listener and shows in health whether that worked. It returns only an error
// that another attempt cannot mend: the secret's file is unsafe.
func (p *panel) openListener() error {
	s, it, err := p.tryOpen()
	if errors.Is(err, ownfile.ErrUnsafe) {
		return err
	}
	if err != nil {
		p.showHealth(failedPanel(p.listen, err))
		return nil
	}
	p.now.Store(s)
	p.showHealth(it)
	return nil
}

// tryOpen opens the listener and returns what health shows of it.
func (p *panel) tryOpen() (*serving, health.Item, error) {
	options, it := p.options, health.Item{Name: panelItem}
	ln, err := p.takePassed()
	if err == nil && ln != nil {
		options.Token, err = p.loadToken(ln)
		if err != nil {
			_ = ln.Close()
			return nil, it, err
		}
		return &serving{kiosk.New(options), ln}, it, nil
	}
	if err != nil {
		it = otherPanel(p.listen, err)
	}
	if ln, err = net.Listen("tcp", p.listen); err != nil {
		return nil, it, err
	}
	return &serving{kiosk.New(options), ln}, it, nil
}

// takePassed makes a listener of the passed socket; nil: none was passed.
func (p *panel) takePassed() (net.Listener, error) {
	if p.passed == nil {
		return nil, nil
	}
	ln, err := net.FileListener(p.passed)
	if err != nil {
		return nil, fmt.Errorf("use the socket that systemd passed: %w", err)
	}
	want, err := net.ResolveTCPAddr("tcp", p.listen) // a unix socket has no such address
	if err == nil && want.String() == ln.Addr().String() {
		return ln, nil
	}
	err = cmp.Or(err, fmt.Errorf("systemd holds %s for the panel, and kiosk.listen is %s", ln.Addr(), p.listen))
	return nil, errors.Join(err, ln.Close())
}

// loadToken returns the token of a passed listener, which is the same after a restart.
func (p *panel) loadToken(ln net.Listener) (string, error) {
	id, err := supervisor.SocketID(ln.(*net.TCPListener))
	if err != nil {
		return "", err
	}
	return kiosk.LoadToken(p.secret, id)
}

// Run serves until ctx ends.
func (p *panel) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if s := p.now.Load(); s != nil {
			err := s.kiosk.Serve(ctx, s.listener)
			p.now.Store(nil)
			if err != nil {
				p.showHealth(failedPanel(p.listen, err))
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(panelAgain):
			p.reopenListener()
		}
	}
}

// reopenListener opens the listener while the agent runs. No error of the panel ends the agent.
func (p *panel) reopenListener() {
	if err := p.openListener(); err != nil {
		p.showHealth(failedPanel(p.listen, err))
	}
}

// close closes the listener, served or not, and the socket that systemd passed.
func (p *panel) close() {
	if s := p.now.Load(); s != nil {
		_ = s.listener.Close() // closed already, if it was served
	}
	if p.passed != nil {
		_ = p.passed.Close()
	}
}

const panelItem = "panel"

// showHealth sets the health of the panel, and logs a problem once, however often it is tried.
func (p *panel) showHealth(it health.Item) {
	if p.health.Set(it) && it.State != health.OK {
		p.log.Warn("the panel is not as it should be", "err", it.Text)
	}
}

func failedPanel(listen string, err error) health.Item {
	it := health.Item{Name: panelItem, State: health.Fail, Text: "the panel is not served, all else works: " + err.Error(), Do: "see the log: journalctl -u badged; it is tried again by itself"}
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(listen)
		it.Text = "the panel is not served, all else works: another program has " + listen
		it.Do = fmt.Sprintf("as root, `ss -ltnp 'sport = :%s'` names it: end it, for its user may want to pass for the panel, or change kiosk.listen (and badged.socket); the panel comes back by itself", port)
	}
	return it
}

// otherPanel describes a panel that works without the socket that systemd should hold for it.
func otherPanel(listen string, err error) health.Item {
	return health.Item{
		Name: panelItem, State: health.Fail,
		Text: "the panel's port is free for anybody while the agent is started again: " + err.Error(),
		Do:   fmt.Sprintf("`systemctl edit badged.socket`: [Socket], ListenStream= and ListenStream=%s, each on a line; then `systemctl restart badged.socket badged`", listen),
	}
}

func secretPath(control string) string { return strings.TrimSuffix(control, ".sock") + ".kiosk" }
