package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/foreign"
	"badged/sync/hub/api"
)

// completionTime bounds how long a shell waits for a hub that does not answer.
const completionTime = 2 * time.Second

// choices asks the hub for what may stand at one place of a command line.
type choices func(context.Context, *api.Client) ([]cobra.Completion, error)

// complete offers, for each argument of a command, what the hub has for it.
func (p *program) complete(places ...choices) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(places) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return p.choose(c.Context(), places[len(args)]), cobra.ShellCompDirectiveNoFileComp
	}
}

// choose offers nothing when the hub does not answer: a shell has no place for errors.
func (p *program) choose(ctx context.Context, from choices) []cobra.Completion {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	client := api.NewClient(p.socketPath(), p.dir)
	defer client.Close()
	found, err := from(ctx, client)
	if err != nil {
		return nil
	}
	return found
}

// oneOf offers fixed words.
func oneOf(words ...string) choices {
	return func(context.Context, *api.Client) ([]cobra.Completion, error) { return words, nil }
}

// listed offers one choice for each row of a list.
func listed[T any](list func(*api.Client, context.Context) ([]T, error), choice func(T) cobra.Completion) choices {
	return func(ctx context.Context, c *api.Client) ([]cobra.Completion, error) {
		rows, err := list(c, ctx)
		foreign.Clean(&rows) // a choice is one line
		offered := make([]cobra.Completion, 0, len(rows))
		for _, r := range rows {
			offered = append(offered, choice(r))
		}
		return offered, err
	}
}

var (
	someAccount = listed((*api.Client).Accounts, func(a api.Account) cobra.Completion {
		return cobra.CompletionWithDesc(cmp.Or(a.Email, a.Display), a.Display+", "+a.State)
	})
	someDoor = listed((*api.Client).Doors, func(d api.Door) cobra.Completion { return d.ID })
	someCard = listed((*api.Client).Cards, func(c api.Card) cobra.Completion {
		return cobra.CompletionWithDesc(c.ID, c.AccountName+", "+c.State)
	})
	someClaim = listed((*api.Client).Claims, func(c api.Claim) cobra.Completion {
		return cobra.CompletionWithDesc(c.ID, c.State+", until "+clock(c.Ends))
	})
	someGrant = listed((*api.Client).Grants, func(g api.Grant) cobra.Completion {
		return cobra.CompletionWithDesc(g.ID, grantLine(g))
	})
	someTerminal = listed((*api.Client).Terminals, func(t api.Terminal) cobra.Completion { return t.Name })
)

// completeFlag offers the same for the value of a flag.
func (p *program) completeFlag(c *cobra.Command, flag string, from choices) {
	// The only error is that of a flag that is not there, or was given its choices already.
	_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return p.choose(c.Context(), from), cobra.ShellCompDirectiveNoFileComp
	})
}
