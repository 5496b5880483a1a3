package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/firmware/bundle"
	"badged/firmware/flash"
	"badged/firmware/site"
	"badged/internal/cli"
	"badged/internal/config"
	"badged/internal/foreign"
	"badged/internal/terminal/plan"
	"badged/reader/gpioport"
	"badged/sync/identity"
)

// writing is a run of flash write.
type writing struct {
	source
	files         siteFiles
	terminal, log string
	size, slowest int64
	yes           bool

	app     *app
	in      *bufio.Reader
	journal *journal
	jobs    []job
}

// job is one card to write.
type job struct {
	row       site.Row
	provision site.Provision
	content   flash.Content
}

func (a *app) flashWrite() *cobra.Command {
	w := &writing{app: a}
	cmd := &cobra.Command{
		Use:   "write",
		Short: "Write the cards of a roster, one after the other, and read each back",
		Long: "write makes a card for each terminal of the roster that has none yet, or for --terminal alone. It\n" +
			"shows which card it is about to write and waits for Enter. Everything is checked before the first card:\n" +
			"the signatures, site, roster, and each terminal's configuration, as the agent will. A card passes when\n" +
			"every byte was read back; what is wrong with one that does not is said.",
		Example: "  sudo badgectl flash write --bundle badged-1.4.0.bundle --trust badged.trust --site site.toml --roster terminals.csv\n" +
			"  badgectl flash write --bundle b --trust t --site site.toml --roster terminals.csv --terminal front --image front.img",
		Args: cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return w.run(cmd.Context()) },
	}
	w.flags(cmd)
	w.files.flags(cmd)
	cmd.Flags().StringVar(&w.terminal, "terminal", "", "name of one terminal of the roster")
	cmd.Flags().StringVar(&w.log, "log", "flash.log", "file in which each card is noted; cards that passed are not written again")
	cmd.Flags().Int64Var(&w.size, "size", 1<<30, "bytes of the file of --image")
	cmd.Flags().Int64Var(&w.slowest, "slowest", 1e6, "bytes a second that a card must take; 0: any")
	cmd.Flags().BoolVar(&w.yes, "yes", false, "do not wait for Enter; needs --terminal")
	return cmd
}

func (w *writing) run(ctx context.Context) error {
	if w.terminal == "" && (w.yes || w.image != "" || w.disk != "") {
		return cli.Usagef("--yes, --image and --disk are for one card: name its terminal with --terminal")
	}
	done, err := w.open()
	if err != nil {
		return err
	}
	defer done()
	if w.journal, err = openJournal(w.log); err != nil {
		return err
	}
	defer w.journal.close()
	if err := w.prepare(); err != nil {
		return err
	}
	w.in = bufio.NewReader(w.app.io.In)
	for _, j := range w.jobs {
		if err := w.one(ctx, j); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w.app.io.Out, "%d of %d cards passed\n", len(w.jobs), len(w.jobs))
	return written(err)
}

// prepare reads and checks all there is, before any card is touched.
func (w *writing) prepare() error {
	list, err := w.pending()
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range list {
		j := job{row: t.row, provision: t.provision}
		if j.content, err = w.content(t.provision, time.Now()); err == nil {
			_, err = flash.Layout(j.content, flash.Least(j.content.Board)) // says what the release lacks
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.row.At, err))
		}
		w.jobs = append(w.jobs, j)
	}
	return errors.Join(errs...)
}

// pending are the terminals that a run of flash write is for.
func (w *writing) pending() ([]terminal, error) {
	if w.terminal != "" {
		t, err := w.files.find(w.terminal)
		return []terminal{t}, err
	}
	done := func(name string) bool { return w.journal.passed(name, w.bundle.ID.String()) }
	list, names, err := w.files.load(func(name string) bool { return !done(name) })
	if err == nil && len(list) == 0 && slices.ContainsFunc(names, done) {
		err = fmt.Errorf("all cards of %s have passed with this release (%s says so; --terminal writes one again)", w.files.roster, w.log)
	}
	return list, err
}

// checkProvision reads a terminal's settings as its agent will.
func checkProvision(p site.Provision, file string) error {
	cfg, err := config.Parse(file, []byte(p.Config))
	if err == nil {
		_, err = plan.New(cfg, gpioport.Guard{})
	}
	if err != nil {
		return fmt.Errorf("the configuration of %s:\n%w", p.Name, err)
	}
	if p.Token.IsZero() {
		return nil
	}
	t, err := identity.ParseToken(p.Token.Reveal())
	if err != nil {
		return fmt.Errorf("the token of %s: %w", p.Name, err)
	}
	if t.Terminal != p.Name {
		return fmt.Errorf("the token of %s is that of the terminal %s (the rows of the roster are out of step)", p.Name, t.Terminal)
	}
	return nil
}

// one writes the card of one terminal, with another card if one does not pass.
func (w *writing) one(ctx context.Context, j job) error {
	for {
		d, err := w.try(ctx, j)
		if w.terminal != "" || err != nil && (ctx.Err() != nil || !isCardsFault(err)) {
			return err
		}
		if err != nil {
			fmt.Fprintf(w.app.io.Err, "%s: %s\n", j.row.Name, foreign.Text(err.Error()))
		}
		if last := j.row.Name == w.jobs[len(w.jobs)-1].row.Name; err == nil && last {
			return nil
		}
		if gone := w.awaitRemoval(ctx, j, d); gone != nil || err == nil {
			return gone
		}
	}
}

