package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) mailCommand() *cobra.Command {
	mails := list(p, "list", "List mails, newest first, without what they say", "  badgehub mail list --state failed", "/v1/mails",
		"ID\tAT\tSTATE\tPURPOSE\tADDRESSEE\tTRIES\tANSWER", func(m api.Mail) string {
			return tabbed(shortID(m.ID), clock(m.Made), m.State, m.Purpose, m.To, strconv.Itoa(m.Tries), m.Answer)
		}, func(c *cobra.Command, q *query) {
			q.flag(c, "state", "queued, sending, sent, failed or given-up")
			q.flag(c, "account", "to this account")
		})
	show := &cobra.Command{
		Use: "show MAIL", Short: "Show where a mail is on its way", Args: cli.Args(1), Example: "  badgehub mail show 41c0ffee",
		RunE: ask(p, send[any, api.Mail]("GET", "/v1/mails/{}", nothing), p.showMail),
	}
	retry := &cobra.Command{
		Use: "retry MAIL", Short: "Let a mail that failed or waits be tried at once", Args: cli.Args(1), Example: "  badgehub mail retry 41c0ffee",
		RunE: ask(p, send[any, api.Mail]("POST", "/v1/mails/{}/retry", nothing), p.showMail),
	}
	return cli.Group("mail", "Mails on their way out", mails, show, retry, p.mailTest())
}

func (p *program) mailTest() *cobra.Command {
	var t api.TestMail
	c := &cobra.Command{
		Use: "test ADDRESS", Short: "Send a mail that tries the mail server", Args: cli.Args(1), Example: "  badgehub mail test ada@example.com",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Mail, error) {
			t.To = args[0]
			return api.Call[api.Mail](ctx, c, "POST", "/v1/mails/test", t)
		}, func(w io.Writer, m api.Mail) {
			printText(w, "The mail waits to be sent. To see what the server says:  badgehub mail show %s\n", shortID(m.ID))
		}),
	}
	c.Flags().StringVar(&t.Lang, "lang", "", "language of the mail (default: the site's)")
	return c
}

// shortID is enough of an id for people.
func shortID(id string) string { return id[:min(len(id), 8)] }

func (p *program) showMail(w io.Writer, m api.Mail) {
	for _, line := range [][2]string{
		{"id", m.ID}, {"purpose", m.Purpose}, {"to", m.To}, {"language", m.Lang}, {"account", m.AccountName}, {"queued", clock(m.Made)},
		{"state", m.State}, {"tries", strconv.Itoa(m.Tries)}, {"next try", clock(m.Next)}, {"until", clock(m.Ends)},
		{"ended", clock(m.Done)}, {"answer", m.Answer},
	} {
		if line[1] != "" && line[1] != "-" {
			fmt.Fprintf(w, "%s\t%s\n", p.tr(line[0]), line[1])
		}
	}
}
