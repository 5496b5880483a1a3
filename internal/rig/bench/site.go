package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/sitekey"
	"badged/sync/identity"
	"badged/sync/wire"
)

// doorName is the name of the nth door of a bench.
func doorName(n int) string { return fmt.Sprintf("door%d", n) }

// cardNumber is the number of the nth card: what its reader reads.
func cardNumber(n int) string { return fmt.Sprintf("%010X", uint64(0x4200000000)+uint64(n)) }

// fill gives the store cards members, each with a card and a grant for one of the
// doors in turn, as a hub would: by one snapshot a collection.
func fill(ctx context.Context, s *store.Store, key sitekey.Key, cards int) error {
	rows := map[wire.Collection][]wire.Change{}
	add := func(c wire.Collection, key []byte, row any) error {
		body, err := wire.Marshal(row)
		rows[c] = append(rows[c], wire.Change{Key: key, Rev: 1, Body: body})
		return err
	}
	for n := range doors {
		if err := add(wire.Doors, []byte(doorName(n)), wire.Door{}); err != nil {
			return fmt.Errorf("make door %d: %w", n, err)
		}
	}
	for n := range cards {
		account, grant, card := derive('a', n), derive('g', n), key.Card(cardNumber(n))
		for _, err := range []error{
			add(wire.Accounts, account[:], wire.Account{Kind: 1, State: 3, Name: fmt.Sprintf("Member %d", n)}),
			add(wire.Cards, card[:], wire.Binding{Account: account, State: 1, Assurance: 1}),
			add(wire.Grants, grant[:], wire.Grant{Account: account, Door: doorName(n % doors)}),
		} {
			if err != nil {
				return fmt.Errorf("make member %d: %w", n, err)
			}
		}
	}
	for _, c := range []wire.Collection{wire.Doors, wire.Accounts, wire.Cards, wire.Grants} {
		if err := s.Apply(ctx, []wire.Page{snapshot(c, rows[c])}); err != nil {
			return fmt.Errorf("fill the store: %w", err)
		}
	}
	return nil
}

// derive gives the id of the nth row of a kind.
func derive(kind byte, n int) [16]byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte{kind}, uint64(n)))
	return [16]byte(sum[:16])
}

func snapshot(c wire.Collection, rows []wire.Change) wire.Page {
	p := wire.Page{Collection: c, Snapshot: true, To: 1, Parts: 1, Changes: rows}
	for _, r := range rows {
		p.Hash = wire.Xor(p.Hash, wire.RowHash(c, r.Key, r.Body))
	}
	return p
}

// newSite makes a terminal's folder: an identity of its own making, and a store with
// that many cards.
func newSite(ctx context.Context, dir string, cards int) error {
	id, err := identity.SelfMade("bench", "bench")
	if err != nil {
		return err
	}
	if err := identity.Write(dir, id); err != nil {
		return err
	}
	s, err := openStore(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(fill(ctx, s, id.SiteKey, cards), s.KeepTime(context.Background(), clock.From(time.Now()).Kept), s.Close())
}

func openStore(ctx context.Context, dir string) (*store.Store, error) {
	return store.Open(ctx, store.Options{Path: filepath.Join(dir, "badged.db"), Terminal: "bench"})
}
