package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) claimCommand() *cobra.Command {
	var n api.NewClaim
	add := &cobra.Command{
		Use: "add ACCOUNT", Short: "Issue a code that binds the member's next card", Args: cli.Args(1),
		Example: "  badgehub claim add ada@example.com --minutes 30 --door front",
		RunE: ask(p, send[api.NewClaim, api.IssuedClaim]("POST", "/v1/claims", func(args []string) (api.NewClaim, error) {
			n.Account = args[0]
			if n.Minutes == 0 { // for the hub that is none given
				return n, cli.Usagef("--minutes 0: a code lives for 1 minute or more")
			}
			return n, nil
		}), showIssued),
	}
	add.Flags().StringSliceVar(&n.Doors, "door", nil, "only at this door (can be given several times; default: all)")
	add.Flags().IntVar(&n.Minutes, "minutes", 60, "life of the code in minutes")
	claims := list(p, "list", "List claims, without their codes, which nobody has", "  badgehub claim list", "/v1/claims",
		"ID\tACCOUNT\tSTATE\tENDS\tDOORS", func(c api.Claim) string {
			return tabbed(c.ID, whoIs(c.Account, c.AccountName), c.State, clock(c.Ends), p.orAll(c.Doors))
		}, func(c *cobra.Command, q *query) { q.flag(c, "account", "of this account") })
	remove := &cobra.Command{
		Use: "remove CLAIM", Short: "End a claim that was not used", Args: cli.Args(1), Example: "  badgehub claim remove 5b0c...",
		RunE: ask(p, send[any, none]("DELETE", "/v1/claims/{}", nothing), done("The claim has ended.")),
	}
	return cli.Group("claim", "Codes that bind a card to a member", add, claims, remove)
}

func showIssued(w io.Writer, c api.IssuedClaim) {
	for _, warning := range c.Warnings {
		printText(w, "Careful: %s\n", warning.Text)
	}
	printText(w, "At the door: type *%s, then present the card. Valid once, until %s.\n"+
		"The code is shown only here. To end it: badgehub claim remove %s\n", c.Code, clock(c.Ends), c.ID)
}

func (p *program) cardCommand() *cobra.Command {
	var s api.CardState
	state := &cobra.Command{
		Use: "state CARD CARDSTATE", Short: "Set a card to active, pending, lost, replaced or revoked, and settle its conflicts", Args: cli.Args(2),
		Example: "  badgehub card state 41c0ffee lost\n  badgehub card state 41c0ffee active --account ada@example.com",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Card, error) {
			s.State = args[1]
			return c.SetCardState(ctx, args[0], s)
		}, showCard),
	}
	state.Flags().StringVar(&s.Account, "account", "", "make it this account's card")
	var g api.CardGift
	give := &cobra.Command{
		Use: "give CARD ACCOUNT", Short: "Give a card that a terminal saw, and that nobody has, to a person", Args: cli.Args(2),
		Example: "  badgehub card give 5c2f8b60 ada@example.com    # of `badgehub card list --unknown --since today`",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Card, error) {
			g.Account = args[1]
			return api.Call[api.Card](ctx, c, "POST", "/v1/cards/"+url.PathEscape(args[0])+"/give", g)
		}, showCard),
	}
	give.Flags().StringVar(&g.Expires, "until", "", "a temporary card: its last day (2030-01-31), or a time in RFC 3339")
	free := &cobra.Command{
		Use: "free CARD", Short: "Make a card unknown again: a visitor gave it back", Args: cli.Args(1), Example: "  badgehub card free 5c2f8b60",
		RunE: ask(p, send[any, none]("DELETE", "/v1/cards/{}", nothing), done("The card is nobody's.")),
	}
	show := &cobra.Command{
		Use: "show CARD", Short: "Show a card, and where its present state has arrived", Args: cli.Args(1), Example: "  badgehub card show 41c0ffee",
		RunE: ask(p, send[any, api.Card]("GET", "/v1/cards/{}", nothing), func(w io.Writer, c api.Card) {
			showCard(w, c)
			saySpread(w, c)
		}),
	}
	return cli.Group("card", "Cards and whose they are", p.cardList(), show, give, p.prepareCommand(), state, free)
}

