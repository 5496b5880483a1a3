package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"badged/internal/rig/pgserver"
	"badged/sync/hub/store/postgres"
)

// The budgets of a hub on PostgreSQL, against the same hub on SQLite: a transaction costs a
// few conversations with the server, and a search the same look into an index.
const (
	budgetServerImport = 5.0
	budgetServerAdd    = 5.0
	budgetServerSearch = 20.0
	sidePeople         = 5_000
)

// Databases measures the same work on both databases of a hub, in the same run: PostgreSQL
// of Debian's package, with a server that syncs its files, against SQLite.
type Databases struct{}

// Measure gives a row for each kind of work, in time that passes.
func (Databases) Measure(ctx context.Context) (_ []Row, err error) {
	server, err := pgserver.Start(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "badged-bench-")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a folder for the bench: %w", err), server.Stop())
	}
	defer func() { err = errors.Join(err, server.Stop(), os.RemoveAll(dir)) }()
	file, err := openCrowd(ctx, dir, "hub.db")
	if err != nil {
		return nil, err
	}
	onFile, err := file.work(ctx)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	url, err := server.NewDatabase(ctx)
	if err != nil {
		return nil, err
	}
	s, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	onServer, err := (&crowd{Store: s}).work(ctx)
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return onServer.against(onFile), nil
}

// sideWork is how long each kind of work took.
type sideWork struct{ imported, added, searched float64 }

// work does the work on one database.
func (c *crowd) work(ctx context.Context) (w sideWork, err error) {
	start := time.Now()
	if _, err = c.importN(ctx, sidePeople); err != nil {
		return w, err
	}
	w.imported = time.Since(start).Seconds()
	start = time.Now()
	for range addsMeasured {
		if err = c.fill(ctx, 1); err != nil {
			return w, err
		}
	}
	w.added = micros(time.Since(start)) / addsMeasured
	times, err := c.search(ctx, lastName)
	if err == nil {
		w.searched = micros(quantile(times, 0.95))
	}
	return w, err
}

func (w sideWork) against(file sideWork) []Row {
	what := fmt.Sprintf("a hub on PostgreSQL against one on SQLite, %d people", sidePeople)
	return []Row{
		against("postgres_import", "s", w.imported, file.imported, budgetServerImport).of(what),
		against("postgres_add", "µs", w.added, file.added, budgetServerAdd).of(what),
		against("postgres_search", "µs", w.searched, file.searched, budgetServerSearch).of(what),
	}
}
