package sqlite_test

import (
	"path/filepath"
	"testing"

	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/hub/store/storetest"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openEmpty(t *testing.T) *store.Store {
	return open(t, filepath.Join(t.TempDir(), "hub.db"))
}

func TestContract(t *testing.T) { storetest.Run(t, openEmpty) }

func TestCopy(t *testing.T) { storetest.Copies(t, openEmpty, openEmpty) }
