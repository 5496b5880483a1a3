package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) accountCommand() *cobra.Command {
	var n api.NewAccount
	var active bool
	add := &cobra.Command{
		Use: "add NAME", Short: "Make an account for a person", Args: cli.Args(1),
		Example: `  badgehub account add "Ada Byron" --email ada@example.com --active`,
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Account, error) {
			n.Name = args[0]
			if active {
				n.State = "active"
			}
			return c.AddAccount(ctx, n)
		}, showAccount),
	}
	add.Flags().StringVar(&n.Email, "email", "", "e-mail address")
	add.Flags().StringVar(&n.Lang, "lang", "", "language, fr or en (default: the site's)")
	p.completeFlag(add, "lang", oneOf("fr", "en"))
	add.Flags().BoolVar(&active, "active", false, "usable at once; without it, cards and codes do nothing until 'account state NAME active'")
	list := &cobra.Command{
		Use: "list", Short: "List accounts", Args: cli.Args(0), Example: "  badgehub account list --json",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) ([]api.Account, error) { return c.Accounts(ctx) },
			table("ID\tNAME\tE-MAIL\tKIND\tSTATE", accountLine)),
	}
	state := &cobra.Command{
		Use: "state ACCOUNT STATE", Short: "Set an account to created, invited, active or suspended", Args: cli.Args(2),
		ValidArgsFunction: p.complete(someAccount, oneOf("created", "invited", "active", "suspended")),
		Example:           `  badgehub account state "Ada Byron" suspended`,
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Account, error) {
			return c.SetAccountState(ctx, args[0], args[1])
		}, showAccount),
	}
	edits := &cobra.Command{
		Use: "edits ACCOUNT", Short: "List the changes of a profile", Args: cli.Args(1), Example: "  badgehub account edits anonym1",
		ValidArgsFunction: p.complete(someAccount),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) ([]api.EditVersion, error) {
			return c.Edits(ctx, args[0])
		}, table("AT\tTERMINAL\tFROM\tTO", func(e api.EditVersion) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s", clock(e.At), e.Terminal, profile(e.Before), profile(e.After))
		})),
	}
	return cli.Group("account", "Accounts of people", add, list, state, edits)
}

func profile(p api.Profile) string { return fmt.Sprintf("%q %s %s", p.Name, p.Email, p.Lang) }

func accountLine(a api.Account) string {
	return strings.Join([]string{a.ID[:8], a.Display, a.Email, a.Kind, a.State}, "\t")
}

func showAccount(w io.Writer, a api.Account) {
	fmt.Fprintf(w, "account %s: %s, %s\n", a.ID, a.Display, a.State)
}

func (p *program) claimCommand() *cobra.Command {
	var n api.NewClaim
	add := &cobra.Command{
		Use: "add ACCOUNT", Short: "Issue a code that binds the member's next card", Args: cli.Args(1),
		Example:           "  badgehub claim add ada@example.com --minutes 30 --door front",
		ValidArgsFunction: p.complete(someAccount),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.IssuedClaim, error) {
			n.Account = args[0]
			if n.Minutes == 0 { // for the hub that is none given
				return api.IssuedClaim{}, cli.Usagef("--minutes 0: a code lives for 1 minute or more")
			}
			return c.AddClaim(ctx, n)
		}, func(w io.Writer, c api.IssuedClaim) {
			if c.Voided {
				fmt.Fprintln(w, "The account's former code is void now.")
			}
			fmt.Fprintf(w, "At the door: type *%s, then present the card. Valid once, until %s.\n"+
				"The code is shown only here. To end it: badgehub claim remove %s\n", c.Code, clock(c.Ends), c.ID)
		}),
	}
	add.Flags().StringSliceVar(&n.Doors, "door", nil, "only at this door (can be given several times; default: all)")
	p.completeFlag(add, "door", someDoor)
	add.Flags().IntVar(&n.Minutes, "minutes", 60, "life of the code in minutes")
	list := &cobra.Command{
		Use: "list", Short: "List claims, without their codes, which nobody has", Args: cli.Args(0), Example: "  badgehub claim list",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) ([]api.Claim, error) { return c.Claims(ctx) },
			table("ID\tACCOUNT\tSTATE\tENDS\tDOORS", func(c api.Claim) string {
				return strings.Join([]string{c.ID, c.Account[:8], c.State, clock(c.Ends), orAll(c.Doors)}, "\t")
			})),
	}
	remove := &cobra.Command{
		Use: "remove ID", Short: "End a claim that was not used", Args: cli.Args(1), Example: "  badgehub claim remove 5b0c...",
		ValidArgsFunction: p.complete(someClaim),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (struct{}, error) {
			return struct{}{}, c.RemoveClaim(ctx, args[0])
		}, done("The claim has ended.")),
	}
	return cli.Group("claim", "Codes that bind a card to a member", add, list, remove)
}

func orAll(doors []string) string {
	if len(doors) == 0 {
		return "all"
	}
	return strings.Join(doors, ",")
}

func done(text string) func(io.Writer, struct{}) {
	return func(w io.Writer, _ struct{}) { fmt.Fprintln(w, text) }
}

func (p *program) cardCommand() *cobra.Command {
	var s api.CardState
	list := &cobra.Command{
		Use: "list", Short: "List cards, those with a conflict first", Args: cli.Args(0), Example: "  badgehub card list",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) ([]api.Card, error) { return c.Cards(ctx) },
			table("ID\tOWNER\tSTATE\tCONFLICT", cardLine)),
	}
	state := &cobra.Command{
		Use: "state CARD STATE", Short: "Set a card to active, pending, lost, replaced or revoked, and settle its conflicts", Args: cli.Args(2),
		Example:           "  badgehub card state 41c0ffee lost\n  badgehub card state 41c0ffee active --account ada@example.com",
		ValidArgsFunction: p.complete(someCard, oneOf("active", "pending", "lost", "replaced", "revoked")),
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Card, error) {
			s.State = args[1]
			return c.SetBindingState(ctx, args[0], s)
		}, func(w io.Writer, c api.Card) {
			fmt.Fprintf(w, "card %s of %s: %s\n", c.ID, c.AccountName, c.State)
		}),
	}
	state.Flags().StringVar(&s.Account, "account", "", "make it this account's card")
	p.completeFlag(state, "account", someAccount)
	return cli.Group("card", "Cards and whose they are", list, state)
}

func cardLine(c api.Card) string {
	var conflicts []string
	for _, k := range c.Conflicts {
		conflicts = append(conflicts, fmt.Sprintf("%s (account %.8s at %s)", k.Why, k.Account, k.Terminal))
	}
	return strings.Join([]string{c.ID, c.AccountName, c.State, strings.Join(conflicts, ", ")}, "\t")
}

// clock is a time as a person at the hub reads it.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
