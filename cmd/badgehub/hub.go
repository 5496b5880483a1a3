package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/internal/paint"
	"badged/sync/hub/api"
)

func (p *program) terminalCommand() *cobra.Command {
	remove := &cobra.Command{
		Use: "remove TERMINAL", Short: "Lock a terminal out at once, as when it was stolen; its events stay", Args: cli.Args(1),
		Example: "  badgehub terminal remove hall\n  badgehub terminal add hall       # later: a box of that name joins anew",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (none, error) {
			return none{}, c.RemoveTerminal(ctx, args[0])
		}, done("The terminal is locked out.")),
	}
	return cli.Group("terminal", "Terminals of the site", p.terminalAdd(), p.terminalList(), remove)
}

func (p *program) terminalList() *cobra.Command {
	var shown []api.Terminal
	c := list(p, "list", "List terminals", "  badgehub terminal list --json\n  badgehub terminal list --search hall", "/v1/terminals",
		"NAME\tSTATE\tLAST SEEN\tDOORS\tEVENTS\tVERSION", func(t api.Terminal) string {
			shown = append(shown, t)
			return p.terminalLine(t)
		}, func(c *cobra.Command, q *query) { q.named(c, searchName, byNameOrNewest, "name", "created") })
	printList := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := printList(c, args); err != nil || p.json {
			return err
		}
		p.showTroubles(p.out(), shown)
		client := p.client()
		defer client.Close()
		return p.advise(c, p.showAlarms(c.Context(), client))
	}
	return c
}

// showTroubles tells, below the list of terminals, what keeps people waiting at them.
func (p *program) showTroubles(w io.Writer, list []api.Terminal) {
	if slices.ContainsFunc(list, func(t api.Terminal) bool { return t.ClaimsClosed }) {
		printText(w, "\n%s  claiming by keypad is closed after too many wrong codes: no code binds a card at any terminal\n"+
			"        what to do: find out who typed them (badgehub event list --reason code_refused), then open it again: badgehub site reopen\n",
			paint.Text(p.stdio.Out, p.env, paint.Red, p.tr("CLOSED")))
	}
	for _, t := range list {
		if rows := strangeRows(t); rows != "" && !t.Removed {
			printText(w, "\n%s  the agent of %s does not understand everything (%s): that gives no right there\n"+
				"         what to do: update badged on %s to the version of this hub\n",
				paint.Text(p.stdio.Out, p.env, paint.Red, p.tr("TOO OLD")), t.Name, rows, t.Name)
		}
	}
}

// strangeRows says how many rows of which collections a terminal does not understand.
func strangeRows(t api.Terminal) string {
	var counts []string
	for _, c := range t.Vector {
		if c.NotUnderstood > 0 {
			counts = append(counts, fmt.Sprintf("%s: %d", c.Name, c.NotUnderstood))
		}
	}
	return strings.Join(counts, ", ")
}

func (p *program) terminalLine(t api.Terminal) string {
	state := "not joined"
	switch {
	case t.Connected:
		state = "connected"
	case t.Joined:
		state = "away"
	case t.Removed:
		state = "removed"
	}
	events := strconv.FormatUint(t.Upto["ev"]+t.Upto["sec"], 10)
	return tabbed(t.Name, p.tr(state), clock(t.LastSeen), strings.Join(t.Doors, ","), events, t.Agent)
}

func (p *program) eventCommand() *cobra.Command {
	var after uint64
	follow := &cobra.Command{
		Use: "follow", Short: "List events as they come, from now on", Args: cli.Args(0), Example: "  badgehub event follow --json",
	}
	follow.Flags().Uint64Var(&after, "after", 0, "also those after this id")
	follow.RunE = func(c *cobra.Command, _ []string) error {
		client := p.client()
		defer client.Close()
		err := client.Follow(c.Context(), given(follow.Flags().Changed, "after", &after), p.printEvent)
		if c.Context().Err() != nil {
			return nil
		}
		return p.advise(c, err)
	}
	return cli.Group("event", "What happened at the terminals", p.eventList(), follow)
}

