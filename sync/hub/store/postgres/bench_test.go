//go:build postgres

package postgres_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"badged/internal/rig/pgserver"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store"
	"badged/sync/hub/store/postgres"
	"badged/sync/hub/store/sqlite"
	"badged/sync/wire"
)

// BenchmarkAppend measures durable events in transactions of 64, on both databases in the
// same run, with a server that syncs its files.
func BenchmarkAppend(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "hub.db"))
		if err != nil {
			b.Fatal(err)
		}
		appendEvents(b, s)
	})
	durable, err := pgserver.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := durable.Stop(); err != nil {
			b.Error(err)
		}
	})
	b.Run("postgres", func(b *testing.B) {
		url, err1 := durable.NewDatabase(b.Context())
		s, err2 := postgres.Open(b.Context(), url)
		if err := errors.Join(err1, err2); err != nil {
			b.Fatal(err)
		}
		appendEvents(b, s)
	})
}

func appendEvents(b *testing.B, s *store.Store) {
	b.Cleanup(func() { s.Close() })
	err := s.Write(b.Context(), operator, func(tx fleet.Tx) error {
		return errors.Join(tx.PutTerminal(fleet.Terminal{Name: "hall"}), tx.PutSource(fleet.Source{Terminal: "hall"}))
	})
	if err != nil {
		b.Fatal(err)
	}
	const group = 64
	seq := uint64(0)
	for b.Loop() {
		err := s.Write(b.Context(), operator, func(tx fleet.Tx) error {
			for range group {
				seq++
				record := fleet.Record{Terminal: "hall", Stream: wire.StreamEvents, Seq: seq, Order: seq, Body: fmt.Appendf(nil, "%0100d", seq)}
				if _, err := tx.Append(record); err != nil {
					return err
				}
			}
			return tx.PutSource(fleet.Source{Terminal: "hall", Upto: map[wire.Stream]uint64{wire.StreamEvents: seq}})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "events/s")
}
