package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"badged/firmware/site"
	"badged/internal/cli"
	"badged/internal/secret"
	"badged/sync/hub/api"
)

func (p *program) terminalAdd() *cobra.Command {
	var n api.NewTerminal
	var roster string
	var days int
	add := &cobra.Command{
		Use: "add TERMINAL", Short: "Make a terminal and show how it joins, or all those of a roster",
		Long: "Make a terminal, and show the command with which it joins within 24 hours. With --roster, make all terminals of a\n" +
			"file, and write the tokens with which they join into its column token, from where `badgectl flash write` takes\n" +
			"them. The same again keeps the tokens that still work, and makes none for terminals that have joined.",
		Example: "  badgehub terminal add hall\n  badgehub terminal add hall --replace    # a new box in its place\n" +
			"  badgehub terminal add --roster terminals.csv --days 14",
	}
	add.Flags().BoolVar(&n.Replace, "replace", false, "also if it has joined: the old box is disconnected and locked out when the new one joins")
	add.Flags().StringVar(&roster, "roster", "", "a file with a row for each terminal (docs/flash.md)")
	add.Flags().IntVar(&days, "days", 7, "with --roster: how long the tokens work, 1 to 30")
	one := ask(p, func(ctx context.Context, c *api.Client, args []string) (api.TerminalToken, error) {
		n.Name = args[0]
		return c.AddTerminal(ctx, n)
	}, func(w io.Writer, t api.TerminalToken) {
		printText(w, "On the terminal, within 24 hours and once:\n\n  %s\n", t.Command)
	})
	all := ask(p, func(ctx context.Context, c *api.Client, _ []string) (api.RosterTokens, error) {
		return addRoster(ctx, c, roster, days)
	}, func(w io.Writer, t api.RosterTokens) { p.showRoster(w, roster, t) })
	add.Args = func(c *cobra.Command, args []string) error {
		switch {
		case roster == "" && c.Flags().Changed("days"):
			return cli.Usagef("--days goes with --roster")
		case roster == "":
			return cli.Args(1)(c, args)
		case n.Replace:
			return cli.Usagef("--replace is for one terminal: name it, without --roster")
		}
		return cli.Args(0)(c, args)
	}
	add.RunE = func(c *cobra.Command, args []string) error {
		if roster != "" {
			return all(c, args)
		}
		return one(c, args)
	}
	return add
}

// addRoster asks the hub for the tokens of a roster, and writes them into its file. What a request
// brought is in the file before the next one.
func addRoster(ctx context.Context, c *api.Client, path string, days int) (out api.RosterTokens, err error) {
	rows, err := site.LoadRoster(path)
	if err != nil {
		return out, err
	}
	if len(rows) == 0 {
		return out, cli.Errorf("%s has no terminal: a line for each stands below the names of the columns", path)
	}
	for some := range slices.Chunk(rows, api.MaxRoster) {
		in := api.TerminalRoster{Days: days}
		for _, r := range some {
			in.Terminals = append(in.Terminals, api.RosterRow{Name: r.Name, Token: r.Token.Reveal()})
		}
		got, err := c.AddRoster(ctx, in)
		if err != nil {
			return out, err
		}
		if err := site.WriteTokens(path, tokensOf(got)); err != nil {
			return out, err
		}
		for i := range got.Items {
			got.Items[i].Token = "" // it is in the file, and nowhere else
		}
		out.Items = append(out.Items, got.Items...)
	}
	return out, nil
}

// tokensOf are the tokens that a roster gets. A terminal that has joined loses the one that it has
// used.
func tokensOf(got api.RosterTokens) map[string]secret.Text {
	tokens := map[string]secret.Text{}
	for _, t := range got.Items {
		if t.State != "kept" {
			tokens[t.Name] = secret.New(t.Token)
		}
	}
	return tokens
}

func (p *program) showRoster(w io.Writer, path string, t api.RosterTokens) {
	fmt.Fprintln(w, headingsIn(p.lang(), "TERMINAL\tTOKEN\tWORKS UNTIL"))
	for _, r := range t.Items {
		state := r.State
		if state == "joined" {
			state = p.tr("none: it has joined")
		}
		fmt.Fprintln(w, tabbed(r.Name, state, clock(r.Ends)))
	}
	printText(w, "\nThe tokens are in %s: keep it like a key.\nThe cards: badgectl flash write --roster %s\n", path, path)
}