func (p *program) eventList() *cobra.Command {
	var format string
	var limit int
	q := &query{}
	c := &cobra.Command{
		Use: "list", Short: "List events, newest first", Args: cli.Args(0),
		Example: "  badgehub event list --since today --door front\n  badgehub event list --since 2030-01-01 --until 2030-01-31 --format csv > january.csv",
	}
	q.flag(c, "since", "from today, a day (2030-01-31) or a time in RFC 3339 on")
	q.flag(c, "until", "until the end of a day, or a time")
	q.flag(c, "door", "at this door or point")
	q.flag(c, "terminal", "of this terminal")
	q.flag(c, "account", "of this account")
	q.flag(c, "card", "with this card, by 8 digits of its id")
	q.flag(c, "reason", "with this reason, as docs/reasons.md lists them")
	q.flag(c, "kind", "presentation, enrolment, session, edit, door or device")
	q.flag(c, "outcome", "granted, refused, waiting or faulty")
	c.Flags().StringVar(&format, "format", "text", "text, csv or json")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many; 0: all")
	c.RunE = func(c *cobra.Command, _ []string) error { return p.listEvents(c, q, format, limit) }
	return c
}

func (p *program) listEvents(c *cobra.Command, q *query, format string, limit int) error {
	if limit < 0 {
		return cli.Usagef("--limit %d is less than none", limit)
	}
	print, flush := lines(p, eventHeadings, func(e api.Event) string { return tabbed(p.eventColumns(e)...) })
	switch format {
	case "text":
	case "json":
		p.json = true
	case "csv":
		print, flush = eventCSV(p.stdio.Out)
	default:
		return cli.Usagef("--format %q: it is text, csv or json", format)
	}
	client := p.client()
	defer client.Close()
	values, n := q.values(c), 0
	values.Set("limit", strconv.Itoa(pageSize(limit)))
	err := api.List(c.Context(), client, "/v1/events", values, func(e api.Event) error {
		if n++; limit > 0 && n > limit {
			return errEnough
		}
		return print(e)
	})
	if err != nil && err != errEnough {
		return p.advise(c, err)
	}
	if ended := flush(); ended != nil {
		return ended
	}
	if err == errEnough && format == "text" && !p.json {
		printText(p.err(), "(there are more: --limit 0 lists all)\n")
	}
	return nil
}

// printEvent prints one line for an event that has just come: its columns are as wide as
// those of most events.
func (p *program) printEvent(e api.Event) error {
	if p.json {
		return foreign.JSON(p.stdio.Out, e)
	}
	foreign.Clean(&e)
	var columns []any
	for _, c := range p.eventColumns(e) {
		columns = append(columns, c)
	}
	line := fmt.Sprintf("%6s  %s  %-8s  %-8s  %-10s  %-16s  %s  %s", columns...)
	_, err := fmt.Fprintln(p.stdio.Out, strings.TrimRight(line, " "))
	return err
}

const eventHeadings = "ID\tAT\tOUTCOME\tTERMINAL\tWHERE\tREASON\tCARD\tWHO"

// eventColumns is an event in the columns of a table. What has no outcome has its kind in
// that place.
func (p *program) eventColumns(e api.Event) []string {
	outcome := e.Outcome
	if said(outcome) == "" {
		outcome = e.Kind
	}
	where := e.Point
	for _, more := range []string{e.Door, e.Device} {
		if more != "" && more != e.Point {
			where = strings.TrimSpace(where + " " + more)
		}
	}
	reason := said(e.Reason)
	if e.Why != "" {
		reason += " (" + e.Why + ")"
	}
	who := e.AccountName
	if e.Count > 0 && (e.Kind == "presentation" || e.Reason == "device_alarm") {
		who = strings.TrimSpace(fmt.Sprintf(p.tr("%s (%d more that are not listed)"), who, e.Count))
	}
	return []string{strconv.FormatUint(e.ID, 10), clock(e.At), outcome, e.Terminal, where, reason, fmt.Sprintf("%-8s", e.Card), who}
}

