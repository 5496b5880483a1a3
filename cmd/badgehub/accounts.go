package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/sync/hub/api"
)

func (p *program) accountCommand() *cobra.Command {
	requests := list(p, "requests", "List who typed somebody else's e-mail at a panel", "  badgehub account requests", "/v1/merge-requests",
		"ACCOUNT\tTYPED THE E-MAIL OF\tTERMINAL\tAT", func(r api.MergeRequest) string {
			return tabbed(r.Account[:8]+" "+r.AccountName, r.Into[:8]+" "+r.IntoName, r.Terminal, clock(r.At))
		}, nil)
	edits := list(p, "edits ACCOUNT", "List the changes of a profile at panels", "  badgehub account edits anonym1", "/v1/accounts/{}/edits",
		"AT\tTERMINAL\tFROM\tTO", func(e api.EditVersion) string {
			to := profile(e.After)
			if e.Waits {
				to += p.tr(" (waits to be confirmed)")
			}
			return tabbed(clock(e.At), e.Terminal, profile(e.Before), to)
		}, nil)
	return cli.Group("account", "Accounts of people", p.accountAdd(), p.accountList(), p.accountShow(), p.accountEdit(), p.accountState(), p.accountLink(),
		p.accountMerge(), p.accountErase(), p.accountExport(), p.accountImport(), p.accountUndoImport(), p.accountImports(), edits, requests)
}

func (p *program) accountAdd() *cobra.Command {
	var n api.NewAccount
	var active, admin bool
	c := &cobra.Command{
		Use: "add NAME", Short: "Make an account for a person", Args: cli.Args(1),
		Example: `  badgehub account add "Ada Byron" --email ada@example.com --active`,
		RunE: ask(p, send[api.NewAccount, api.Account]("POST", "/v1/accounts", func(args []string) (api.NewAccount, error) {
			n.Name = args[0]
			if active {
				n.State = "active"
			}
			if admin {
				n.Role = "admin"
			}
			return n, nil
		}), showAccount),
	}
	f := c.Flags()
	f.StringVar(&n.First, "first", "", "first name, where it is not the first word of NAME")
	f.StringVar(&n.Last, "last", "", "last name, where it is not the other words of NAME")
	f.StringVar(&n.Email, "email", "", "e-mail address")
	f.StringVar(&n.Lang, "lang", "", "language, fr or en (default: the site's)")
	f.BoolVar(&active, "active", false, "usable at once; without it, cards and codes do nothing until 'account state NAME active'")
	f.BoolVar(&admin, "admin", false, "an administrator")
	return c
}

func (p *program) accountList() *cobra.Command {
	return list(p, "list", "List accounts", "  badgehub account list --search byron\n  badgehub account list --state suspended --json",
		"/v1/accounts", "ID\tNAME\tE-MAIL\tKIND\tSTATE\tGROUPS", p.accountLine, func(c *cobra.Command, q *query) {
			q.flag(c, "search", "a word of the name, or the beginning of the e-mail")
			q.flag(c, "kind", "person, anonymous or service")
			q.flag(c, "state", "created, invited, active, suspended, merged or erased (default: all but the last two)")
			q.flag(c, "group", "members of this group")
			q.flag(c, "order", "name (unless said), created (newest first) or number")
		})
}

func (p *program) accountLine(a api.Account) string {
	email := a.Email
	if a.TypedEmail != "" {
		email = a.TypedEmail + p.tr(" (typed, not confirmed)")
	}
	name := a.Display
	if !a.NameAttested && a.First != "" {
		name += p.tr(" (typed)")
	}
	return tabbed(a.ID[:8], name, email, a.Kind, a.State, strings.Join(a.Groups, ","))
}

