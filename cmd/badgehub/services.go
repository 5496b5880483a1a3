package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) serviceCommand() *cobra.Command {
	all := list(p, "list", "List what the organisation offers", "  badgehub service list", "/v1/services",
		"SERVICE\tFRENCH\tKIND\tFOR\tLINK", p.serviceLine, nil)
	has := list(p, "has ACCOUNT", "List what an account sees: an administrator all, others what is for everyone, their own and their groups' services",
		"  badgehub service has ada@example.com", "/v1/accounts/{}/services", "SERVICE\tFRENCH\tKIND\tFOR\tLINK", p.serviceLine, nil)
	who := list(p, "who SERVICE", "List the accounts that have a service of their own", "  badgehub service who Copies",
		"/v1/services/{}/accounts", "ID\tNAME\tE-MAIL\tKIND\tSTATE\tGROUPS", p.accountLine, nil)
	remove := &cobra.Command{
		Use: "remove SERVICE", Short: "Remove a service: nobody has it any more", Args: cli.Args(1), Example: "  badgehub service remove Copies",
		RunE: ask(p, send[any, none]("DELETE", "/v1/services/{}", nothing), done("The service is gone, and nobody has it.")),
	}
	return cli.Group("service", "What the organisation offers its people, and who has it", p.serviceAdd(), p.serviceEdit(), all, has, who,
		p.assigning("give", "Assign a service to an account or, with --group, to a group", "PUT"),
		p.assigning("take", "Take a service back from an account or, with --group, from a group", "DELETE"), remove)
}

func (p *program) serviceLine(s api.Service) string {
	whom := strings.Join(s.Groups, ",")
	if s.Everyone {
		whom = p.tr("everyone")
	}
	return tabbed(s.English, s.French, s.Kind, cmp.Or(whom, "-"), s.Link)
}

func showService(w io.Writer, s api.Service) {
	printText(w, "service %s (%s), %s, ", s.English, s.French, s.Kind)
	switch {
	case s.Everyone:
		printText(w, "for everyone\n")
	case len(s.Groups) > 0:
		printText(w, "for %s and the accounts that it is assigned to\n", strings.Join(s.Groups, ", "))
	default:
		printText(w, "for those that it is assigned to\n")
	}
}

func (p *program) serviceAdd() *cobra.Command {
	var n api.NewService
	c := &cobra.Command{
		Use: "add KIND", Short: "Make a service: print, copy, scan, fax or link", Args: cli.Args(1),
		Example: "  badgehub service add copy --en Copies --fr Copie\n" +
			"  badgehub service add link --en Help --fr Aide --link https://intranet.example.com/help --everyone",
		RunE: ask(p, send[api.NewService, api.Service]("POST", "/v1/services", func(args []string) (api.NewService, error) {
			n.Kind = args[0]
			return n, nil
		}), showService),
	}
	f := c.Flags()
	f.StringVar(&n.English, "en", "", "its name in English")
	f.StringVar(&n.French, "fr", "", "its name in French")
	f.StringVar(&n.Link, "link", "", "address that a link leads to")
	f.BoolVar(&n.Everyone, "everyone", false, "each account has it, also those that are still to come")
	return c
}

func (p *program) serviceEdit() *cobra.Command {
	var fr, en, link string
	var everyone bool
	c := &cobra.Command{
		Use: "edit SERVICE", Short: "Change the names of a service, its address, or whether everyone has it", Args: cli.Args(1),
		Example: "  badgehub service edit Copies --everyone=false",
	}
	f := c.Flags()
	f.StringVar(&en, "en", "", "its name in English")
	f.StringVar(&fr, "fr", "", "its name in French")
	f.StringVar(&link, "link", "", "address that a link leads to")
	f.BoolVar(&everyone, "everyone", false, "each account has it")
	c.RunE = ask(p, send[api.ServicePatch, api.Service]("PATCH", "/v1/services/{}", func([]string) (api.ServicePatch, error) {
		patch := api.ServicePatch{
			French: given(f.Changed, "fr", &fr), English: given(f.Changed, "en", &en), Link: given(f.Changed, "link", &link),
			Everyone: given(f.Changed, "everyone", &everyone),
		}
		if patch == (api.ServicePatch{}) {
			return patch, cli.Usagef("nothing to change (see `badgehub service edit --help`)")
		}
		return patch, nil
	}), showService)
	return c
}

// assigning makes the command that assigns a service, or takes it back.
func (p *program) assigning(verb, short, method string) *cobra.Command {
	var group bool
	c := &cobra.Command{
		Use: verb + " SERVICE WHO", Short: short, Args: cli.Args(2),
		Example: "  badgehub service " + verb + " Copies ada@example.com\n  badgehub service " + verb + " Copies Staff --group",
	}
	c.Flags().BoolVar(&group, "group", false, "WHO is a group")
	c.RunE = func(c *cobra.Command, args []string) error {
		path := "/v1/services/{}/accounts/{}"
		if group {
			path = "/v1/services/{}/groups/{}"
		}
		return ask(p, send[any, api.Service](method, path, nothing), showService)(c, args)
	}
	return c
}

