package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/internal/paint"
	"badged/sync/hub/api"
)

func (p *program) doorCommand() *cobra.Command {
	var anonymous bool
	var fresh time.Duration
	var stale, unknownTime string
	add := &cobra.Command{
		Use: "add NAME", Short: "Make a door, or change the settings that are given", Args: cli.Args(1),
		Example:           "  badgehub door add front\n  badgehub door add lab --fresh-for 24h --stale staff",
		ValidArgsFunction: p.complete(someDoor),
	}
	f := add.Flags()
	f.BoolVar(&anonymous, "anonymous", false, "unknown cards make anonymous accounts here")
	f.DurationVar(&fresh, "fresh-for", 0, "how long its terminal may be without the hub, 1m or more; 0s: 72h (new door: 72h)")
	f.StringVar(&stale, "stale", "", "after that: deny, staff or allow (new door: deny)")
	f.StringVar(&unknownTime, "unknown-time", "", "time-limited grants without a known time: deny, staff or allow (new door: deny)")
	for _, flag := range []string{"stale", "unknown-time"} {
		p.completeFlag(add, flag, oneOf("deny", "staff", "allow"))
	}
	add.RunE = ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Door, error) {
		seconds := int64((fresh + time.Second - 1) / time.Second) // half a second is not 0, which means 72h
		return c.SetDoor(ctx, api.DoorPatch{
			ID: args[0], Anonymous: given(f.Changed, "anonymous", &anonymous), FreshFor: given(f.Changed, "fresh-for", &seconds),
			Stale: given(f.Changed, "stale", &stale), UnknownTime: given(f.Changed, "unknown-time", &unknownTime),
		})
	}, func(w io.Writer, d api.Door) {
		fmt.Fprintf(w, "door\t%s\nanonymous\t%t\nfresh-for\t%s\nstale\t%s\nunknown-time\t%s\n",
			d.ID, d.Anonymous, freshFor(d), d.Stale, d.UnknownTime)
	})
	list := &cobra.Command{
		Use: "list", Short: "List doors", Args: cli.Args(0), Example: "  badgehub door list",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) ([]api.Door, error) { return c.Doors(ctx) },
			table("NAME\tANONYMOUS\tFRESH-FOR\tSTALE\tUNKNOWN TIME", func(d api.Door) string {
				return fmt.Sprintf("%s\t%t\t%s\t%s\t%s", d.ID, d.Anonymous, freshFor(d), d.Stale, d.UnknownTime)
			})),
	}
	return cli.Group("door", "Doors of the site", add, list)
}

// given is value if its flag was given, and else nil.
func given[T any](changed func(string) bool, name string, value *T) *T {
	if !changed(name) {
		return nil
	}
	return value
}

// freshFor is a door's time without the hub as a person writes it: 24h, not 24h0m0s.
func freshFor(d api.Door) string {
	life := 72 * time.Hour
	if d.FreshFor > 0 {
		life = time.Duration(d.FreshFor) * time.Second
	}
	text := life.String()
	if cut, ok := strings.CutSuffix(text, "m0s"); ok {
		text = cut + "m"
	}
	if cut, ok := strings.CutSuffix(text, "h0m"); ok {
		text = cut + "h"
	}
	return text
}

func (p *program) grantCommand() *cobra.Command {
	var n api.NewGrant
	var from, to string
	add := &cobra.Command{
		Use: "add ACCOUNT DOOR", Short: "Let an account use a door, or deny it", Args: cli.Args(2),
		Example:           "  badgehub grant add ada@example.com front\n  badgehub grant add anonym7 lab --from 2030-01-01 --to 2030-02-01",
		ValidArgsFunction: p.complete(someAccount, someDoor),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (g api.Grant, err error) {
			n.Account, n.Door = args[0], args[1]
			if n.From, err = parseTime(from); err != nil {
				return g, err
			}
			if n.To, err = parseTime(to); err != nil {
				return g, err
			}
			return c.AddGrant(ctx, n)
		}, func(w io.Writer, g api.Grant) {
			fmt.Fprintf(w, "grant %s: %s\n", g.ID, grantLine(g))
		}),
	}
	add.Flags().StringVar(&from, "from", "", "from this day, or time in RFC 3339, on")
	add.Flags().StringVar(&to, "to", "", "until this day, or time in RFC 3339")
	add.Flags().BoolVar(&n.Deny, "deny", false, "deny it, whatever other grants say")
	list := &cobra.Command{
		Use: "list", Short: "List grants", Args: cli.Args(0), Example: "  badgehub grant list",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) ([]api.Grant, error) { return c.Grants(ctx) },
			table("ID\tGRANT", func(g api.Grant) string { return g.ID + "\t" + grantLine(g) })),
	}
	remove := &cobra.Command{
		Use: "remove ID", Short: "End a grant", Args: cli.Args(1), Example: "  badgehub grant remove 5b0c...",
		ValidArgsFunction: p.complete(someGrant),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (struct{}, error) {
			return struct{}{}, c.RemoveGrant(ctx, args[0])
		}, done("The grant has ended.")),
	}
	return cli.Group("grant", "Who may use which door", add, list, remove)
}

func grantLine(g api.Grant) string {
	verb := "may use"
	if g.Deny {
		verb = "may not use"
	}
	return fmt.Sprintf("%s %s %s, from %s to %s", g.AccountName, verb, g.Door, clock(g.From), clock(g.To))
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, cli.Usagef("%q is not a day (2030-01-31) or a time (2030-01-31T08:00:00+01:00)", text)
}

