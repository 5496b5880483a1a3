package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/sync/hub/api"
)

// exitCode is what the process ends with after an error that is not one of usage.
func exitCode(err error) int {
	if errors.Is(err, api.ErrNotRunning) {
		return cli.ExitTemporary
	}
	return cli.ExitFailed
}

// program is what all commands share.
type program struct {
	env    func(string) string
	stdio  cli.Stdio
	dir    string
	socket string
	db     string
	json   bool
}

// Run is the whole program. It ends when ctx does.
func Run(ctx context.Context, args []string, env func(string) string, stdio cli.Stdio) error {
	p := &program{env: env, stdio: stdio}
	root := cli.Group("badgehub", "The central server of a site's badge terminals, and the tool that manages it",
		p.serveCommand(), p.accountCommand(), p.groupCommand(), p.serviceCommand(), p.roleCommand(), p.noticeCommand(), p.cardCommand(), p.claimCommand(), p.pinCommand(), p.doorCommand(),
		p.grantCommand(), p.scheduleCommand(), p.holidayCommand(), p.terminalCommand(), p.releaseCommand(), p.eventCommand(), p.auditCommand(), p.alarmCommand(), p.mailCommand(),
		p.siteCommand(), p.adminCommand(), p.backupCommand(), p.restoreCommand(), p.databaseCommand())
	root.Example = `  badgehub serve                      # start a hub; makes all it needs
  badgehub terminal add hall          # how a terminal joins it
  badgehub account add "Ada Byron" --active`
	root.Version = version
	flags := root.PersistentFlags()
	flags.StringVar(&p.dir, "dir", p.defaultDir(), "folder of the hub's data")
	flags.Lookup("dir").DefValue = p.tr("/var/lib/badgehub for root, ~/.local/share/badgehub for others")
	_ = root.MarkPersistentFlagDirname("dir") // the only error is that of a flag that is not there
	flags.StringVar(&p.socket, "socket", "", "admin socket of the hub (default DIR/hub.sock)")
	flags.BoolVar(&p.json, "json", false, "print JSON: one object a line, times in RFC 3339")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	p.offer(root)
	p.speakIn(root, p.lang())
	return p.inWords(cli.Execute(ctx, root, args, stdio))
}

// defaultDir is /var/lib/badgehub for root, and the user's data folder for others.
func (p *program) defaultDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/badgehub"
	}
	if data := p.env("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "badgehub")
	}
	return filepath.Join(p.env("HOME"), ".local", "share", "badgehub")
}

func (p *program) socketPath() string {
	if p.socket != "" {
		return p.socket
	}
	return filepath.Join(p.dir, "hub.sock")
}

func (p *program) client() *api.Client {
	return api.NewClient(p.socketPath(), p.dir, p.lang())
}

// ask is the body of a command that calls the hub once: call does, show prints what
// came for a person.
func ask[T any](p *program, call func(context.Context, *api.Client, []string) (T, error), show func(io.Writer, T)) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		client := p.client()
		defer client.Close()
		v, err := call(c.Context(), client, args)
		if err != nil {
			return p.advise(c, err)
		}
		if p.json {
			return foreign.JSON(p.stdio.Out, v)
		}
		foreign.Clean(&v)
		w := tabwriter.NewWriter(p.stdio.Out, 0, 4, 2, ' ', 0)
		show(speech{w, p.lang()}, v)
		return w.Flush()
	}
}

// send makes a call of one path, in which {} stands for the arguments; in makes its body.
func send[In, Out any](method, path string, in func([]string) (In, error)) func(context.Context, *api.Client, []string) (Out, error) {
	return func(ctx context.Context, c *api.Client, args []string) (out Out, err error) {
		v, err := in(args)
		if err != nil {
			return out, err
		}
		return api.Call[Out](ctx, c, method, fill(path, args), v)
	}
}

// fill puts arguments in the place of {}.
func fill(path string, args []string) string {
	for _, a := range args {
		path = strings.Replace(path, "{}", url.PathEscape(a), 1)
	}
	return path
}

func nothing([]string) (any, error) { return nil, nil }

type none struct{}

// query are the flags of a list, which are those of its path.
type query struct{ names []string }

// flag adds a flag to a list.
func (q *query) flag(c *cobra.Command, name, help string) {
	q.names = append(q.names, name)
	c.Flags().String(name, "", help)
}