// isCardsFault reports whether another card would help.
func isCardsFault(err error) bool {
	faults := []error{flash.ErrLies, flash.ErrFake, flash.ErrFails, flash.ErrSlow, flash.ErrExchanged, flash.ErrReadOnly, flash.ErrSize, flash.ErrInUse}
	return slices.ContainsFunc(faults, func(f error) bool { return errors.Is(err, f) })
}

func (w *writing) try(ctx context.Context, j job) (flash.Disk, error) {
	c, d, err := w.card(ctx, j)
	if err != nil {
		return d, err
	}
	defer c.Close()
	img, err := flash.Layout(j.content, c.Size())
	if err != nil {
		return d, err
	}
	bar := w.app.progress("")
	r, err := flash.Write(ctx, c, img, flash.Options{Slowest: w.slowest, Now: time.Now, Progress: func(step string, done, total int64) {
		bar.verb = j.row.Name + ": " + step
		bar.show(done, total)
	}})
	bar.end()
	if noted := w.journal.append(entry(j, d, r, err, technician(w.app.env))); err == nil {
		err = noted
	}
	if err != nil {
		return d, fmt.Errorf("write the card of %s: %w", j.row.Name, err)
	}
	_, err = fmt.Fprintf(w.app.io.Out, "PASS %s: %s written and read back, %.1f MB/s, sha256 %x\n", j.row.Name, megabytes(r.Mapped), float64(r.Rate)/1e6, r.Hash[:8])
	return d, written(err)
}

// openedCard is a card that is ours until it is closed.
type openedCard interface {
	flash.Card
	io.Closer
}

// card finds the card for a terminal, and asks whether it is the one.
func (w *writing) card(ctx context.Context, j job) (openedCard, flash.Disk, error) {
	if w.image != "" {
		f, err := flash.MakeFile(w.image, w.size)
		return f, flash.Disk{ID: w.image, Size: w.size, Model: "file"}, err
	}
	d, err := w.await(ctx, j)
	if err != nil {
		return nil, d, err
	}
	if !w.yes {
		if err := w.confirm(j, d); err != nil {
			return nil, d, err
		}
	}
	c, err := flash.OpenCard(d, w.app.disks)
	return c, d, err
}

// poll is how often this machine is asked for a card.
const poll = 500 * time.Millisecond

// await waits for a card, when the roster goes from one to the next.
func (w *writing) await(ctx context.Context, j job) (flash.Disk, error) {
	for said := false; ; {
		disks, err := w.app.disks()
		if err != nil {
			return flash.Disk{}, err
		}
		d, err := flash.Choose(disks, w.disk, flash.Least(j.content.Board))
		if !errors.Is(err, flash.ErrNoCard) || w.terminal != "" {
			return d, err
		}
		if !said {
			said = true
			fmt.Fprintf(w.app.io.Err, "%s: put a card in\n", j.row.Name)
		}
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-time.After(poll):
		}
	}
}

// awaitRemoval waits until a card is taken out, so that the next terminal does not land on it.
func (w *writing) awaitRemoval(ctx context.Context, j job, d flash.Disk) error {
	fmt.Fprintf(w.app.io.Err, "%s: take the card out\n", j.row.Name)
	for {
		disks, err := w.app.disks()
		if err != nil || !slices.ContainsFunc(disks, d.Same) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// errNotWanted ends a run that a person stopped.
var errNotWanted = errors.New("stopped: nothing was written onto this card")

func (w *writing) confirm(j job, d flash.Disk) error {
	now := ""
	if card := describeCard(d); card != "" {
		now = ", " + card
	}
	where := cmp.Or(j.provision.Network.Address, "DHCP")
	if j.provision.Token.IsZero() {
		where += ", no token: works without a hub"
	}
	fmt.Fprintf(w.app.io.Out, "%s (%s, %s, %s) onto %s %s, %s%s\nAll that is on it will be gone. Enter writes it, anything else stops: ",
		j.row.Name, j.row.Kind, j.provision.Board, where, foreign.Line(d.Model), foreign.Line(d.ID), gigabytes(d.Size), foreign.Line(now))
	answer, err := w.in.ReadString('\n')
	if err != nil || strings.TrimRight(answer, "\r\n") != "" {
		return errNotWanted
	}
	return nil
}

// open opens the bundle and verifies all of it.
func (s *source) open() (done func(), err error) {
	s.bundle, done, err = openBundle(s.bundlePath, s.trust)
	if err != nil {
		return nil, err
	}
	if err := s.bundle.Check(func(int64, int64) {}); err != nil {
		done()
		return nil, fmt.Errorf("%s: %w", s.bundlePath, err)
	}
	return done, nil
}

func (s *source) opener(f bundle.File) func() (io.Reader, error) {
	return func() (io.Reader, error) { return s.bundle.Reader(f) }
}

// openCard opens the card that is to be verified.
func (s *source) openCard(list func() ([]flash.Disk, error)) (c flash.Card, done func(), err error) {
	if s.image != "" {
		f, err := flash.OpenFile(s.image)
		return f, func() { f.Close() }, err
	}
	disks, err := list()
	if err != nil {
		return nil, nil, err
	}
	d, err := flash.Choose(disks, s.disk, 0)
	if err != nil {
		return nil, nil, err
	}
	b, err := flash.OpenCard(d, list)
	if err != nil {
		return nil, nil, err
	}
	return b, func() { b.Close() }, nil
}

// technician is who runs this, for the log.
func technician(env func(string) string) string {
	for _, name := range []string{"SUDO_USER", "USER"} {
		if who := env(name); who != "" {
			return who
		}
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
