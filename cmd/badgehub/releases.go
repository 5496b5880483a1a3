package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) releaseCommand() *cobra.Command {
	add := &cobra.Command{
		Use: "add FILE", Short: "Keep a signed release; nobody gets it before it is assigned", Args: cli.Args(1),
		Long: "Keep a signed release. The hub verifies the whole file by badged.trust in its folder (docs/update.md).\n" +
			"Nobody gets it before it is assigned.",
		Example: "  badgehub release add badged-1.4.0.bundle",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (r api.Release, err error) {
			f, err := os.Open(args[0])
			if err != nil {
				return r, err
			}
			defer f.Close()
			return c.AddRelease(ctx, f)
		}, showAddedRelease),
	}
	pause := &cobra.Command{
		Use: "pause RELEASE", Short: "Give a release to nobody more; terminals on trial go on", Args: cli.Args(1),
		Example: "  badgehub release pause 1.4.0\n  badgehub release assign 1.4.0    # goes on",
		RunE:    ask(p, send[any, api.Release]("POST", "/v1/releases/{}/pause", nothing), showRelease),
	}
	remove := &cobra.Command{
		Use: "remove RELEASE", Short: "Forget a release that nobody is given any more, and free the room of its file", Args: cli.Args(1),
		Long: "Forget a release, how far terminals were with it, and its file. One that is given to terminals is paused first; while\n" +
			"a terminal is in the middle of it, or was lost there, it stays. Terminals that run it go on with it.",
		Example: "  badgehub release pause 1.4.0\n  badgehub release remove 1.4.0",
		RunE:    ask(p, send[any, none]("DELETE", "/v1/releases/{}", nothing), done("The release is gone, and its file.")),
	}
	return cli.Group("release", "Releases for terminals that start from cards, and who gets them", add, p.releaseAssign(), pause, p.releaseStatus(), remove)
}

func showAddedRelease(w io.Writer, r api.Release) {
	printText(w, "release %s, sequence %d, for %s (%s)\n", r.Version, r.Sequence, strings.Join(r.Boards, ", "), r.ID[:8])
	if r.State == "unassigned" {
		printText(w, "Nobody gets it yet: badgehub release assign %s --percent 10\n", r.Version)
	}
}

func showRelease(w io.Writer, r api.Release) {
	printText(w, "release %s is %s, for %s\n", r.Version, r.State, whoGets(r))
}

// whoGets says who is to have a release.
func whoGets(r api.Release) string {
	if r.State == "unassigned" {
		return "-"
	}
	whom := "all"
	if names := append(r.Groups, r.Terminals...); len(names) > 0 {
		whom = strings.Join(names, ",")
	}
	whom = fmt.Sprintf("%d%% %s", r.Percent, whom)
	if r.Between != "" {
		whom += ", " + r.Between
	}
	return whom
}

func (p *program) releaseAssign() *cobra.Command {
	var w api.ReleaseWave
	c := &cobra.Command{
		Use: "assign RELEASE", Short: "Say which terminals get a release, or let it go on", Args: cli.Args(1),
		Long: "Say which terminals get a release: all, those of groups of doors, or named ones, and how many percent of them.\n" +
			"A larger percentage takes in those of the smaller one. A release that was paused or has stopped goes on.\n\n" +
			"The first terminal goes alone, then as many at a time as have come through; of a group of doors, one at a time.\n" +
			"With --between, terminals fetch at any time, and begin to install in those hours of the site's clocks only.",
		Example: "  badgehub release assign 1.4.0 --percent 10\n  badgehub release assign 1.4.0    # all\n" +
			"  badgehub release assign 1.4.0 --group inner --terminal hall\n  badgehub release assign 1.4.0 --retry    # also where it failed\n" +
			"  badgehub release assign 1.4.0 --between 22:00-05:00    # at night",
	}
	f := c.Flags()
	f.Uint64Var(&w.Percent, "percent", 100, "so many of those who are meant, 1 to 100")
	f.StringSliceVar(&w.Groups, "group", nil, "terminals of a group of doors")
	f.StringSliceVar(&w.Terminals, "terminal", nil, "this terminal")
	f.StringVar(&w.Between, "between", "", "the hours in which terminals may install, as 02:00-05:00, over midnight too")
	f.Uint64Var(&w.StopAfter, "stop-after", 1, "stop when it has failed on more terminals than so many")
	f.BoolVar(&w.Retry, "retry", false, "also terminals on which it failed")
	c.RunE = ask(p, send[api.ReleaseWave, api.Release]("POST", "/v1/releases/{}/assign", func([]string) (api.ReleaseWave, error) { return w, nil }), showRelease)
	return c
}

func (p *program) releaseStatus() *cobra.Command {
	all := list(p, "status", "", "", "/v1/releases", "RELEASE\tID\tSTATE\tFOR\tHEALTHY\tUNDER WAY\tFAILED\tWAITING", releaseLine, nil)
	one := list(p, "status RELEASE", "", "", "/v1/releases/{}/terminals", "TERMINAL\tSTATE\tSINCE\tWHY", p.installLine, nil)
	c := &cobra.Command{
		Use: "status [RELEASE]", Short: "List releases, or how far each terminal is with one", Args: cobra.MaximumNArgs(1),
		Example: "  badgehub release status\n  badgehub release status 1.4.0 --json",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return all.RunE(c, args)
		}
		return one.RunE(c, args)
	}
	return c
}

func releaseLine(r api.Release) string {
	count := func(stages ...string) string {
		n := 0
		for _, s := range stages {
			n += r.Counts[s]
		}
		return strconv.Itoa(n)
	}
	return tabbed(r.Version, r.ID[:min(len(r.ID), 8)], r.State, whoGets(r), count("healthy"), count("installing"), count("failed", "lost"), count("fetching", "ready"))
}

func (p *program) installLine(i api.Install) string {
	state := i.Stage
	if state == "fetching" {
		state += fmt.Sprintf(" %d%%", i.Percent)
	}
	return tabbed(i.Terminal, state, clock(i.Since), cmp.Or(i.Why, p.waitsFor(i.WaitsFor), "-"))
}

// waitsFor says what a terminal that is ready waits for; empty: nothing.
func (p *program) waitsFor(what string) string {
	switch what {
	case "":
		return ""
	case "hours":
		return p.tr("waits for the hours in which it may install")
	case "group":
		return p.tr("waits for another terminal of its doors")
	case "first":
		return p.tr("waits for the first terminal, which goes alone")
	}
	return p.tr("waits for those that are under way")
}
