package box

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"badged/firmware/board"
	"badged/firmware/bundle"
	"badged/firmware/card"
	"badged/firmware/flash"
	"badged/firmware/site"
	"badged/firmware/slot"
	"badged/firmware/update"
	"badged/internal/ctl"
)

// releaseFile is what the image says of itself.
const releaseFile = "/share/release.json"

// Release is what the image says of itself.
type Release struct {
	Version string `json:"version"`
	Board   string `json:"board"`
	Built   int64  `json:"built"` // seconds since 1970: no clock shows an earlier time
}

// Box is a terminal that started from a card.
type Box struct {
	log      *slog.Logger
	version  string
	built    time.Time
	settings site.Provision
	card     *update.Box
	net      *network
	agent    *agent
	ctl      *ctl.Client
	busy     sync.Mutex // held by what changes the card
	reboot   chan struct{}

	mu    sync.Mutex // guards what follows
	trial string
}

// Run is the first program of an image. It returns when the machine is to be started again.
func Run(ctx context.Context, log *slog.Logger, console *os.File) error {
	b, err := start(ctx, log, console)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	dog := openWatchdog(log)
	defer dog.close()
	all.Go(func() { b.net.keepUp(ctx) })
	all.Go(func() { keepTime(ctx, b.timeServers, log) })
	all.Go(func() { b.logEnd("box socket", b.serve(ctx)) })
	all.Go(func() {
		stop := dog.feedUntil(ctx)
		err := b.join(ctx)
		stop()
		if err == nil {
			err = b.agent.superviseAgent(ctx, dog.feed)
		}
		b.logEnd("agent", err)
	})
	go b.runConsole(console) // reads until the machine is switched off
	if b.card.Verdict == slot.OnTrial {
		if err := b.try(ctx); err != nil {
			log.Error("the release on trial has failed; the one of before starts again", "why", err)
			b.logEnd("note why", keepWhy(failedFile, bundle.Hash(b.card.State.Record.Update.ID).String(), err.Error()))
			return nil
		}
		if err := b.card.Commit(); err != nil {
			return err
		}
		b.forgetBefore()
		log.Info("the release on trial is healthy, and stays", "version", b.version)
		b.setTrial("")
	}
	select {
	case <-ctx.Done():
	case <-b.reboot:
	}
	return nil
}

func (b *Box) logEnd(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		b.log.Error(what+" ended", "err", err)
	}
}

// start makes a Linux of the kernel, and reads the card.
func start(ctx context.Context, log *slog.Logger, console *os.File) (*Box, error) {
	if err := mountKernel(); err != nil {
		return nil, err
	}
	b := &Box{log: log, reboot: make(chan struct{}, 1), ctl: ctl.NewClient(ctl.DefaultSocket)}
	r, err := b.readRelease()
	if err != nil {
		return nil, err
	}
	if err := b.findDevices(); err != nil {
		return nil, err
	}
	disk, err := awaitCard(ctx, r.Board)
	if err != nil {
		return nil, err
	}
	if err := b.readCard(disk, r.Board); err != nil {
		return nil, err
	}
	if err := writeHost(b.settings); err != nil {
		return nil, err
	}
	data, err := partition(disk, 2)
	if err == nil {
		err = mountData(data, "/data")
	}
	if err != nil {
		return nil, err
	}
	b.agent = &agent{env: environment(b.settings), log: log, out: console, state: "not started", refused: b.putBack, works: b.forgetBefore}
	b.net = &network{Network: b.settings.Network, host: b.settings.Name, log: log}
	if err := makeFolders(); err != nil {
		return nil, err
	}
	if b.card.Verdict == slot.OnTrial {
		err = newBefore().keepFiles()
	}
	return b, err
}

// forgetBefore drops the files of before an update once an agent works that needs them no more: that
// of a release which is not, or no longer, on trial. They must not come back weeks later.
func (b *Box) forgetBefore() {
	if b.card.Verdict == slot.OnTrial && b.card.State.Record.Phase == slot.Trying {
		return
	}
	if err := newBefore().dropCopy(); err != nil {
		b.log.Warn("the copy of the agent's files stays", "err", err)
	}
}

