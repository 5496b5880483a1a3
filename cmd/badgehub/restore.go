package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
	"badged/sync/hub/store/sqlite"
)

func (p *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the database, while the hub is stopped", Args: cli.Args(1),
		Example: "  badgehub restore /srv/backup/hub-2030-01-31.db    # after: systemctl stop badgehub",
		RunE:    func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0]) },
	}
}

// restore keeps the database that is there under another name: a wrong backup loses nothing.
func (p *program) restore(ctx context.Context, backup string) error {
	client := p.client()
	defer client.Close()
	if _, err := client.Site(ctx); !errors.Is(err, api.ErrNotRunning) {
		return fmt.Errorf("the hub of %s runs: stop it first", p.dir)
	}
	path := filepath.Join(p.dir, "hub.db")
	kept, err := putAside(path)
	if err != nil {
		return err
	}
	if err := sqlite.Restore(ctx, backup, path); err != nil {
		return errors.Join(err, bringBack(path, kept))
	}
	fmt.Fprintf(p.stdio.Out, "%s is the backup now.\n", path)
	if kept != "" {
		fmt.Fprintf(p.stdio.Out, "The former database is %s.\n", kept)
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
