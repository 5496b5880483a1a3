package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"badged/firmware/board"
	"badged/firmware/bundle"
	"badged/firmware/flash"
	"badged/firmware/site"
	"badged/firmware/slot"
	"badged/internal/cli"
	"badged/internal/foreign"
)

func (a *app) flash() *cobra.Command {
	cmd := cli.Group("flash", "Write the cards of terminals, and verify them", a.flashList(), a.flashWrite(), a.flashVerify())
	cmd.Example = "  badgectl flash list\n  sudo badgectl flash write --bundle badged-1.4.0.bundle --trust badged.trust --site site.toml --roster terminals.csv"
	return cmd
}

func (a *app) flashList() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "list",
		Short: "List the disks of this machine, and which of them may be written",
		Long: "list shows the disks by the ID that --disk takes: the serial number. What the system uses, in\n" +
			"whatever way, is never written; what is not removable only if its ID is typed. As root, it also\n" +
			"tells what cards say of themselves.",
		Example: "  badgectl flash list",
		Args:    cli.Args(0),
		RunE:    func(*cobra.Command, []string) error { return a.listDisks() },
	})
}

// listed is a disk as --json prints it.
type listed struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	Model     string `json:"model"`
	Removable bool   `json:"removable"`
	Refused   string `json:"refused"` // why it is not written unless its ID is typed; empty: it may be
	Card      string `json:"card"`    // what it says of itself
}

func (a *app) listDisks() error {
	disks, err := a.disks()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSIZE\tWHAT IT IS\tMAY BE WRITTEN")
	for _, d := range disks {
		l := listed{ID: d.ID, Name: d.Name, Size: d.Size, Model: d.Model, Removable: d.Removable, Card: describeCard(d)}
		if err := d.Refuse(0, false); err != nil {
			l.Refused = err.Error()
		}
		if a.json {
			if err := a.print(l); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", foreign.Line(d.ID), gigabytes(d.Size), foreign.Line(d.Model), foreign.Line(sayWritable(d, l.Card)))
	}
	if a.json {
		return nil
	}
	return written(w.Flush())
}

func gigabytes(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }

func sayWritable(d flash.Disk, card string) string {
	var say string
	switch err := d.Refuse(0, false); {
	case err == nil:
		say = "yes"
	case d.InUse != "":
		say = "no: " + d.InUse
	case d.Refuse(0, true) == nil:
		say = "only if its ID is typed"
	case errors.Is(err, flash.ErrNoCard):
		say = "no: there is no card in it"
	case errors.Is(err, flash.ErrReadOnly):
		say = "no: it is write-protected"
	default:
		say = "no: it has the wrong size"
	}
	if card != "" {
		say += "; " + card
	}
	return say
}

// describeCard tells what a card says of itself.
func describeCard(d flash.Disk) string {
	if d.InUse != "" {
		return ""
	}
	m, ours := flash.ReadMark(d)
	switch {
	case !ours:
		return ""
	case m.State == flash.StateHalf:
		return "half written for " + m.Terminal
	}
	return fmt.Sprintf("the card of %s, release %s", m.Terminal, m.Version)
}

// source is where what is written comes from.
type source struct {
	bundlePath, trust string
	image             string // a file in the place of a card
	disk              string // ID
	bundle            *bundle.Bundle
}

func (s *source) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.bundlePath, "bundle", "", "the release")
	cmd.Flags().StringVar(&s.trust, "trust", "badged.trust", "file of trust")
	cmd.Flags().StringVar(&s.disk, "disk", "", "`ID` of the disk, as badgectl flash list shows it; without it, the only card there is")
	cmd.Flags().StringVar(&s.image, "image", "", "a file in the place of a card, for a virtual machine")
	_ = cmd.MarkFlagRequired("bundle")
}

// content is what belongs onto the card of a terminal. A release that ended before now is refused;
// with no time, it is not.
func (s *source) content(p site.Provision, now time.Time) (c flash.Content, err error) {
	c.Board, err = board.Find(p.Board)
	if err != nil {
		return c, err
	}
	r := s.bundle.Release
	if err := r.Accept(bundle.Terminal{Board: p.Board, Now: now}); err != nil {
		return c, fmt.Errorf("terminal %s: %w", p.Name, err)
	}
	c.Release = slot.Release{ID: slot.ID(s.bundle.ID), Sequence: r.Sequence, Floor: r.Floor}
	c.Version, c.Terminal = r.Version, p.Name
	if c.Provision, err = p.Encode(); err != nil {
		return c, err
	}
	for _, f := range s.bundle.Files(p.Board) {
		c.Files = append(c.Files, flash.File{Path: f.Path, Size: f.Size, Open: s.opener(f)})
	}
	return c, nil
}

func (a *app) flashVerify() *cobra.Command {
	var s source
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read a card back, and hold every byte against the release",
		Long: "verify reads all that was written onto a card and compares it with the release and with the settings\n" +
			"of the terminal that the card says it is for, which it checks as the agent will. A card that a terminal\n" +
			"has started from differs: this is for cards that come from the desk.",
		Example: "  sudo badgectl flash verify --bundle badged-1.4.0.bundle --trust badged.trust",
		Args:    cli.Args(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.verifyCard(cmd.Context(), &s) },
	}
	s.flags(cmd)
	return cmd
}

func (a *app) verifyCard(ctx context.Context, s *source) error {
	done, err := s.open()
	if err != nil {
		return err
	}
	defer done()
	c, closeCard, err := s.openCard(a.disks)
	if err != nil {
		return err
	}
	defer closeCard()
	p, img, err := s.readCard(c)
	if err != nil {
		return err
	}
	bar := a.progress("compared")
	err = flash.Verify(ctx, c, img, func(_ string, done, total int64) { bar.show(done, total) })
	bar.end()
	if err != nil {
		return fmt.Errorf("verify the card of %s: %w", p.Name, err)
	}
	_, err = fmt.Fprintf(a.io.Out, "PASS %s: release %s, all of it\n", p.Name, s.bundle.Release.Version)
	return written(err)
}

// readCard reads for which terminal a card is, and what it should hold.
func (s *source) readCard(c flash.Card) (p site.Provision, img flash.Image, err error) {
	m, err := flash.Identify(c)
	if err != nil {
		return p, img, err
	}
	if id := s.bundle.ID.String(); m.Release != id {
		return p, img, fmt.Errorf("the card of %s has release %s, and not the one of the bundle: %w", m.Terminal, m.Version, flash.ErrDiffer)
	}
	// Where the settings are does not depend on what they say.
	blank, err := s.content(site.Provision{Name: m.Terminal, Board: m.Board}, time.Time{})
	if err != nil {
		return p, img, err
	}
	if img, err = flash.Layout(blank, c.Size()); err != nil {
		return p, img, err
	}
	copies := [2][]byte{make([]byte, site.Encoded), make([]byte, site.Encoded)}
	for i, b := range copies {
		if _, err := c.ReadAt(b, img.Provision[i]); err != nil {
			return p, img, fmt.Errorf("read the settings: %w: %w", err, flash.ErrFails)
		}
	}
	if p, err = site.First(copies[0], copies[1]); err != nil {
		return p, img, err
	}
	if err := checkProvision(p, "badged.toml of "+p.Name); err != nil {
		return p, img, err
	}
	full, err := s.content(p, time.Time{})
	if err != nil {
		return p, img, err
	}
	img, err = flash.Layout(full, c.Size())
	return p, img, err
}