// putBack gives the agent of a release that was rolled back to its files of before the update.
func (b *Box) putBack() bool {
	if b.card.Verdict == slot.OnTrial {
		return false
	}
	put, err := newBefore().putBack()
	if err != nil {
		b.log.Error("the files of before the update", "err", err)
	}
	if put {
		b.log.Warn("the agent gets its files of before the update: it did not understand what that made of them", "aside", newBefore().aside)
	}
	return put
}

func (b *Box) readRelease() (r Release, err error) {
	text, err := os.ReadFile(releaseFile)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read what release this is: %w", err)
	}
	b.version, b.built = r.Version, time.Unix(r.Built, 0)
	if time.Now().Before(b.built) {
		tv := unix.NsecToTimeval(b.built.UnixNano())
		_ = unix.Settimeofday(&tv) // a clock that cannot be set shows a wrong time, and the agent trusts none
	}
	return r, nil
}

// findDevices loads the modules of what is there, and of what will come.
func (b *Box) findDevices() error {
	m, err := newModules(b.log)
	if err != nil {
		return err
	}
	events, err := listenDevices()
	if err != nil {
		return fmt.Errorf("listen for devices: %w", err)
	}
	for _, name := range always {
		m.load(name)
	}
	m.loadPresent()
	givePresentNodes()
	go m.followDevices(events) // until the machine is switched off
	if err := mount("efivarfs", efivars, "efivarfs", 0, ""); err != nil {
		b.log.Debug("no variables of the firmware", "err", err)
	}
	return nil
}

// readCard reads settings and record from the card.
func (b *Box) readCard(disk, boardName string) error {
	kind, err := board.Find(boardName)
	if err != nil {
		return err
	}
	c, err := flash.OpenRunning(disk)
	if err != nil {
		return err
	}
	at, err := card.Read(c, kind)
	if err != nil {
		return err
	}
	var copies [2][]byte
	for i, p := range at.Provision {
		copies[i] = make([]byte, min(p.Len, 1<<20))
		if _, err := c.ReadAt(copies[i], p.Off); err != nil {
			return fmt.Errorf("read the settings: %w", err)
		}
	}
	if b.settings, err = site.First(copies[0], copies[1]); err != nil {
		return err
	}
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	booted, err := bootedSlot(string(cmdline))
	if err != nil {
		return err
	}
	b.card = &update.Box{Card: c, Map: at, Loader: systemdBoot{}, Board: boardName, Reboot: b.restart}
	if err := b.card.Open(booted); err != nil {
		return err
	}
	b.log.Info("started", "terminal", b.settings.Name, "version", b.version, "slot", booted.String(), "start", string(b.card.Verdict))
	return nil
}

// restart has Run return.
func (b *Box) restart() error {
	select {
	case b.reboot <- struct{}{}:
	default: // it will already
	}
	return nil
}

// makeFolders makes what the programs of the image want, on the terminal's own file system and in
// memory.
func makeFolders() error {
	for _, dir := range []struct {
		path     string
		mode     os.FileMode
		uid, gid int
	}{
		{"/data/badged", 0o700, agentUser, badgedGID}, {"/data/box", 0o700, 0, 0},
		{"/run/badged", 0o750, agentUser, badgedGID}, {"/run/box", 0o755, 0, 0}, {stateDir, 0o700, agentUser, badgedGID},
	} {
		if err := errors.Join(os.MkdirAll(dir.path, 0o755), os.Chown(dir.path, dir.uid, dir.gid), os.Chmod(dir.path, dir.mode)); err != nil {
			return err
		}
	}
	return mount("/data/badged", stateDir, "", unix.MS_BIND, "")
}

func (b *Box) setTrial(waits string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trial = waits
}

// now is the time, or none while the clock shows one that nobody has set.
func (b *Box) now() time.Time {
	if now := time.Now(); now.Sub(b.built) > time.Hour {
		return now
	}
	return time.Time{}
}

func (b *Box) timeServers() []string {
	return slices.Concat(b.settings.NTP, b.net.timeServers())
}

// Restart writes what is under way to the card, and starts the machine again.
func Restart() {
	unix.Sync()
	_ = unix.Unmount(stateDir, 0) // what cannot be unmounted was written
	_ = unix.Unmount("/data", 0)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
}