// said is a word of an event, where none is said in no word.
func said(word string) string {
	if word == "none" {
		return ""
	}
	return word
}

// eventCSV prints events for a spreadsheet. A text that a spreadsheet would take for a
// formula gets a quote before it.
func eventCSV(out io.Writer) (print func(api.Event) error, flush func() error) {
	w := csv.NewWriter(out)
	head := []string{"id", "at", "received", "terminal", "point", "door", "kind", "outcome", "reason", "account", "account_name", "card"}
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		return w.Write(head)
	}
	print = func(e api.Event) error {
		if err := begin(); err != nil {
			return err
		}
		at, _ := e.At.MarshalText()
		received, _ := e.Received.MarshalText()
		row := []string{
			strconv.FormatUint(e.ID, 10), string(at), string(received), e.Terminal, e.Point, e.Door, e.Kind, e.Outcome, e.Reason, e.Account, e.AccountName, e.Card,
		}
		for i, cell := range row {
			row[i] = foreign.Cell(foreign.Line(cell))
		}
		return w.Write(row)
	}
	flush = func() error {
		err := begin()
		w.Flush()
		if err == nil {
			err = w.Error()
		}
		return err
	}
	return print, flush
}

func (p *program) auditCommand() *cobra.Command {
	entries := list(p, "list", "List who did what, newest first", "  badgehub audit list --since today --action account.", "/v1/audit",
		"SEQ\tAT\tWHO\tACTION\tOBJECT\tBEFORE -> AFTER", func(e api.AuditEntry) string {
			return tabbed(strconv.FormatUint(e.Seq, 10), clock(e.At), actor(e.Actor), e.Action, object(e), named(e, p.changes(e.Before, e.After)))
		}, func(c *cobra.Command, q *query) {
			q.flag(c, "since", "from today, a day or a time on")
			q.flag(c, "action", "actions that begin so: account., card.give")
			q.flag(c, "object", "of this object: an id, a door's name")
			q.flag(c, "account", "about this account")
		})
	verify := &cobra.Command{
		Use: "verify", Short: "Check that no line was changed or taken out", Args: cli.Args(0), Example: "  badgehub audit verify",
	}
	verify.RunE = func(c *cobra.Command, args []string) error {
		var proof api.AuditProof
		err := ask(p, func(ctx context.Context, c *api.Client, _ []string) (_ api.AuditProof, err error) {
			proof, err = api.Call[api.AuditProof](ctx, c, "GET", "/v1/audit/verify", nil)
			return proof, err
		}, showProof)(c, args)
		if err == nil && !proof.Whole {
			err = cli.Errorf("the audit log was changed: the lines above do not verify")
		}
		return err
	}
	return cli.Group("audit", "Who did what at the hub", entries, verify)
}

func showProof(w io.Writer, v api.AuditProof) {
	printText(w, "lines\t%d (%d to %d), %d with erased personal fields\nlast hash\t%s\n", v.Lines, v.First, v.Last, v.Erased, v.Head)
	for _, f := range v.Faults {
		printText(w, "WRONG\tline %d: %s\n", f.Seq, f.Problem)
	}
	if v.Whole {
		printText(w, "The log is whole. Keep number and hash of the last line elsewhere, to see later whether lines at its end are gone.\n")
	}
}

// actor is who made a change.
func actor(a api.Actor) string { return a.Kind + " " + cmp.Or(a.Name, a.ID) }

// object is what a line of the audit log is about.
func object(e api.AuditEntry) string { return named(e, e.Object) }

// named puts the name of an account beside the beginning of its id, in place of the rest.
func named(e api.AuditEntry, text string) string {
	if e.SubjectName == "" {
		return text
	}
	return strings.ReplaceAll(text, e.Subject, e.Subject[:8]+" "+e.SubjectName)
}

