package main

import (
	"io"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) adminCommand() *cobra.Command {
	link := &cobra.Command{
		Use: "link [EMAIL]", Short: "Make a link by which an administrator gets in without a password, once; without EMAIL, that of the first one",
		Args:    cli.ArgsBetween(0, 1),
		Example: "  badgehub admin link ada@example.com",
		RunE: ask(p, send[api.NewAdminLink, api.AdminLink]("POST", "/v1/admin-links", func(args []string) (in api.NewAdminLink, err error) {
			if len(args) > 0 {
				in.Email = args[0]
			}
			return in, nil
		}), showAdminLink),
	}
	return cli.Group("admin", "The way in for administrators, where no password helps", link)
}

func showAdminLink(w io.Writer, l api.AdminLink) {
	printText(w, "Open this until %s, and choose a password:\n  %s\n", l.Ends.Local().Format("15:04"), l.Link)
}

func (p *program) accountLink() *cobra.Command {
	var in api.NewAccountLink
	c := &cobra.Command{
		Use: "link ACCOUNT", Short: "Make a link with which the owner activates the account, or resets the password; it is mailed if mails go out",
		Args: cli.Args(1), Example: "  badgehub account link ada@example.com\n  badgehub account link ada@example.com --reset",
		RunE: ask(p, send[api.NewAccountLink, api.AccountLink]("POST", "/v1/accounts/{}/link", func([]string) (api.NewAccountLink, error) { return in, nil }), showAccountLink),
	}
	c.Flags().BoolVar(&in.Reset, "reset", false, "to choose another password, of an account that was activated")
	return c
}

func showAccountLink(w io.Writer, l api.AccountLink) {
	if l.Mailed {
		printText(w, "It is on its way by mail.")
	} else {
		printText(w, "No mail goes out: hand this over.")
	}
	printText(w, " It works once, until %s:\n  %s\n", clock(l.Ends), l.Link)
}
