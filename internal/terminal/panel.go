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

// panelAgain is how long the agent waits until it tries again to serve the panels.
const panelAgain = 2 * time.Second

// panel serves the panels of the print points. Whatever goes wrong with it costs the panels
// only: doors and readers go on.
//
//	┌────────┐ open ┌─────────┐ the listener failed
//	│ closed ├─────►│ serving ├──────────┐
//	└──▲─┬───┘      └─────────┘          │
//	   └─┴── panelAgain ◄────────────────┘
//
// The listener is the one that systemd passed, which stays while the agent is started again
// and so does the browser's token; or else one of the agent's own with a token of its own:
// anybody on the machine may have had the port before, and been shown the token of then.
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

// url is where a browser opens the panel of a point; empty: it is not served now, and
// whoever has the port meanwhile must not be shown a token.
func (p *panel) url(point string) string {
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

// open opens the listener and shows whether that went well. The error is one that starting
// again does not mend: the secret is not to be trusted.
func (p *panel) open() error {
	s, it, err := p.tryOpen()
	if errors.Is(err, ownfile.ErrUnsafe) {
		return err
	}
	if err != nil {
		p.show(failedPanel(p.listen, err))
		return nil
	}
	p.now.Store(s)
	p.show(it)
	return nil
}

// tryOpen opens the listener, and gives what is to be shown of it.
func (p *panel) tryOpen() (*serving, health.Item, error) {
	options, it := p.options, health.Item{Name: panelItem}
	ln, err := p.takePassed()
	if err == nil && ln != nil {
		options.Token, err = p.token(ln)
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

// token is that of a passed listener.
func (p *panel) token(ln net.Listener) (string, error) {
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
				p.show(failedPanel(p.listen, err))
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(panelAgain):
			p.reopen()
		}
	}
}

// reopen is open while the agent runs, which nothing about the panel ends.
func (p *panel) reopen() {
	if err := p.open(); err != nil {
		p.show(failedPanel(p.listen, err))
	}
}

// close gives back what was opened and perhaps never served.
func (p *panel) close() {
	if s := p.now.Load(); s != nil {
		_ = s.listener.Close() // closed already, if it was served
	}
	if p.passed != nil {
		_ = p.passed.Close()
	}
}

const panelItem = "panel"

// show logs a change once, however often it is tried.
func (p *panel) show(it health.Item) {
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

// otherPanel says that the panel works without what systemd should do for it.
func otherPanel(listen string, err error) health.Item {
	return health.Item{
		Name: panelItem, State: health.Fail,
		Text: "the panel's port is free for anybody while the agent is started again: " + err.Error(),
		Do:   fmt.Sprintf("`systemctl edit badged.socket`: [Socket], ListenStream= and ListenStream=%s, each on a line; then `systemctl restart badged.socket badged`", listen),
	}
}

func secretPath(control string) string { return strings.TrimSuffix(control, ".sock") + ".kiosk" }
