package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"badged/enroll"
	"badged/internal/sqlite"
	"badged/sync/wire"
)

//go:embed schema/*.sql
var schema embed.FS

// applicationID is "bdgt", for file(1).
const applicationID = 0x62646774

// pageSize is a block of flash: what a power cut tears is then one page. Files that were
// made with 512 bytes keep them; SQLite logs their pages by blocks too.
const pageSize = 4096

// Open opens or makes the file and builds the index. A damaged file is kept aside and
// a new one made; Recovered then tells where the old one is. Other errors are
// *sqlite.Error: ErrOwner, ErrNewer, ErrInUse, a full disk.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int) {}
	}
	s, err := openStore(ctx, o)
	if !sqlite.IsCorrupt(err) {
		return s, err
	}
	aside, asideErr := sqlite.KeepAside(o.Path)
	if asideErr != nil {
		return nil, errors.Join(err, asideErr)
	}
	o.Log.Error("the database is damaged and was kept aside; a new one waits for the hub", "file", aside, "err", err)
	if s, err = openStore(ctx, o); err == nil {
		s.aside = aside
	}
	return s, err
}

// databaseOptions say how the database of a terminal is opened.
func databaseOptions(path string) (sqlite.Options, error) {
	scripts, err := fs.Sub(schema, "schema")
	return sqlite.Options{
		Path: path, PageSize: pageSize, ApplicationID: applicationID, Migrations: scripts, Readers: 3,
		CacheKiB: 512, ReadCacheKiB: 128, // who reads looks a row up, or goes from one end to the other
	}, err
}

func openStore(ctx context.Context, o Options) (*Store, error) {
	options, err := databaseOptions(o.Path)
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, log: o.Log.With("terminal", o.Terminal), index: enroll.NewIndex(),
		requests: make(chan request, queueLength), done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	w, err := newWriter(ctx, s)
	if err == nil {
		err = errors.Join(db.QuickCheck(ctx), w.readState())
	}
	if err == nil {
		err = w.recoverFromWitness()
	}
	if err != nil {
		w.closeWitness()
		return nil, errors.Join(db.Explain("read", err), db.Close())
	}
	w.publishState()
	go w.serveRequests(s.requests)
	if err := s.prepareIndex(ctx, o.Progress); err != nil {
		return nil, errors.Join(db.Explain("read", err), s.Close())
	}
	return s, nil
}

// prepareIndex ends what a crash interrupted and builds the index.
func (s *Store) prepareIndex(ctx context.Context, progress func(rows int)) error {
	for c := wire.Config; c <= wire.LastCollection; c++ {
		for s.collection(c).folding {
			if err := s.foldSome(ctx, c); err != nil {
				return err
			}
			progress(0)
		}
	}
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	strange, err := s.loadIndex(ctx, v, progress)
	if err != nil {
		return err
	}
	v.forgetPages(ctx)
	return s.runNote(ctx, func(w *writer) error {
		w.strange = strange
		return nil
	})
}

// loadIndex fills the index with the rows, which must be those that the hub sent, and gives those
// that were not understood.
func (s *Store) loadIndex(ctx context.Context, v snapshot, progress func(rows int)) (strangeRows, error) {
	var cards int
	if err := v.find(`SELECT count(*) FROM hub_row WHERE collection = 4`).Scan(&cards); err != nil {
		return nil, err
	}
	rows, failed := v.readAllRows(ctx)
	hashes, strange, read := make(map[wire.Collection][16]byte), make(strangeRows), 0
	s.index.Load(cards, func(yield func(enroll.Change) bool) {
		for r := range rows {
			if read++; read%aheadRows == 0 {
				progress(read)
			}
			if r.body != nil {
				hashes[r.c] = wire.Xor(hashes[r.c], wire.RowHash(r.c, r.key, r.body))
			}
			if isStrange(r.c, r.key, r.body, r.change) {
				strange.put(r.c, r.key)
			}
			if r.change != nil && !yield(r.change) {
				return
			}
		}
	})
	if err := failed(); err != nil {
		return nil, err
	}
	return strange, s.checkHashes(hashes)
}

// forgetPages frees the pages that SQLite keeps after it has read a whole file.
func (v snapshot) forgetPages(ctx context.Context) {
	_, _ = v.tx.ExecContext(ctx, "PRAGMA shrink_memory") // it only saves memory
}

// checkHashes holds the rows against the set hashes that were kept with them.
func (s *Store) checkHashes(have map[wire.Collection][16]byte) error {
	for c := wire.Config; c <= wire.LastCollection; c++ {
		if want := s.collection(c).hash; have[c] != want {
			return fmt.Errorf("%w: the rows of %s are not those that the hub sent", sqlite.ErrDamaged, c)
		}
	}
	return nil
}

const sqlLocals = `SELECT collection, key FROM local_row`

func (w *writer) readLocals() error {
	return w.queryRows(sqlLocals, func(rows *sql.Rows) error {
		var k rowKey
		var key []byte
		if err := rows.Scan(&k.c, &key); err != nil {
			return err
		}
		copy(k.key[:], key)
		w.locals[k] = struct{}{}
		return nil
	})
}
