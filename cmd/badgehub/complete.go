package main

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/foreign"
	"badged/sync/hub/api"
)

// The bounds of what a shell is offered: how long it waits for a hub that does not answer,
// and how many of each.
const (
	completionTime = 2 * time.Second
	mostOffered    = "200"
)

// choices asks the hub for what may stand at one place of a command line.
type choices func(context.Context, *api.Client) ([]cobra.Completion, error)

// places are what may stand where a command's usage or a flag has one of these words.
var places = map[string]choices{
	"ACCOUNT": someAccount, "INTO": someAccount, "WHO": someAccount, "account": someAccount,
	"CARD": listed("/v1/cards", func(c api.Card) cobra.Completion {
		return cobra.CompletionWithDesc(c.ID, c.AccountName+", "+c.State)
	}),
	"CLAIM": listed("/v1/claims", func(c api.Claim) cobra.Completion {
		return cobra.CompletionWithDesc(c.ID, c.State+", "+clock(c.Ends))
	}),
	"MAIL": listed("/v1/mails", func(m api.Mail) cobra.Completion {
		return cobra.CompletionWithDesc(shortID(m.ID), m.Purpose+", "+m.To+", "+m.State)
	}),
	"ALARM": listed("/v1/alarms", func(a api.Alarm) cobra.Completion {
		return cobra.CompletionWithDesc(strconv.FormatUint(a.ID, 10), a.Text)
	}),
	"RELEASE": listed("/v1/releases", func(r api.Release) cobra.Completion { return cobra.CompletionWithDesc(r.Version, r.State) }),
	"GRANT": listed("/v1/grants", func(g api.Grant) cobra.Completion {
		return cobra.CompletionWithDesc(g.ID, cmp.Or(g.AccountName, g.Group)+", "+cmp.Or(g.Door, g.DoorGroup))
	}),
	"DOOR":     someDoor,
	"door":     someDoor,
	"SERVICE":  listed("/v1/services", func(o api.Service) cobra.Completion { return cobra.CompletionWithDesc(o.English, o.French) }),
	"RIGHT":    oneOf("members", "cards", "doors", "events", "terminals", "mail", "services", "audit", "settings"),
	"ROLE":     oneOf("user", "admin"),
	"KIND":     oneOf("print", "copy", "scan", "fax", "link"),
	"GROUP":    listed("/v1/groups", func(g api.Group) cobra.Completion { return g.Name }),
	"SCHEDULE": someSchedule,
	"schedule": someSchedule,
	"DAY":      listed("/v1/holidays", func(h api.Holiday) cobra.Completion { return cobra.CompletionWithDesc(h.Day, h.Name) }),
	"TERMINAL": someTerminal, "terminal": someTerminal,
	"STATE": oneOf("invited", "active", "suspended"), "CARDSTATE": oneOf("active", "pending", "lost", "replaced", "revoked"),
	"stale": oneOf("deny", "staff", "allow"), "unknown-time": oneOf("deny", "staff", "allow"), "lang": oneOf("fr", "en"),
	"role": oneOf("user", "admin"), "format": oneOf("text", "csv", "json"), "order": oneOf("name", "created", "number"),
	"kind": oneOf("person", "anonymous", "service"), "outcome": oneOf("granted", "refused", "waiting", "faulty"),
}

var (
	someAccount = listed("/v1/accounts", func(a api.Account) cobra.Completion {
		return cobra.CompletionWithDesc(cmp.Or(a.Email, a.Display), a.Display+", "+a.State)
	})
	someDoor     = listed("/v1/doors", func(d api.Door) cobra.Completion { return d.ID })
	someSchedule = listed("/v1/schedules", func(s api.Schedule) cobra.Completion {
		return cobra.CompletionWithDesc(s.Name, strings.Join(windowsOf(s), "; "))
	})
	someTerminal = listed("/v1/terminals", func(t api.Terminal) cobra.Completion { return t.Name })
)

// oneOf offers fixed words.
func oneOf(words ...string) choices {
	return func(context.Context, *api.Client) ([]cobra.Completion, error) { return words, nil }
}

// listed offers one choice for each row of a list's first page.
func listed[T any](path string, choice func(T) cobra.Completion) choices {
	return func(ctx context.Context, c *api.Client) ([]cobra.Completion, error) {
		page, err := api.Call[api.Page[T]](ctx, c, "GET", path+"?"+url.Values{"limit": {mostOffered}}.Encode(), nil)
		foreign.Clean(&page.Items) // a choice is one line
		offered := make([]cobra.Completion, 0, len(page.Items))
		for _, r := range page.Items {
			offered = append(offered, choice(r))
		}
		return offered, err
	}
}

// offer gives a command and those below it the choices of the words in their usage and of
// their flags. Files are offered for FILE only.
func (p *program) offer(c *cobra.Command) {
	for _, below := range c.Commands() {
		p.offer(below)
	}
	if c.RunE == nil || strings.Contains(c.Use, "FILE") {
		return
	}
	words := strings.Fields(c.Use)[1:]
	c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(words) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return p.choose(c.Context(), places[strings.Trim(words[len(args)], "[].")]), cobra.ShellCompDirectiveNoFileComp
	}
	for name, from := range places {
		if c.Flags().Lookup(name) != nil {
			p.offerFlag(c, name, from)
		}
	}
}

func (p *program) offerFlag(c *cobra.Command, name string, from choices) {
	// The only error is that of a flag that is not there, or was given its choices already.
	_ = c.RegisterFlagCompletionFunc(name, func(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return p.choose(c.Context(), from), cobra.ShellCompDirectiveNoFileComp
	})
}

// choose offers nothing when the hub does not answer: a shell has no place for errors.
func (p *program) choose(ctx context.Context, from choices) []cobra.Completion {
	if from == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	client := p.client()
	defer client.Close()
	found, err := from(ctx, client)
	if err != nil {
		return nil
	}
	return found
}
