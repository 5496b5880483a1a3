package main

import (
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

// whenFlags are the flags of a moment at a door.
func whenFlags(c *cobra.Command, q *query) {
	q.flag(c, "at", "the moment: 2030-01-31T18:30 in the site's time zone, or RFC 3339 (default: now)")
	q.flag(c, "clock", "unknown: as if the terminal did not know the time")
}

func (p *program) doorWho() *cobra.Command {
	return list(p, "who DOOR", "List who has a right to a door, and what would happen now",
		"  badgehub door who front\n  badgehub door who front --at 2030-01-31T22:00 --passing", "/v1/doors/{}/who",
		"ACCOUNT\tNAME\tPASSES\tWHY\tGRANT", func(v api.Passing) string {
			grant := ""
			if v.Grant != nil {
				grant = p.grantLine(*v.Grant)
			}
			return tabbed(v.Account[:8], v.AccountName, p.yesNo(v.Passes), v.Reason, grant)
		}, func(c *cobra.Command, q *query) {
			whenFlags(c, q)
			q.mark(c, "passing", "only those who pass at that moment")
		})
}

func (p *program) yesNo(b bool) string {
	if b {
		return p.tr("yes")
	}
	return p.tr("no")
}

func (p *program) doorTry() *cobra.Command {
	q := &query{}
	c := &cobra.Command{
		Use: "try DOOR ACCOUNT", Short: "Say what the door would do if this person came, and why", Args: cli.Args(2),
		Example: "  badgehub door try front ada@example.com\n  badgehub door try front ada@example.com --at 2030-01-31T22:00",
		Long: "Say what the door would do if this person came, and why. The answer is by the very rule of the terminals: account, card, " +
			"groups, grants, schedules and holidays. A terminal that is away is taken to stay away until then.",
	}
	whenFlags(c, q)
	c.RunE = func(c *cobra.Command, args []string) error {
		values := q.values(c)
		values.Set("account", args[1])
		path := "/v1/doors/" + url.PathEscape(args[0]) + "/try?" + values.Encode()
		return ask(p, send[any, api.Passing]("GET", path, nothing), p.showPassing)(c, args)
	}
	return c
}

func (p *program) showPassing(w io.Writer, v api.Passing) {
	opens := "The door %s stays shut for %s (%s) at %s.\n\n"
	if v.Passes {
		opens = "The door %s opens for %s (%s) at %s.\n\n"
	}
	printText(w, opens, v.Door, v.AccountName, v.Account[:8], clock(v.At))
	printText(w, "why\t%s (%s)\n", v.Text, v.Reason)
	if v.Grant != nil {
		printText(w, "grant\t%s: %s\n", v.Grant.ID, p.grantLine(*v.Grant))
	}
	if v.Card != "" {
		printText(w, "card\t%s\n", v.Card)
	}
	if v.Rests {
		printText(w, "careful\tother rights rest until the account has a first and a last name\n")
	}
	if v.Todo != "" {
		printText(w, "to do\t%s\n", v.Todo)
	}
	switch {
	case v.Terminal == "":
		printText(w, "careful\tno terminal has said that it serves this door\n")
	case !v.Heard.IsZero():
		printText(w, "careful\tits terminal %s is away since %s, and may not know the latest changes\n", v.Terminal, clock(v.Heard))
	}
}
