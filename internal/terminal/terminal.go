// Package terminal runs a terminal: it opens what a plan names, runs the parts at the same
// time, and closes them in order.
//
//	plan ──► open: identity, store, clock, keys, agent, panel, socket
//	     ──► run:  agent │ uplink │ control socket │ panel │ print jobs │ pins │ keys │ watchdog
//	     ──► close, what was opened last first
package terminal

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"badged/enroll"
	"badged/enroll/kiosk"
	"badged/enroll/store"
	"badged/internal/agent"
	"badged/internal/boxctl"
	"badged/internal/clock"
	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/keyfile"
	"badged/internal/printjobs"
	"badged/internal/supervisor"
	"badged/internal/terminal/plan"
	"badged/internal/terminal/rs485"
	"badged/internal/terminal/statuspage"
	"badged/internal/updater"
	"badged/sync/identity"
	"badged/sync/mqttlink"
	"badged/sync/uplink"
	"badged/sync/wire"
)

// terminal is the parts of a running agent. close closes them in the reverse order of open.
type terminal struct {
	plan     *plan.Plan
	build    string // the program's version
	log      *slog.Logger
	id       *identity.Identity
	store    *store.Store
	clock    *clock.Clock
	health   *health.Register
	agent    *agent.Agent
	panel    *panel             // nil: no print point
	printing *printjobs.Service // nil: no point has a printer
	socket   net.Listener
	status   *status
	osdp     rs485.Lines

	changed  chan struct{} // the hub has changed something
	watchdog time.Duration // 0: nobody watches
}

// Run runs a terminal until ctx ends or a part fails. version is that of the program.
func Run(ctx context.Context, p *plan.Plan, version string, log *slog.Logger) (err error) {
	t := newTerminal(p, version, log)
	t.watchdog = supervisor.WatchdogInterval(log)
	defer func() { err = errors.Join(err, t.closeParts()) }()
	if err := t.openParts(ctx); err != nil {
		return err
	}
	return t.runParts(ctx)
}

func newTerminal(p *plan.Plan, version string, log *slog.Logger) *terminal {
	register := &health.Register{}
	return &terminal{
		plan: p, build: version, log: log, health: register, changed: make(chan struct{}, 1),
		osdp: rs485.Lines{All: p.Lines, Keys: keyfile.New(filepath.Join(p.Config.StateDir, "osdp")), Health: register, Log: log},
	}
}

func (t *terminal) dbPath() string { return filepath.Join(t.plan.Config.StateDir, "badged.db") }

// openParts opens everything that must be there before anybody is served.
func (t *terminal) openParts(ctx context.Context) (err error) {
	if t.id, err = identity.Load(t.plan.Config.StateDir); err != nil {
		return err
	}
	t.store, err = store.Open(ctx, store.Options{Path: t.dbPath(), Terminal: t.id.Terminal, Log: t.log, Progress: t.newStartProgress()})
	if err != nil {
		return err
	}
	t.clock = clock.New(clock.Options{Kept: t.store.KeptTime(), Built: built(), Synced: clock.KernelSynced})
	t.showStore()
	t.showDatabase()
	t.showUnderstood()
	t.showClock()
	t.osdp.LoadKeys()
	engine := enroll.NewEngine(t.store, t.id.SiteKey, t.clock, t.id.Terminal)
	t.agent = agent.New(agent.Options{
		Engine: engine, Index: t.store.Index(), Site: t.id.Site,
		Points: t.plan.Points, Doors: t.plan.Doors, Readers: t.plan.Sources(t.log),
		Health: t.health, Log: t.log, Account: t.readAccount, Changed: t.changed,
		Decided: func(d agent.Decided) { logDecision(t.log, d) }, Heartbeat: t.heartbeat(),
		StoreFailed: t.store.Failed, Quarantined: t.store.Recovered() != "",
	})
	if err := t.openPrinting(); err != nil {
		return err
	}
	t.status = &status{terminal: t, started: time.Now()}
	if err := t.openPanel(); err != nil {
		return err
	}
	t.socket, err = ctl.Listen(t.plan.Config.Control)
	return err
}

// newStartProgress returns the function that opening the store calls with its progress: it asks
// systemd for more time and keeps the garbage small.
func (t *terminal) newStartProgress() func(rows int) {
	tell := supervisor.ExtendStart(func(state string) { supervisor.Notify(t.log, state) })
	tell(0)
	c := collector{garbage: startGarbage}
	return func(rows int) {
		c.adaptPercent()
		tell(rows)
	}
}

// heartbeat is how often an idle agent checks itself: often enough for its status and for
// the watchdog.
func (t *terminal) heartbeat() time.Duration {
	const often = 5 * time.Second
	if t.watchdog == 0 {
		return often
	}
	return min(often, t.watchdog/4)
}

