//go:build !postgres

// Package teststore opens the store that tests of the hub's domain run on: SQLite, and
// PostgreSQL with the build tag postgres.
package teststore

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
)

// Open opens the store that belongs to a folder, or makes it.
func Open(ctx context.Context, dir string, now func() time.Time) (*store.Store, error) {
	return sqlite.OpenWithClock(ctx, filepath.Join(dir, "hub.db"), now)
}

// Main runs the tests of a package.
func Main(m *testing.M) int { return m.Run() }
