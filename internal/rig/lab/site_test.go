//go:build lab

package lab_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"badged/enroll/store"
	"badged/internal/clock"
	"badged/internal/rig/lab"
	"badged/internal/sitekey"
	"badged/sync/identity"
	"badged/sync/wire"
)

// joined puts the state of a terminal in place that has joined, and knows everybody:
// the members and those with an extra card may all open the door.
func joined(t *testing.T, files *initramfs) {
	t.Helper()
	dir := t.TempDir()
	id, err := identity.SelfMade("lab", "lab")
	if err != nil {
		t.Fatal(err)
	}
	if err := identity.Write(dir, id); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "badged.db"), Terminal: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(t.Context(), s, id.SiteKey); err != nil {
		t.Fatal(err)
	}
	if err := s.KeepTime(context.Background(), clock.From(time.Now()).Kept); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files.copy(filepath.Join("state", e.Name()), 0o600, filepath.Join(dir, e.Name()))
	}
}

// fill gives the store what a hub would send.
func fill(ctx context.Context, s *store.Store, key sitekey.Key) error {
	pages := map[wire.Collection]*wire.Page{}
	add := func(c wire.Collection, key []byte, row any) error {
		body, err := wire.Marshal(row)
		p := pages[c]
		if p == nil {
			p = &wire.Page{Collection: c, Snapshot: true, To: 1, Parts: 1}
			pages[c] = p
		}
		p.Changes = append(p.Changes, wire.Change{Key: key, Rev: 1, Body: body})
		p.Hash = wire.Xor(p.Hash, wire.RowHash(c, key, body))
		return err
	}
	if err := add(wire.Doors, []byte(lab.Door), wire.Door{}); err != nil {
		return err
	}
	for n := range lab.Members + len(lab.Extra) {
		account, card := lab.Account(n), key.Card(lab.Number(n))
		for _, err := range []error{
			add(wire.Accounts, account[:], wire.Account{Kind: 1, State: 3, Name: fmt.Sprintf("Member %d", n)}),
			add(wire.Cards, card[:], wire.Binding{Account: account, State: 1, Assurance: 1}),
			add(wire.Grants, account[:], wire.Grant{Account: account, Door: lab.Door}),
		} {
			if err != nil {
				return err
			}
		}
	}
	for n, code := range lab.Claims {
		account, id := lab.ClaimOf(n), [16]byte{1: byte(n), 0: 1}
		row := wire.Claim{Account: account, MAC: key.Claim(id, code), Ends: time.Now().Add(time.Hour).UnixMilli(), State: 1}
		if err := add(wire.Claims, id[:], row); err != nil {
			return err
		}
	}
	for _, c := range []wire.Collection{wire.Doors, wire.Accounts, wire.Cards, wire.Grants, wire.Claims} {
		if err := s.Apply(ctx, []wire.Page{*pages[c]}); err != nil {
			return err
		}
	}
	return nil
}
