package terminal

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/health"
)

// Issue 7, 6: after an end that was not in order the whole database is read beside all else. One
// that contradicts itself, as by a block that another file's data was written to, is red.
func TestADatabaseThatContradictsItselfShowsInStatus(t *testing.T) {
	r := newRig(t, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "state", "badged.db")
		opened := func() *store.Store {
			s, err := store.Open(t.Context(), store.Options{Path: path, Terminal: "hall", Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := opened()
		err := s.Update(t.Context(), func(tx enroll.Tx) error {
			return tx.Append(enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DeviceUp, Device: "first reader"})
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		s = opened()
		cut := map[string][]byte{}
		for _, name := range []string{path, path + ".witness"} {
			if cut[name], err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		other := bytes.ReplaceAll(cut[path], []byte("first reader"), []byte("other reader"))
		if bytes.Equal(other, cut[path]) {
			t.Fatal("the event is not in the file")
		}
		cut[path] = other
		for name, content := range cut {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if it := r.await("database", health.Fail); !strings.Contains(it.Text, "contradicts itself") || !strings.Contains(it.Do, "badgectl outbox export") {
		t.Errorf("status says %q, and to do %q", it.Text, it.Do)
	}
}

// Whatever the start found out about the database is said with what to do.
func TestTheStateOfTheDatabaseIsShown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		aside string
		r     store.Recovery
		state health.State
		says  string
		do    string
	}{
		{"in order", "", store.Recovery{}, health.OK, "", ""},
		{"a power cut", "", store.Recovery{Unclean: true}, health.OK, "being checked", ""},
		{"no second record", "", store.Recovery{Unclean: true, NoWitness: true}, health.Warn, "badged.db.witness", "find out who"},
		{"a senseless second record", "", store.Recovery{Unclean: true, NoWitness: true, BadWitness: true}, health.Warn, "made no sense", "find out who"},
		{"older", "", store.Recovery{Unclean: true, Older: true, Missing: 7}, health.Warn, "7 events", "replace the disk"},
		{"kept aside", "/x/badged.db.corrupt-1", store.Recovery{Unclean: true}, health.Warn, "kept aside", "badgectl outbox export /x/badged.db.corrupt-1"},
	} {
		it := databaseItem(tt.aside, tt.r)
		if it.State != tt.state || !strings.Contains(it.Text, tt.says) || !strings.Contains(it.Do, tt.do) || (it.State != health.OK) != (it.Do != "") {
			t.Errorf("%s: %+v", tt.name, it)
		}
	}
}
