package main

import (
	"fmt"
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
				grant = grantLine(*v.Grant)
			}
			return tabbed(v.Account[:8], v.AccountName, yesNo(v.Passes), v.Reason, grant)
		}, func(c *cobra.Command, q *query) {
			whenFlags(c, q)
			q.mark(c, "passing", "only those who pass at that moment")
		})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
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
		return ask(p, send[any, api.Passing]("GET", path, nothing), showPassing)(c, args)
	}
	return c
}

func showPassing(w io.Writer, v api.Passing) {
	opens := "stays shut"
	if v.Passes {
		opens = "opens"
	}
	fmt.Fprintf(w, "The door %s %s for %s (%s) at %s.\n\n", v.Door, opens, v.AccountName, v.Account[:8], clock(v.At))
	fmt.Fprintf(w, "why\t%s (%s)\n", v.Text, v.Reason)
	if v.Grant != nil {
		fmt.Fprintf(w, "grant\t%s: %s\n", v.Grant.ID, grantLine(*v.Grant))
	}
	if v.Card != "" {
		fmt.Fprintf(w, "card\t%s\n", v.Card)
	}
	if v.Rests {
		fmt.Fprintln(w, "careful\tother rights rest until the account has a first and a last name")
	}
	if v.Todo != "" {
		fmt.Fprintf(w, "to do\t%s\n", v.Todo)
	}
	switch {
	case v.Terminal == "":
		fmt.Fprintln(w, "careful\tno terminal has said that it serves this door")
	case !v.Heard.IsZero():
		fmt.Fprintf(w, "careful\tits terminal %s is away since %s, and may not know the latest changes\n", v.Terminal, clock(v.Heard))
	}
}
