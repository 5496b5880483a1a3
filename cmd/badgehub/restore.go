package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/store/sqlite"
)

func (p *program) restoreCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the database, while the hub is stopped", Args: cli.Args(1),
		Example: "  badgehub restore /srv/backup/hub-2030-01-31.db    # after: systemctl stop badgehub",
		RunE:    func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0]) },
	}
	p.databaseFlag(c)
	return c
}

// restore keeps the database that is there under another name: a wrong backup loses nothing.
func (p *program) restore(ctx context.Context, backup string) error {
	db, err := p.ownDatabase()
	if err != nil {
		return err
	}
	if db.url != "" {
		return cli.Errorf("the hub's database is in PostgreSQL: put its backup back with pg_restore, into an empty database")
	}
	if err := p.checkStopped(ctx); err != nil {
		return err
	}
	path := db.path
	kept, err := putAside(path)
	if err != nil {
		return err
	}
	if err := sqlite.Restore(ctx, backup, path); err != nil {
		return errors.Join(err, bringBack(path, kept))
	}
	printText(p.out(), "%s is the backup now.\n", path)
	if kept != "" {
		printText(p.out(), "The former database is %s.\n", kept)
	}
	return nil
}

// databaseFiles are what SQLite keeps beside a database's file, by what follows its name.
var databaseFiles = []string{"", "-wal", "-shm"}

// putAside renames a database; kept is its new name, empty if there was none.
func putAside(path string) (kept string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	kept = path + ".before-" + time.Now().UTC().Format("20060102T150405Z")
	return kept, rename(path, kept)
}

func bringBack(path, kept string) error {
	if kept == "" {
		return nil
	}
	return rename(kept, path)
}

func rename(from, to string) error {
	for _, suffix := range databaseFiles {
		if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