// changes is what a line of the audit log says, in one column: what is new or gone, and
// what changed as before -> after.
func (p *program) changes(before, after map[string]any) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(merged(before, after))) {
		was, is := plain(before[k]), plain(after[k])
		switch {
		case was == is:
		case is == "":
			all = append(all, k+"="+was+" -> "+p.tr("(none)"))
		case was == "":
			all = append(all, k+"="+is)
		default:
			all = append(all, k+"="+was+" -> "+is)
		}
	}
	return strings.Join(all, " ")
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return all
}

// plain is a value of the audit log as a person reads it; nothing is empty.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, _ := json.Marshal(v) // it came out of JSON
	return string(text)
}

func (p *program) siteCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "Show the settings", Args: cli.Args(0), Example: "  badgehub site show",
		RunE: ask(p, func(ctx context.Context, c *api.Client, _ []string) (api.Site, error) { return c.Site(ctx) }, p.showSite),
	}
	set := &cobra.Command{
		Use: "set NAME=VALUE...", Short: "Change settings; terminals hear of it at once", Args: cobra.MinimumNArgs(0),
		Example: "  badgehub site set unknown_badge=refuse code_digits=6",
		RunE: ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Site, error) {
			settings, err := parseSettings(args)
			if err != nil {
				return api.Site{}, err
			}
			return c.Set(ctx, settings)
		}, p.showSite),
	}
	reopen := &cobra.Command{
		Use: "reopen", Short: "Open claiming by keypad again, after too many wrong codes closed it", Args: cli.Args(0),
		Example: "  badgehub site reopen",
		RunE:    ask(p, func(ctx context.Context, c *api.Client, _ []string) (api.Site, error) { return c.Reopen(ctx) }, p.showSite),
	}
	return cli.Group("site", "Settings of the site", show, set, reopen)
}

func parseSettings(args []string) (map[string]string, error) {
	settings := map[string]string{}
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return nil, cli.Usagef("%q sets nothing: say NAME=VALUE, with a name of `badgehub site show`", a)
		}
		settings[strings.ReplaceAll(name, "-", "_")] = value
	}
	if len(settings) == 0 {
		return nil, cli.Usagef("nothing to set (see `badgehub site set --help`)")
	}
	return settings, nil
}

func (p *program) showSite(w io.Writer, s api.Site) {
	printText(w, "site\t%s\n", s.ID)
	if s.ClaimsClosed {
		printText(w, "claiming\tCLOSED after too many wrong codes: look at the events, then `badgehub site reopen`\n")
	} else {
		printText(w, "claiming\topen\n")
	}
	for _, v := range s.Settings {
		fmt.Fprintf(w, "%s\t%s\t%s%s\n", v.Name, v.Value, v.Words, p.bounds(v))
	}
}

// bounds says what a setting may be.
func (p *program) bounds(s api.Setting) string {
	switch {
	case len(s.Choices) > 0:
		return " (" + strings.Join(s.Choices, ", ") + ")"
	case s.Kind == "flag":
		return " (true, false)"
	case s.Max > 0:
		return fmt.Sprintf(p.tr(" (%s, %d to %d)"), s.Kind, s.Min, s.Max)
	default:
		return ""
	}
}

func (p *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the database to a new file while the hub runs", Args: cli.Args(1),
		Example: "  badgehub backup /srv/backup/hub-$(date +%F).db",
		Long: "Copy the database to a new file while the hub runs. The file and its folder must be writable for the user of the hub. " +
			"The keys in the hub's folder are no part of it: copy *.key and ca.crt once, to another place; without them a backup is of no use.",
		RunE: ask(p, send[api.Backup, api.Backup]("POST", "/v1/backup", func(args []string) (api.Backup, error) {
			path, err := filepath.Abs(args[0])
			return api.Backup{Path: path}, err
		}), func(w io.Writer, b api.Backup) { printText(w, "The backup is whole: %s\n", b.Path) }),
	}
}