func (p *program) terminalCommand() *cobra.Command {
	var n api.NewTerminal
	add := &cobra.Command{
		Use: "add NAME", Short: "Make a terminal and show how it joins", Args: cli.Args(1),
		Example:           "  badgehub terminal add hall\n  badgehub terminal add hall --replace    # a new box in its place",
		ValidArgsFunction: p.complete(someTerminal),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.TerminalToken, error) {
			n.Name = args[0]
			return c.AddTerminal(ctx, n)
		}, func(w io.Writer, t api.TerminalToken) {
			fmt.Fprintf(w, "On the terminal, within 24 hours and once:\n\n  %s\n", t.Command)
		}),
	}
	add.Flags().BoolVar(&n.Replace, "replace", false, "also if it has joined: the old box is disconnected and locked out when the new one joins")
	list := &cobra.Command{
		Use: "list", Short: "List terminals", Args: cli.Args(0), Example: "  badgehub terminal list --json",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) ([]api.Terminal, error) { return c.Terminals(ctx) },
			p.showTerminals),
	}
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Lock a terminal out at once, as when it was stolen; its events stay", Args: cli.Args(1),
		Example:           "  badgehub terminal remove hall\n  badgehub terminal add hall       # later: a box of that name joins anew",
		ValidArgsFunction: p.complete(someTerminal),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (struct{}, error) {
			return struct{}{}, c.RemoveTerminal(ctx, args[0])
		}, done("The terminal is locked out.")),
	}
	return cli.Group("terminal", "Terminals of the site", add, list, remove)
}

// showTerminals lists terminals, and tells below what keeps people waiting at them.
func (p *program) showTerminals(w io.Writer, list []api.Terminal) {
	table("NAME\tSTATE\tLAST SEEN\tEVENTS\tVERSION", terminalLine)(w, list)
	if slices.ContainsFunc(list, func(t api.Terminal) bool { return t.ClaimsClosed }) {
		fmt.Fprintf(w, "\n%s  claiming by keypad is closed after too many wrong codes: no code binds a card at any terminal\n"+
			"        what to do: find out who typed them (badgehub event list), then open it again: badgehub site reopen\n",
			paint.Text(p.stdio.Out, p.env, paint.Red, "CLOSED"))
	}
	for _, t := range list {
		if rows := strangeRows(t); rows != "" && !t.Removed {
			fmt.Fprintf(w, "\n%s  the agent of %s does not understand everything (%s): that gives no right there\n"+
				"         what to do: update badged on %s to the version of this hub\n",
				paint.Text(p.stdio.Out, p.env, paint.Red, "TOO OLD"), t.Name, rows, t.Name)
		}
	}
}

// strangeRows says how many rows of which collections a terminal does not understand.
func strangeRows(t api.Terminal) string {
	var counts []string
	for _, c := range t.Vector {
		if c.NotUnderstood > 0 {
			counts = append(counts, fmt.Sprintf("%s: %d", c.Name, c.NotUnderstood))
		}
	}
	return strings.Join(counts, ", ")
}

func terminalLine(t api.Terminal) string {
	state := "not joined"
	switch {
	case t.Connected:
		state = "connected"
	case t.Joined:
		state = "away"
	case t.Removed:
		state = "removed"
	}
	events := strconv.FormatUint(t.Upto["ev"]+t.Upto["sec"], 10)
	return strings.Join([]string{t.Name, state, clock(t.LastSeen), events, t.Agent}, "\t")
}

func (p *program) eventCommand() *cobra.Command {
	var after uint64
	var limit int
	list := &cobra.Command{
		Use: "list", Short: "List events, oldest first", Args: cli.Args(0), Example: "  badgehub event list --after 120 --json",
		RunE: func(c *cobra.Command, _ []string) error { return p.events(c.Context(), after, limit, false) },
	}
	follow := &cobra.Command{
		Use: "follow", Short: "List events and go on as they come", Args: cli.Args(0), Example: "  badgehub event follow --json",
		RunE: func(c *cobra.Command, _ []string) error { return p.events(c.Context(), after, 0, true) },
	}
	for _, c := range []*cobra.Command{list, follow} {
		c.Flags().Uint64Var(&after, "after", 0, "only those after this id")
	}
	list.Flags().IntVar(&limit, "limit", 0, "at most so many (default all)")
	return cli.Group("event", "What happened at the terminals", list, follow)
}

// events prints one line for each event, as it comes.
func (p *program) events(ctx context.Context, after uint64, limit int, follow bool) error {
	if limit < 0 {
		return cli.Usagef("--limit %d is less than none", limit)
	}
	client := api.NewClient(p.socketPath(), p.dir)
	defer client.Close()
	err := client.Events(ctx, after, limit, follow, func(e api.Event) error {
		if p.json {
			return foreign.JSON(p.stdio.Out, e)
		}
		foreign.Clean(&e)
		_, err := fmt.Fprintln(p.stdio.Out, eventLine(e))
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func eventLine(e api.Event) string {
	words := []string{fmt.Sprintf("%6d  %s  %s", e.ID, clock(e.At), e.Terminal), e.Point, e.Device, e.Kind, e.Outcome, e.Reason, e.AccountName, e.Why}
	var said []string
	for _, w := range words {
		if w != "" && w != "none" {
			said = append(said, w)
		}
	}
	if e.Count > 0 && (e.Kind == "presentation" || e.Reason == "device_alarm") {
		said = append(said, fmt.Sprintf("(%d more that are not listed)", e.Count))
	}
	return strings.Join(said, " ")
}