func (p *program) roleCommand() *cobra.Command {
	all := list(p, "list", "List who may manage something", "  badgehub role list", "/v1/managers", "ID\tNAME\tE-MAIL\tSTATE\tMANAGES",
		func(a api.Account) string {
			manages := strings.Join(a.Rights, ",")
			if a.Role == "admin" {
				manages = p.tr("everything (admin)")
			}
			return tabbed(a.ID[:8], a.Display, a.Email, a.State, manages)
		}, nil)
	set := &cobra.Command{
		Use: "set ACCOUNT ROLE", Short: "Make somebody an administrator, who may manage everything, or a user again", Args: cli.Args(2),
		Example: "  badgehub role set ada@example.com admin",
		RunE: ask(p, send[api.AccountPatch, api.Account]("PATCH", "/v1/accounts/{}", func(args []string) (api.AccountPatch, error) {
			return api.AccountPatch{Role: &args[1]}, nil
		}), showRole),
	}
	allow := &cobra.Command{
		Use: "allow ACCOUNT RIGHT", Short: "Let a user manage members, cards, doors, events, terminals, mail, services, audit or settings", Args: cli.Args(2),
		Example: "  badgehub role allow desk@example.com members\n  badgehub role allow desk@example.com cards",
		RunE:    ask(p, send[any, api.Account]("PUT", "/v1/accounts/{}/rights/{}", nothing), showRole),
	}
	forbid := &cobra.Command{
		Use: "forbid ACCOUNT RIGHT", Short: "Take a right away", Args: cli.Args(2), Example: "  badgehub role forbid desk@example.com cards",
		RunE: ask(p, send[any, api.Account]("DELETE", "/v1/accounts/{}/rights/{}", nothing), showRole),
	}
	return cli.Group("role", "Who may manage what on the hub's web", all, set, allow, forbid)
}

func showRole(w io.Writer, a api.Account) {
	switch {
	case a.Role == "admin":
		printText(w, "%s may manage: everything\n", a.Display)
	case len(a.Rights) > 0:
		printText(w, "%s may manage: %s\n", a.Display, strings.Join(a.Rights, ", "))
	default:
		printText(w, "%s may manage: nothing\n", a.Display)
	}
}

func (p *program) noticeCommand() *cobra.Command {
	all := list(p, "list", "List the versions of the privacy notice, newest first", "  badgehub notice list", "/v1/notices", "VERSION\tSINCE\tSHORT TEXT\tLINK",
		func(n api.Notice) string {
			return tabbed(fmt.Sprint(n.Version), clock(n.Since), n.ShortEnglish, n.Link)
		}, nil)
	answers := list(p, "answers ACCOUNT", "List what an account answered to the versions of the notice", "  badgehub notice answers ada@example.com",
		"/v1/accounts/{}/answers", "VERSION\tANSWER\tAT\tWHERE", func(k api.NoticeAnswer) string {
			return tabbed(fmt.Sprint(k.Version), k.Answer, clock(k.At), strings.TrimSpace(k.Channel+" "+k.Terminal))
		}, nil)
	return cli.Group("notice", "The privacy notice that people agree to before anything else", p.noticePublish(), all, answers)
}

func (p *program) noticePublish() *cobra.Command {
	var n api.NewNotice
	c := &cobra.Command{
		Use: "publish FRENCH-FILE ENGLISH-FILE", Short: "Put a new version in force: everybody is asked again at the next login", Args: cli.Args(2),
		Example: "  badgehub notice publish notice.fr.txt notice.en.txt --short-fr \"Nous gardons vos passages 3 mois.\" --short-en \"We keep your passages for 3 months.\"",
		Long: "Put a new version of the privacy notice in force. Everybody is asked again at the next login, on the web and at panels.\n" +
			"The files are plain text in UTF-8: an empty line between paragraphs, a # in front of a heading.",
		RunE: ask(p, send[api.NewNotice, api.Notice]("POST", "/v1/notices", func(args []string) (api.NewNotice, error) {
			for i, text := range []*string{&n.French, &n.English} {
				b, err := readText(args[i])
				if err != nil {
					return n, err
				}
				*text = b
			}
			return n, nil
		}), func(w io.Writer, n api.Notice) {
			printText(w, "version %d is in force: everybody is asked at the next login\n", n.Version)
		}),
	}
	f := c.Flags()
	f.StringVar(&n.ShortFrench, "short-fr", "", "what a panel without a keyboard shows, in French")
	f.StringVar(&n.ShortEnglish, "short-en", "", "what a panel without a keyboard shows, in English")
	f.StringVar(&n.Link, "link", "", "address of the whole notice, which such a panel shows as a QR code")
	return c
}

// mostText is how long a file of a notice may be; the hub has a bound of its own.
const mostText = 1 << 20

// readText reads a text file.
func readText(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostText))
	if err != nil {
		return "", cli.Errorf("read %s: %w", path, err)
	}
	return strings.TrimPrefix(string(b), "\ufeff"), nil
}