// mark adds a flag without a value to a list.
func (q *query) mark(c *cobra.Command, name, help string) {
	q.names = append(q.names, name)
	c.Flags().Bool(name, false, help)
}

// named adds the flags of a list of things that go by a name, and offers its orders to shells.
func (q *query) named(c *cobra.Command, search, help string, orders ...string) {
	q.flag(c, "search", search)
	q.flag(c, "order", help)
	// The only error is that of a flag that is not there.
	_ = c.RegisterFlagCompletionFunc("order", cobra.FixedCompletions(orders, cobra.ShellCompDirectiveNoFileComp))
}

// searchName is what --search finds in a list of things that go by a name.
const searchName = "words of the name, or their beginnings"

const byNameOrNewest = "name (unless said), or created (newest first)"

func (q *query) values(c *cobra.Command) url.Values {
	v := url.Values{}
	for _, name := range q.names {
		if f := c.Flags().Lookup(name); f.Changed {
			v.Set(strings.ReplaceAll(name, "-", "_"), f.Value.String())
		}
	}
	return v
}

// lines prints the rows of a list as they come: with --json one object a line, else a
// table that is laid out page by page.
func lines[T any](p *program, headings string, row func(T) string) (each func(T) error, end func() error) {
	w := tabwriter.NewWriter(p.stdio.Out, 0, 4, 2, ' ', 0)
	n := 0
	each = func(v T) error {
		if p.json {
			return foreign.JSON(p.stdio.Out, v)
		}
		foreign.Clean(&v)
		if n%pageLines == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintln(w, headingsIn(p.lang(), headings))
		}
		n++
		_, err := fmt.Fprintln(w, row(v))
		return err
	}
	end = func() error {
		if n == 0 && !p.json {
			printText(p.err(), noRows)
		}
		return w.Flush()
	}
	return each, end
}

// pageLines is how many lines of a table are laid out together.
const pageLines = 500

var errEnough = errors.New("enough")

// list makes a command that lists rows of a path. --limit bounds how many; the hub gives
// them page by page.
func list[T any](p *program, use, short, example, path, headings string, row func(T) string, flags func(*cobra.Command, *query)) *cobra.Command {
	q := &query{}
	limit := 0
	c := &cobra.Command{Use: use, Short: short, Example: example, Args: cli.Args(strings.Count(path, "{}"))}
	if flags != nil {
		flags(c, q)
	}
	c.Flags().IntVar(&limit, "limit", 0, "at most so many (default: all)")
	c.RunE = func(c *cobra.Command, args []string) error {
		if limit < 0 {
			return cli.Usagef("--limit %d is less than none", limit)
		}
		client := p.client()
		defer client.Close()
		each, end := lines(p, headings, row)
		values, n := q.values(c), 0
		values.Set("limit", strconv.Itoa(pageSize(limit)))
		err := api.List(c.Context(), client, fill(path, args), values, func(v T) error {
			if n++; limit > 0 && n > limit {
				return errEnough
			}
			return each(v)
		})
		if err != nil && !errors.Is(err, errEnough) {
			return p.advise(c, err)
		}
		return end()
	}
	return c
}

// pageSize is how many rows are asked for at once.
func pageSize(limit int) int {
	if limit == 0 {
		return 1000
	}
	return min(limit+1, 1000)
}

// advise adds what to do to a refusal of the hub's.
func (p *program) advise(c *cobra.Command, err error) error {
	var e *api.Error
	if !errors.As(err, &e) {
		return err
	}
	if hint := advice[e.Code].in(p.lang()); hint != "" {
		return fmt.Errorf("%w %s", err, strings.ReplaceAll(hint, "{command}", c.CommandPath()))
	}
	return err
}

// clock is a time as the clocks of the site show it.
func clock(t api.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateTime)
}

func done(text string) func(io.Writer, none) {
	return func(w io.Writer, _ none) { printText(w, text); fmt.Fprintln(w) }
}

func (p *program) orAll(names []string) string {
	if len(names) == 0 {
		return p.tr("all")
	}
	return strings.Join(names, ",")
}

// tabbed joins the columns of a line.
func tabbed(columns ...string) string { return strings.Join(columns, "\t") }
