package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"badged/firmware/board"
	"badged/internal/cli"
)

func (a *app) board() *cobra.Command {
	cmd := cli.Group("board", "Look up boards, and the pins of hats with relays and readers", a.boardList(), a.boardPins())
	cmd.Example = "  badgectl board list\n  badgectl board pins rpi-4 waveshare-relay-3"
	return cmd
}

func (a *app) boardList() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "list",
		Short:   "List the boards and hats that there are profiles of",
		Example: "  badgectl board list",
		Args:    cli.Args(0),
		RunE:    func(*cobra.Command, []string) error { return a.printBoards() },
	})
}

func (a *app) printBoards() error {
	if a.json {
		for _, b := range board.Boards() {
			if err := a.print(map[string]string{"board": b.Name, "title": b.Title, "boot": string(b.Boot), "arch": b.Arch, "tested": b.Tested}); err != nil {
				return err
			}
		}
		for _, h := range board.Hats() {
			if err := a.print(map[string]string{"hat": h.Name, "title": h.Title, "source": h.Source}); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BOARD\tWHAT IT IS")
	for _, b := range board.Boards() {
		fmt.Fprintf(w, "%s\t%s\n", b.Name, b.Title)
	}
	fmt.Fprintln(w, "\t\nHAT\tWHAT IT IS")
	for _, h := range board.Hats() {
		fmt.Fprintf(w, "%s\t%s\n", h.Name, h.Title)
	}
	return written(w.Flush())
}

func (a *app) boardPins() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "pins BOARD HAT",
		Short: "Print the pins of a hat as the configuration of a terminal takes them",
		Long: "pins prints what the names of a hat's pins stand for on a board, ready to paste into badged.toml.\n" +
			"site.toml of `badgectl flash` takes the names themselves.",
		Example: "  badgectl board pins rpi-4 waveshare-relay-3",
		Args:    cli.Args(2),
		RunE:    func(_ *cobra.Command, args []string) error { return a.printPins(args[0], args[1]) },
	})
}

func (a *app) printPins(boardName, hatName string) error {
	b, err := board.Find(boardName)
	if err != nil {
		return cli.Usage(err)
	}
	h, err := board.FindHat(hatName)
	if err != nil {
		return cli.Usage(err)
	}
	pins, err := b.Pins(h)
	if err != nil {
		return cli.Usage(err)
	}
	if a.json {
		return a.print(pins)
	}
	for _, name := range board.PinNames(pins) {
		fmt.Fprintf(a.io.Out, "%-9s %q\n", name, pins[name])
	}
	return a.printPulled(h)
}

// printPulled warns of relays that a resistor of the chip pulls to the energised side.
func (a *app) printPulled(h board.Hat) error {
	var pulled []string
	for i, l := range h.Relays {
		if l.PulledActive() {
			pulled = append(pulled, fmt.Sprintf("relay%d", i+1))
		}
	}
	if len(pulled) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(a.io.Out, "\n%s: from power-on until the agent starts, a resistor in the chip (about 50 kΩ)\n"+
		"pulls the line to the energised side. Before it opens a lock, watch the relay while the board starts.\n", strings.Join(pulled, ", "))
	return written(err)
}
