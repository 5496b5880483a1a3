package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) siteCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "Show the settings", Args: cli.Args(0), Example: "  badgehub site show",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) (api.Site, error) { return c.Site(ctx) }, showSite),
	}
	reopen := &cobra.Command{
		Use: "reopen", Short: "Open claiming by keypad again, after too many wrong codes closed it", Args: cli.Args(0),
		Example: "  badgehub site reopen",
		RunE:    ask(p, func(ctx context.Context, c *api.Client, _ []string) (api.Site, error) { return c.Reopen(ctx) }, showSite),
	}
	return cli.Group("site", "Settings of the site", show, p.siteSet(), reopen)
}

func (p *program) siteSet() *cobra.Command {
	set := &cobra.Command{
		Use: "set", Short: "Change settings; terminals hear of it at once", Args: cli.Args(0),
		Example: "  badgehub site set --unknown-badge refuse --code-digits 6",
	}
	f := set.Flags()
	texts, numbers := map[string]*string{}, map[string]*int64{}
	for name, help := range map[string]string{
		"name": "name of the site", "unknown-badge": "unknown badge at a printer: refuse, bind or create",
		"confirm": "who confirms a new card: none or admin (owner, once owners can)", "lang": "fr or en",
	} {
		texts[name] = f.String(name, "", help)
	}
	for name, help := range map[string]string{
		"code-digits": "digits of a claim code, 4 to 8", "claim-window": "seconds between code and card",
		"guess-budget": "wrong codes until claiming closes", "quota-burst": "new accounts in 10 minutes at a terminal",
		"quota-day": "new accounts in a day at a terminal", "quota-site": "unclaimed anonymous accounts",
		"anonymous-life": "seconds until an unclaimed account ends", "session-idle": "seconds until a panel that nobody touches signs out",
		"session-max": "seconds until a panel signs out, whatever happens",
	} {
		numbers[name] = f.Int64(name, 0, help)
	}
	for flag, words := range map[string]choices{
		"unknown-badge": oneOf("refuse", "bind", "create"), "confirm": oneOf("none", "admin"), "lang": oneOf("fr", "en"),
	} {
		p.completeFlag(set, flag, words)
	}
	edit := f.Bool("edit-profile", true, "people may change name and e-mail at a panel")
	set.RunE = ask(p, func(ctx context.Context, c *api.Client, _ []string) (api.Site, error) {
		values := map[string]any{}
		for name, v := range texts {
			values[name] = v
		}
		for name, v := range numbers {
			values[name] = v
		}
		values["edit-profile"] = edit
		patch, err := patchOf(values, f.Changed)
		if err != nil {
			return api.Site{}, err
		}
		return c.PatchSite(ctx, patch)
	}, showSite)
	return set
}

// patchOf makes a patch of the flags that were given; their names are those of the
// patch in JSON, with dashes.
func patchOf(values map[string]any, given func(string) bool) (patch api.SitePatch, err error) {
	fields := map[string]any{}
	for name, v := range values {
		if given(name) {
			fields[strings.ReplaceAll(name, "-", "_")] = v
		}
	}
	if len(fields) == 0 {
		return patch, cli.Usagef("nothing to set (see `badgehub site set --help`)")
	}
	b, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(b, &patch)
	}
	if err != nil {
		return patch, cli.Usagef("a setting is out of range: %w", err)
	}
	return patch, nil
}

func showSite(w io.Writer, s api.Site) {
	claiming := "open"
	if s.ClaimsClosed {
		claiming = "CLOSED after too many wrong codes: look at the events, then `badgehub site reopen`"
	}
	for _, l := range [][2]any{
		{"site", s.ID}, {"name", s.Name}, {"lang", s.Lang}, {"unknown-badge", s.UnknownBadge}, {"confirm", s.Confirm},
		{"edit-profile", s.EditProfile}, {"claiming", claiming}, {"code-digits", s.CodeDigits}, {"claim-window", s.ClaimWindow},
		{"guess-budget", s.GuessBudget}, {"quota-burst", s.QuotaBurst}, {"quota-day", s.QuotaDay}, {"quota-site", s.QuotaSite},
		{"anonymous-life", s.AnonymousLife}, {"session-idle", s.SessionIdle}, {"session-max", s.SessionMax},
	} {
		fmt.Fprintf(w, "%v\t%v\n", l[0], l[1])
	}
}