// openPanel opens the panels of the print points, if there are any.
func (t *terminal) openPanel() error {
	var points []string
	for _, p := range t.plan.Points {
		if p.Kind == enroll.Print {
			points = append(points, p.Name)
		}
	}
	passed := supervisor.PassedSocket(panelSocket)
	if len(points) == 0 {
		if passed != nil {
			_ = passed.Close()
		}
		return nil
	}
	cfg := t.plan.Config
	t.panel = &panel{
		listen: cfg.Kiosk.Listen, secret: secretPath(cfg.Control), passed: passed, health: t.health, log: t.log,
		options: kiosk.Options{
			Panel: t.agent, Points: points, Log: t.log, FrameAncestors: strings.Join(cfg.Kiosk.FrameAncestors, " "),
			Status: statuspage.New(t.status, t.log),
		},
	}
	if t.printing != nil {
		t.panel.options.Printing = t.printing
	}
	if err := ctl.MakeFolder(cfg.Control); err != nil {
		return err
	}
	return t.panel.openListener()
}

// closeParts closes what open opened. The store comes last, because it writes queued events.
func (t *terminal) closeParts() error {
	if t.panel != nil {
		t.panel.close()
	}
	if t.socket != nil {
		_ = t.socket.Close() // closed already, if it was served
	}
	if t.store == nil {
		return nil
	}
	return t.store.Close()
}

// runParts runs the parts until ctx ends or one fails. The readers end first, and the agent decides
// what they have read; then panels, socket and uplink end.
func (t *terminal) runParts(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	rest, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stopping := context.AfterFunc(ctx, func() { supervisor.Notify(t.log, supervisor.Stopping) })
	defer stopping()

	var parts sync.WaitGroup
	part := func(run func(context.Context) error) {
		parts.Go(func() {
			if err := run(rest); err != nil {
				fail(err)
			}
		})
	}
	updates := updater.New(updater.Options{
		Dir: filepath.Join(t.plan.Config.StateDir, "updates"), Free: updater.FreeBytes, Box: boxctl.NewClient(boxctl.Socket), Log: t.log,
		Busy: func() string { return t.agent.WhyBusy(time.Now()) },
	})
	part(updates.Run)
	part(t.newUplink(updates).Run)
	part(func(ctx context.Context) error { return ctl.Serve(ctx, t.socket, t.status, t.log) })
	part(func(ctx context.Context) error { t.runBoards(ctx); return nil })
	part(t.osdp.ConfirmKeys)
	part(t.checkDatabase)
	part(func(ctx context.Context) error { boundGarbage(ctx, time.Second, time.Minute); return nil })
	part(t.purgeLapsed)
	part(t.keepTime)
	part(func(ctx context.Context) error { t.osdp.WatchNoise(ctx, time.Minute); return nil })
	if t.panel != nil {
		part(func(ctx context.Context) error { t.panel.Run(ctx); return nil })
	}
	if t.printing != nil {
		part(func(ctx context.Context) error { t.printing.Run(ctx); return nil })
	}
	if t.watchdog > 0 {
		part(func(ctx context.Context) error {
			supervisor.FeedWatchdog(ctx, t.watchdog/4, t.agent.Progress, func() { supervisor.Notify(t.log, supervisor.Watchdog) })
			return nil
		})
	}
	supervisor.Notify(t.log, supervisor.Ready+"\nSTATUS=")
	t.log.Info("badged runs", "version", t.build, "terminal", t.id.Terminal, "site", t.id.Site)
	t.agent.Run(ctx)
	end()
	parts.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	t.log.Info("badged ends")
	return nil
}

// doorNames are the doors that the terminal serves, each once.
func (t *terminal) doorNames() []string {
	var names []string
	for _, p := range t.plan.Points {
		if p.Door != "" && !slices.Contains(names, p.Door) {
			names = append(names, p.Door)
		}
	}
	return names
}

func (t *terminal) newUplink(updates uplink.Updates) *uplink.Uplink {
	link := mqttlink.Config{
		Address: t.id.MQTT, Site: t.id.Site, Terminal: t.id.Terminal, TLS: t.id.TLSConfig(), Log: t.log,
	}
	return uplink.New(uplink.Options{
		Store: &hubStore{t.store, t.changed, t.showUnderstood}, Site: t.id.Site, Terminal: t.id.Terminal, Agent: t.build,
		NoLease: !slices.ContainsFunc(t.plan.Points, func(p enroll.Point) bool { return p.Kind == enroll.Print }),
		Doors:   t.doorNames(),
		Dial:    link.Dial, Key: t.id.Key, HubKey: t.id.HubKey,
		Clock: hubClock{t}, Updates: updates, Log: t.log, OnState: t.showUplink,
	})
}

func (t *terminal) readAccount(ctx context.Context, id enroll.AccountID) (a enroll.Account, err error) {
	err = t.store.View(ctx, func(tx enroll.Tx) error {
		a, err = tx.Account(id)
		return err
	})
	return a, err
}

// hubStore is the store as the uplink uses it. It tells the agent when the hub has changed
// something.
type hubStore struct {
	uplinkStore
	changed chan<- struct{}
	show    func() // what a person must know of the rows
}

type uplinkStore = *store.Store

// Apply implements uplink.Store.
func (s *hubStore) Apply(ctx context.Context, pages []wire.Page) error {
	if err := s.uplinkStore.Apply(ctx, pages); err != nil {
		return err
	}
	s.show()
	select {
	case s.changed <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}