// cardList lists cards, or with --unknown those that nobody has.
func (p *program) cardList() *cobra.Command {
	known := list(p, "list", "List cards, those with a conflict first", "  badgehub card list\n  badgehub card list --unknown --since today",
		"/v1/cards", "ID\tOWNER\tSTATE\tCONFLICT", p.cardLine, func(c *cobra.Command, q *query) {
			q.flag(c, "account", "of this account")
			q.flag(c, "state", "in this state")
			q.mark(c, "contested", "those that two people want")
			q.flag(c, "since", "with --unknown: today, a day, or a time in RFC 3339")
		})
	unknown := list(p, "list", "", "", "/v1/cards/unknown", "ID\tTERMINAL\tPOINT\tLAST SEEN\tTIMES\tWHY", func(u api.UnknownCard) string {
		return tabbed(u.ID, u.Terminal, u.Point, clock(u.At), fmt.Sprint(u.Times), u.Reason)
	}, func(c *cobra.Command, q *query) { q.flag(c, "since", "") })
	isUnknown := known.Flags().Bool("unknown", false, "those that terminals saw and that nobody has")
	listKnown := known.RunE
	known.RunE = func(c *cobra.Command, args []string) error {
		if *isUnknown {
			return runUnknown(unknown, c)
		}
		if c.Flags().Changed("since") {
			return cli.Usagef("--since goes with --unknown")
		}
		return listKnown(c, args)
	}
	return known
}

// runUnknown lists the cards that nobody has, with the flags of `card list`. It refuses flags
// that ask for somebody's cards.
func runUnknown(unknown, given *cobra.Command) error {
	for _, name := range []string{"account", "state", "contested"} {
		if given.Flags().Changed(name) {
			return cli.Usagef("--%s is about cards that somebody has: it does not go with --unknown", name)
		}
	}
	for _, name := range []string{"since", "limit"} {
		if f := given.Flags().Lookup(name); f.Changed {
			if err := unknown.Flags().Set(name, f.Value.String()); err != nil {
				return err
			}
		}
	}
	unknown.SetContext(given.Context())
	return unknown.RunE(unknown, nil)
}

func showCard(w io.Writer, c api.Card) {
	printText(w, "card %s of %s: %s\n", c.ID, c.AccountName, c.State)
}

// saySpread says where the present state of a card has arrived.
func saySpread(w io.Writer, c api.Card) {
	s := c.Spread
	switch {
	case s == nil || s.OfTerminals == 0:
		printText(w, "no terminal has to know of it\n")
	case len(s.Missing) > 0 && s.OfDoors > 0:
		printText(w, "%s %s, applied at %d of %d doors; not yet: %s\n", c.State, clock(c.Changed), s.Doors, s.OfDoors, strings.Join(s.Missing, ", "))
	case len(s.Missing) > 0:
		printText(w, "%s %s, applied at %d of %d terminals; not yet: %s\n", c.State, clock(c.Changed), s.Terminals, s.OfTerminals, strings.Join(s.Missing, ", "))
	case s.OfDoors > 0:
		printText(w, "%s %s, applied at %d of %d doors at %s\n", c.State, clock(c.Changed), s.Doors, s.OfDoors, clock(s.At))
	default:
		printText(w, "%s %s, applied at %d of %d terminals at %s\n", c.State, clock(c.Changed), s.Terminals, s.OfTerminals, clock(s.At))
	}
}

// whoIs is an account by its name, or by its id if it has none.
func whoIs(id, name string) string { return cmp.Or(name, id[:min(len(id), 8)]) }

func (p *program) cardLine(c api.Card) string {
	var conflicts []string
	for _, k := range c.Conflicts {
		conflicts = append(conflicts, fmt.Sprintf(p.tr("%s (%s at %s)"), k.Why, whoIs(k.Account, k.AccountName), k.Terminal))
	}
	return tabbed(c.ID, c.AccountName, c.State, strings.Join(conflicts, ", "))
}
