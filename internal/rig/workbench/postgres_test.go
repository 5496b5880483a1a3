//go:build postgres

package workbench

import (
	"context"
	"testing"

	"badged/internal/rig/pgserver"
	"badged/sync/hub/store/postgres"
)

// TestStoryOnPostgreSQL plays the whole story with a hub that keeps its site in PostgreSQL. It
// looks there in the end: the hub was not on a file.
func TestStoryOnPostgreSQL(t *testing.T) {
	server, err := pgserver.Start(context.Background(), pgserver.NoSync)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BADGEHUB_DB", url)
	t.Run("story", TestStory)
	st, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if site, err := st.SiteID(t.Context(), ""); err != nil || site == "" {
		t.Errorf("there is no site in the database: %v", err)
	}
}
