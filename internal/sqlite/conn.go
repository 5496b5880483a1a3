package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
)

// The write-ahead log starts again from its beginning when it holds this many
// bytes, and is cut back to twice that after a large transaction.
const walBytes = 512 << 10

// connector opens connections to one file and sets them up with pragmas in the
// given order (the driver's own _pragma parameters are sorted by name, which would
// set the page size after the journal mode, without effect).
type connector struct {
	dsn     string
	pragmas []string
}

// writer opens with psow=0 (no powersafe overwrite, https://sqlite.org/uri.html): SQLite
// then fills a block of the log with every commit, and logs all pages of a block of the
// file together. A block that a power cut tears so holds nothing of an earlier commit.
// It syncs with fdatasync, see dataSync.
func writer(o Options, path string) *connector {
	return &connector{dsn(path, "mode=rw&psow=0&_txlock=immediate&vfs="+dataSyncName), []string{
		"busy_timeout = 10000",
		fmt.Sprintf("page_size = %d", o.PageSize),
		"journal_mode = wal",
		"synchronous = full",
		"foreign_keys = on",
		"trusted_schema = off",
		"cell_size_check = on",
		fmt.Sprintf("cache_size = -%d", orDefault(o.CacheKiB, 1024)),
		fmt.Sprintf("wal_autocheckpoint = %d", max(walBytes/max(o.PageSize, 512), 100)),
		fmt.Sprintf("journal_size_limit = %d", 2*walBytes),
	}}
}

func reader(o Options) *connector {
	return &connector{dsn(o.Path, "mode=ro"), []string{
		"busy_timeout = 10000",
		"query_only = on",
		"trusted_schema = off",
		"cell_size_check = on",
		fmt.Sprintf("cache_size = -%d", orDefault(o.ReadCacheKiB, orDefault(o.CacheKiB, 1024))),
	}}
}

// dsn is a URI in which no character of the path can be mistaken for a parameter.
func dsn(path, query string) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query}).String()
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := registerDataSync(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, err
	}
	for _, p := range c.pragmas {
		if _, err := conn.(driver.ExecerContext).ExecContext(ctx, "PRAGMA "+p, nil); err != nil {
			_ = conn.Close() // the first error is the one to tell
			return nil, fmt.Errorf("pragma %s: %w", p, err)
		}
	}
	return cacheStatements(conn.(driverConn)), nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }
