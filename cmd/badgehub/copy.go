package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
	"badged/sync/hub/store"
)

func (p *program) databaseCommand() *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use: "copy", Short: "Copy the whole site into another, empty database, while the hub is stopped", Args: cli.Args(0),
		Long: "copy moves a site between SQLite and PostgreSQL, or to another server. What is not given of --from\n" +
			"and --to is the hub's own database: that of $" + databaseEnv + ", whose address may have a password, else\n" +
			"DIR/hub.db. The site is compared on both sides; if anything fails, nothing is in the other database.\n" +
			"The keys stay in DIR.",
		Example: "  badgehub db copy --from /var/lib/badgehub/hub.db --to postgres://hub@db.example.com/badged",
		RunE:    func(c *cobra.Command, _ []string) error { return p.copyDatabase(c.Context(), from, to) },
	}
	c.Flags().StringVar(&from, "from", "", "database with the site: a file, or postgres://USER@HOST/NAME without a password")
	c.Flags().StringVar(&to, "to", "", "empty database, or a file that is not there yet")
	return cli.Group("db", "The database that the site is in", c)
}

// copyDatabase copies the site and says how to start the hub on the copy.
func (p *program) copyDatabase(ctx context.Context, fromFlag, toFlag string) error {
	from, to, err := p.copyBetween(fromFlag, toFlag)
	if err != nil {
		return err
	}
	if err := p.checkStopped(ctx); err != nil {
		return err
	}
	if from.url == "" {
		if _, err := os.Lstat(from.path); errors.Is(err, fs.ErrNotExist) {
			return cli.Errorf("there is no database %s to copy (give the one with the site with --from)", from.path)
		}
	}
	rows, err := p.copySite(ctx, from, to)
	if err != nil {
		return err
	}
	printText(p.out(), "The site is copied: %d rows, the same on both sides.\n"+
		"Start the hub on the copy (--db, or %s), and take the old database away,\nso that no start finds it: %s\n", rows, databaseEnv, from.what())
	return nil
}

// copyBetween says from where to where.
func (p *program) copyBetween(fromFlag, toFlag string) (from, to database, err error) {
	if fromFlag == "" && toFlag == "" {
		return from, to, cli.Usagef("say with --from or --to which database to copy: one that is not given is the hub's own")
	}
	read := func(flag, text string) (database, error) {
		if text == "" {
			return p.ownDatabase()
		}
		return databaseOfFlag(flag, text)
	}
	if from, err = read("from", fromFlag); err == nil {
		to, err = read("to", toFlag)
	}
	if err == nil && from.same(to) {
		err = cli.Usagef("--from and --to are the same database")
	}
	return from, to, err
}

// checkStopped refuses while the hub of the folder runs, or may run.
func (p *program) checkStopped(ctx context.Context) error {
	client := p.client()
	defer client.Close()
	_, err := client.Site(ctx)
	switch {
	case errors.Is(err, api.ErrNotRunning):
		return nil
	case err == nil:
		return cli.Errorf("the hub of %s runs: stop it first", p.dir)
	default:
		return cli.Errorf("find out whether the hub of %s is stopped: %w", p.dir, err)
	}
}

func (p *program) copySite(ctx context.Context, from, to database) (rows int, err error) {
	source, err := from.open(ctx)
	if err != nil {
		return 0, err
	}
	defer source.Close()
	site, err := source.SiteID(ctx, "")
	if err != nil {
		return 0, err
	}
	if site == "" {
		return 0, cli.Errorf("there is no site in %s (give the database that has it with --from)", from.what())
	}
	target, err := to.open(ctx)
	if err != nil {
		return 0, err
	}
	defer target.Close()
	copied, err := store.Copy(ctx, source, target, p.progress())
	if errors.Is(err, store.ErrNotEmpty) {
		return 0, cli.Errorf("%w (give an empty one with --to)", err)
	}
	for _, c := range copied {
		rows += c.Rows
	}
	return rows, err
}

// progressEvery is how often a long copy says how far it is.
const progressEvery = 2 * time.Second

// progress tells how far a copy is: each table with rows once, a large one again and again.
func (p *program) progress() func(table string, rows int, done bool) {
	said := time.Now()
	return func(table string, rows int, done bool) {
		if done && rows == 0 || !done && time.Since(said) < progressEvery {
			return
		}
		said = time.Now()
		if done {
			printText(p.err(), "copied %s: %d\n", table, rows)
		} else {
			printText(p.err(), "copying %s: %d so far\n", table, rows)
		}
	}
}
