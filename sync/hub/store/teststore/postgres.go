//go:build postgres

// Package teststore opens the store that tests of the hub's domain run on: SQLite, and
// PostgreSQL with the build tag postgres.
package teststore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"badged/internal/rig/pgserver"
	"badged/sync/hub/store"
	"badged/sync/hub/store/postgres"
)

// started starts the server of this process once, when a test asks for a database.
var started = sync.OnceValues(func() (*pgserver.Server, error) { return pgserver.Start(context.Background(), pgserver.NoSync) })

// Open opens the store that belongs to a folder, or makes it. A file in the folder says which
// database that is, also to another process.
func Open(ctx context.Context, dir string, now func() time.Time) (*store.Store, error) {
	file := filepath.Join(dir, "url")
	url, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		url, err = newDatabase(ctx, file)
	}
	if err != nil {
		return nil, err
	}
	return postgres.OpenWithClock(ctx, string(url), now)
}

func newDatabase(ctx context.Context, file string) ([]byte, error) {
	server, err := started()
	if err != nil {
		return nil, err
	}
	url, err := server.NewDatabase(ctx)
	if err != nil {
		return nil, err
	}
	return []byte(url), os.WriteFile(file, []byte(url), 0o600)
}

// Main runs the tests of a package and stops the server then.
func Main(m *testing.M) int {
	code := m.Run()
	server, err := started()
	if err == nil {
		err = server.Stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