func (p *program) accountShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ACCOUNT", Short: "Show an account", Args: cli.Args(1), Example: "  badgehub account show ada@example.com",
		RunE: ask(p, send[any, api.Account]("GET", "/v1/accounts/{}", nothing), func(w io.Writer, a api.Account) {
			numbers := []string{}
			for _, n := range a.Aliases {
				numbers = append(numbers, "anonym"+strconv.FormatUint(n, 10))
			}
			for _, l := range [][2]string{
				{"id", a.ID}, {"name", a.Display}, {"first", a.First}, {"last", a.Last}, {"e-mail", a.Email}, {"typed e-mail", a.TypedEmail},
				{"kind", a.Kind}, {"state", a.State}, {"role", a.Role}, {"rights", strings.Join(a.Rights, ", ")}, {"language", a.Lang}, {"groups", strings.Join(a.Groups, ", ")},
				{"aliases", strings.Join(numbers, ", ")}, {"source", a.Source}, {"created", clock(a.Created)}, {"expires", clock(a.Expires)},
				{"merged into", a.MergedTo},
			} {
				if l[1] != "" && l[1] != "-" {
					fmt.Fprintf(w, "%s\t%s\n", p.tr(l[0]), l[1])
				}
			}
		}),
	}
}

func (p *program) accountEdit() *cobra.Command {
	var name, first, last, email, lang, role string
	c := &cobra.Command{
		Use: "edit ACCOUNT", Short: "Change name, e-mail, language or role", Args: cli.Args(1),
		Example: "  badgehub account edit anonym7 --name \"Ada Byron\" --email ada@example.com",
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", "full name: its first word is the first name")
	f.StringVar(&first, "first", "", "first name")
	f.StringVar(&last, "last", "", "last name")
	f.StringVar(&email, "email", "", "e-mail address; empty: none")
	f.StringVar(&lang, "lang", "", "fr or en; empty: the site's")
	f.StringVar(&role, "role", "", "user or admin")
	c.RunE = ask(p, send[api.AccountPatch, api.Account]("PATCH", "/v1/accounts/{}", func([]string) (api.AccountPatch, error) {
		patch := api.AccountPatch{
			Name: given(f.Changed, "name", &name), First: given(f.Changed, "first", &first), Last: given(f.Changed, "last", &last),
			Email: given(f.Changed, "email", &email), Lang: given(f.Changed, "lang", &lang), Role: given(f.Changed, "role", &role),
		}
		if patch == (api.AccountPatch{}) {
			return patch, cli.Usagef("nothing to change (see `badgehub account edit --help`)")
		}
		return patch, nil
	}), showAccount)
	return c
}

// given is value if its flag was given, and else nil.
func given[T any](changed func(string) bool, name string, value *T) *T {
	if !changed(name) {
		return nil
	}
	return value
}

func (p *program) accountState() *cobra.Command {
	return &cobra.Command{
		Use: "state ACCOUNT STATE", Short: "Set an account to invited, active or suspended", Args: cli.Args(2),
		Example: `  badgehub account state "Ada Byron" suspended`,
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Account, error) {
			return c.SetAccountState(ctx, args[0], args[1])
		}, showAccount),
	}
}

func (p *program) accountMerge() *cobra.Command {
	return &cobra.Command{
		Use: "merge ACCOUNT INTO", Short: "End an account whose owner has another one: cards and grants become the other's", Args: cli.Args(2),
		Example: "  badgehub account merge anonym7 ada@example.com",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Account, error) {
			return api.Call[api.Account](ctx, c, "POST", "/v1/accounts/"+url.PathEscape(args[0])+"/merge", api.Merge{Into: args[1]})
		}, showAccount),
	}
}

func (p *program) accountErase() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "erase ACCOUNT", Short: "Forget who somebody was, for good: name, e-mail, cards, rights, and what the audit log says of them", Args: cli.Args(1),
		Example: "  badgehub account erase ada@example.com --yes",
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it: nothing brings it back")
	c.RunE = ask(p, send[any, api.Account]("POST", "/v1/accounts/{}/erase", func(args []string) (any, error) {
		if !yes {
			return nil, cli.Usagef("this cannot be undone: look with `badgehub account show %s`, then say --yes", args[0])
		}
		return nil, nil
	}), showAccount)
	return c
}

func profile(v api.Profile) string { return fmt.Sprintf("%q %s %s", v.Name, v.Email, v.Lang) }

func showAccount(w io.Writer, a api.Account) {
	printText(w, "account %s: %s, %s\n", a.ID, a.Display, a.State)
}

func (p *program) groupCommand() *cobra.Command {
	groups := list(p, "list", "List groups", "  badgehub group list\n  badgehub group list --search staff", "/v1/groups", "GROUP\tMEMBERS",
		func(g api.Group) string { return tabbed(g.Name, strconv.Itoa(g.Members)) }, func(c *cobra.Command, q *query) {
			q.named(c, searchName, byNameOrNewest, "name", "created")
		})
	add := &cobra.Command{
		Use: "add GROUP", Short: "Make a group", Args: cli.Args(1), Example: "  badgehub group add Staff",
		RunE: ask(p, send[api.NewGroup, api.Group]("POST", "/v1/groups", func(args []string) (api.NewGroup, error) { return api.NewGroup{Name: args[0]}, nil }), showGroup),
	}
	rename := &cobra.Command{
		Use: "rename GROUP NAME", Short: "Give a group another name", Args: cli.Args(2), Example: "  badgehub group rename Staff Team",
		RunE: ask(p, send[api.NewGroup, api.Group]("PATCH", "/v1/groups/{}", func(args []string) (api.NewGroup, error) { return api.NewGroup{Name: args[1]}, nil }), showGroup),
	}
	remove := &cobra.Command{
		Use: "remove GROUP", Short: "Remove a group with its grants", Args: cli.Args(1), Example: "  badgehub group remove Staff",
		RunE: ask(p, send[any, none]("DELETE", "/v1/groups/{}", nothing), done("The group is gone, and the grants that named it.")),
	}
	join := &cobra.Command{
		Use: "join GROUP ACCOUNT", Short: "Make an account a member", Args: cli.Args(2), Example: "  badgehub group join Staff ada@example.com",
		RunE: ask(p, send[any, api.Account]("PUT", "/v1/groups/{}/members/{}", nothing), showGroups),
	}
	leave := &cobra.Command{
		Use: "leave GROUP ACCOUNT", Short: "End a membership", Args: cli.Args(2), Example: "  badgehub group leave Staff ada@example.com",
		RunE: ask(p, send[any, api.Account]("DELETE", "/v1/groups/{}/members/{}", nothing), showGroups),
	}
	return cli.Group("group", "Accounts that get rights together", groups, add, rename, remove, join, leave)
}

func showGroup(w io.Writer, g api.Group) { printText(w, "group %s\n", g.Name) }

func showGroups(w io.Writer, a api.Account) {
	printText(w, "%s is in: %s\n", a.Display, strings.Join(a.Groups, ", "))
}

func (p *program) pinCommand() *cobra.Command {
	add := &cobra.Command{
		Use: "add ACCOUNT", Short: "Give an account a new PIN, which is shown once", Args: cli.Args(1), Example: "  badgehub pin add ada@example.com",
		RunE: ask(p, send[any, api.PIN]("POST", "/v1/accounts/{}/pin", nothing), func(w io.Writer, v api.PIN) {
			printText(w, "PIN %s\nIt is shown only here. A former PIN of the account works no more.\n", v.PIN)
		}),
	}
	remove := &cobra.Command{
		Use: "remove ACCOUNT", Short: "End the PIN of an account", Args: cli.Args(1), Example: "  badgehub pin remove ada@example.com",
		RunE: ask(p, send[any, none]("DELETE", "/v1/accounts/{}/pin", nothing), done("The PIN works no more.")),
	}
	return cli.Group("pin", "Codes with which members log in at printers", add, remove)
}

func (p *program) accountImport() *cobra.Command {
	var preview, active bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Bring in people from a spreadsheet's CSV file; the same file again goes on where it stopped", Args: cli.Args(1),
		Example: "  badgehub account import people.csv --preview\n  badgehub account import people.csv --active",
		Long: "Bring in people from a spreadsheet's CSV file. Columns are known by their headers, in French or English: first and last name,\n" +
			"e-mail, language, external id, groups, card numbers, last day. Encoding and delimiter are found out.",
	}
	c.Flags().BoolVar(&preview, "preview", false, "only show what would happen, line by line")
	c.Flags().BoolVar(&active, "active", false, "new accounts are usable at once")
	c.RunE = func(c *cobra.Command, args []string) error {
		return p.advise(c, p.importFile(c.Context(), args[0], preview, active))
	}
	return c
}

