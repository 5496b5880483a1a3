package store_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/sync/wire"
)

// crowd is cards and accounts of n people with ids like those of HMACs.
func crowd(b testing.TB, n int) (accounts, cards *hub, ids []enroll.CardID) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	accounts, cards = newHub(wire.Accounts), newHub(wire.Cards)
	accounts.rev, cards.rev = 1, 1
	for range n {
		var card, account [16]byte
		for _, id := range []*[16]byte{&card, &account} {
			binary.BigEndian.PutUint64(id[:8], r.Uint64())
			binary.BigEndian.PutUint64(id[8:], r.Uint64())
		}
		ids = append(ids, card)
		accounts.rows[string(account[:])] = marshal(b, wire.Account{Kind: 1, State: 3, Name: "Ada Lovelace", EmailState: 2, Lang: "fr"})
		cards.rows[string(card[:])] = marshal(b, wire.Binding{Account: account, State: 1, Assurance: 2})
	}
	return accounts, cards, ids
}

func BenchmarkLookup(b *testing.B) {
	s := openStore(b, dbPath(b))
	accounts, cards, ids := crowd(b, 100_000)
	must(b, s.Apply(b.Context(), accounts.snapshot()))
	must(b, s.Apply(b.Context(), cards.snapshot()))
	for n := 0; b.Loop(); n++ {
		if _, ok := s.Index().Card(ids[n%len(ids)], ""); !ok {
			b.Fatal("a card is missing")
		}
	}
}

// BenchmarkQueue is one event at a time, each on the disk before the next.
func BenchmarkQueue(b *testing.B) {
	s := openStore(b, dbPath(b))
	for n := 0; b.Loop(); n++ {
		must(b, s.Queue(b.Context(), routine(n)))
		must(b, s.Commit(b.Context()))
		<-s.Wake()
	}
}

// BenchmarkQueueBusy is as many events as group commit takes.
func BenchmarkQueueBusy(b *testing.B) {
	s := openStore(b, dbPath(b))
	for n := 0; b.Loop(); n++ {
		must(b, s.Queue(b.Context(), routine(n)))
		must(b, s.Commit(b.Context()))
	}
	must(b, s.Update(b.Context(), func(enroll.Tx) error { return nil }))
}

// BenchmarkResync applies a first snapshot of 100,000 cards and measures how long an
// enrolment waits meanwhile.
func BenchmarkResync(b *testing.B) {
	_, cards, _ := crowd(b, 100_000)
	pages := cards.snapshot()
	for b.Loop() {
		s := openStore(b, dbPath(b))
		var done atomic.Bool
		worst := make(chan time.Duration)
		go func() { worst <- longestWait(s, &done) }()
		must(b, s.Apply(b.Context(), pages))
		done.Store(true)
		b.ReportMetric(float64((<-worst).Microseconds())/1000, "worst-update-ms")
		must(b, s.Close())
	}
}

func longestWait(s *store.Store, done *atomic.Bool) (worst time.Duration) {
	for !done.Load() {
		begin := time.Now()
		err := s.Update(context.Background(), func(tx enroll.Tx) error { return tx.Append(security(1)) })
		if err != nil {
			panic(err)
		}
		worst = max(worst, time.Since(begin))
	}
	return worst
}

// BenchmarkOpen opens a database of 100,000 cards and accounts and reports the memory
// that is in use afterwards.
func BenchmarkOpen(b *testing.B) {
	path := dbPath(b)
	s := openStore(b, path)
	accounts, cards, _ := crowd(b, 100_000)
	must(b, s.Apply(b.Context(), accounts.snapshot()))
	must(b, s.Apply(b.Context(), cards.snapshot()))
	must(b, s.Close())
	accounts, cards = nil, nil
	before := heap()
	for b.Loop() {
		s = openStore(b, path)
		b.ReportMetric(float64(heap()-before)/1e6, "heap-MB")
		b.ReportMetric(float64(s.Stats().Bytes)/1e6, "file-MB")
		must(b, s.Close())
		s = nil
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