func (p *program) importFile(ctx context.Context, path string, preview, active bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	q := url.Values{"name": {filepath.Base(path)}}
	if preview {
		q.Set("preview", "1")
	}
	if active {
		q.Set("state", "active")
	}
	client := p.client()
	defer client.Close()
	var last api.Import
	err = client.Import(ctx, f, q, func(s api.ImportStep) error {
		if s.Import != nil {
			last = *s.Import
		}
		return p.printStep(s)
	})
	if err != nil {
		return err
	}
	if last.Wrong > 0 {
		return cli.Errorf("wrong lines: %d. Mend them and import the file again; lines that are in stay as they are", last.Wrong)
	}
	return nil
}

// printStep prints a line of an import, or how far it is: that is for the eyes only.
func (p *program) printStep(s api.ImportStep) error {
	switch {
	case p.json:
		return foreign.JSON(p.stdio.Out, s)
	case s.Line != nil:
		foreign.Clean(s.Line)
		var notes []string
		for _, n := range s.Line.Notes {
			notes = append(notes, n.Text)
		}
		line := fmt.Sprintf(p.tr("line %d  %-7s  %-8.8s  %s  %s"), s.Line.Line, s.Line.Result, s.Line.Account, s.Line.Name, strings.Join(notes, " "))
		_, err := fmt.Fprintln(p.stdio.Out, strings.TrimRight(line, " "))
		return err
	case s.Import != nil:
		i := s.Import
		printText(p.err(), "%d of %d lines: %d new, %d changed, %d the same, %d wrong\n", i.Done, i.Lines, i.New, i.Changed, i.Same, i.Wrong)
		p.sayUndo(i)
	}
	return nil
}

// sayUndo tells below how far an import is how it is taken back.
func (p *program) sayUndo(i *api.Import) {
	if i.ID == "" {
		printText(p.err(), "(a preview: nothing has changed)\n")
		return
	}
	printText(p.err(), "(to take it back: badgehub account undo-import %s)\n", i.ID)
}

func (p *program) accountExport() *cobra.Command {
	return &cobra.Command{
		Use: "export ACCOUNT", Short: "Print what the hub keeps about a person, as JSON, for them to read", Args: cli.Args(1),
		Example: "  badgehub account export ada@example.com > ada.json",
		RunE: ask(p, send[any, api.Export]("POST", "/v1/accounts/{}/export", nothing), func(w io.Writer, e api.Export) {
			out := json.NewEncoder(w)
			out.SetIndent("", "  ")
			_ = out.Encode(e) // what cannot be written, the flush tells
		}),
	}
}

func (p *program) accountImports() *cobra.Command {
	return list(p, "imports", "List what was imported", "  badgehub account imports --limit 10", "/v1/imports", "ID\tFILE\tAT\tLINES\tNEW\tERRORS\tUNDONE",
		func(i api.Import) string {
			lines := fmt.Sprintf("%d/%d", i.Done, i.Lines)
			return tabbed(i.ID, i.Name, clock(i.Started), lines, strconv.Itoa(i.New), strconv.Itoa(i.Wrong), strconv.FormatBool(i.Undone))
		}, func(c *cobra.Command, q *query) {
			q.named(c, "words of the name of the file, or their beginnings", "created (newest first, unless said), or name", "created", "name")
		})
}

func (p *program) accountUndoImport() *cobra.Command {
	return &cobra.Command{
		Use: "undo-import ID", Short: "Take the accounts back that an import made", Args: cli.Args(1), Example: "  badgehub account undo-import 5b0c...",
		RunE: ask(p, send[any, api.Import]("POST", "/v1/imports/{}/undo", nothing), func(w io.Writer, i api.Import) {
			printText(w, "The %d accounts that the import made are gone. What it changed of others stays as it is.\n", i.New)
		}),
	}
}
