package update_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"badged/firmware/board"
	"badged/firmware/bundle"
	"badged/firmware/card"
	"badged/firmware/flash"
	"badged/firmware/slot"
	"badged/firmware/update"
)

// memory is a card that keeps what was written, and at times does not.
type memory struct {
	pages  map[int64][]byte
	writes int
	cutAt  int   // the write that is cut in its middle, and after which nothing works; 0: none
	wornAt int64 // a sector that keeps nothing; 0: none
}

const page = 1 << 20

var errPower = errors.New("the power failed")

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.writes++
	if m.cutAt > 0 && m.writes > m.cutAt {
		return 0, errPower
	}
	if m.writes == m.cutAt {
		p = p[:len(p)/2/512*512]
	}
	kept := make([]byte, 512)
	_, _ = m.ReadAt(kept, m.wornAt)
	for done := 0; done < len(p); {
		at := off + int64(done)
		if m.pages[at/page] == nil {
			m.pages[at/page] = make([]byte, page)
		}
		done += copy(m.pages[at/page][at%page:], p[done:])
	}
	if m.wornAt != 0 {
		copy(m.pages[m.wornAt/page][m.wornAt%page:], kept)
	}
	if m.writes == m.cutAt {
		return len(p), errPower
	}
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	for done := 0; done < len(p); {
		at := off + int64(done)
		n := min(len(p)-done, int(page-at%page))
		if b := m.pages[at/page]; b != nil {
			copy(p[done:done+n], b[at%page:])
		} else {
			clear(p[done : done+n])
		}
		done += n
	}
	return len(p), nil
}

func (m *memory) Sync() error {
	if m.cutAt > 0 && m.writes >= m.cutAt {
		return errPower
	}
	return nil
}

func (m *memory) copy() *memory {
	c := &memory{pages: map[int64][]byte{}}
	for k, v := range m.pages {
		c.pages[k] = bytes.Clone(v)
	}
	return c
}

func text(path, s string) flash.File {
	return flash.File{Path: path, Size: int64(len(s)), Open: func() (io.Reader, error) { return bytes.NewReader([]byte(s)), nil }}
}

var uefi, _ = board.Find("uefi-amd64")

// flashed is a card as the tool makes it.
func flashed(t *testing.T) *memory {
	t.Helper()
	c := flash.Content{
		Board: uefi, Version: "1", Terminal: "front", Provision: []byte("name = \"front\"\n"), Release: slot.Release{ID: slot.ID{1}, Sequence: 1},
		Files: []flash.File{text("slot/linux", "linux 1"), text("slot/initrd", "initrd 1"), text("esp/EFI/BOOT/BOOTX64.EFI", "loader")},
	}
	img, err := flash.Layout(c, flash.Least(uefi))
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{pages: map[int64][]byte{}}
	_, _ = m.WriteAt(img.Head, 0)
	for _, e := range img.Body {
		r, err := e.Open()
		b := make([]byte, e.Len)
		if err == nil {
			_, err = io.ReadFull(r, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = m.WriteAt(b, e.Off)
	}
	m.writes = 0
	return m
}

// box is a terminal that started from a slot of a card.
type box struct {
	*update.Box
	armed   slot.Slot
	reboots int
}

func (b *box) TryOnce(s slot.Slot) error { b.armed = s; return nil }

func (b *box) CanStart(head []byte, size int64) error {
	if !bytes.HasPrefix(head, []byte("linux ")) || size != int64(len(head)) {
		return errKernel
	}
	return nil
}

var errKernel = errors.New("no kernel")

func start(t *testing.T, m *memory, at card.Map, booted slot.Slot) *box {
	t.Helper()
	b := &box{}
	b.Box = &update.Box{Card: m, Map: at, Loader: b, Board: uefi.Name, Reboot: func() error { b.reboots++; return nil }}
	if err := b.Open(booted); err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, m *memory) card.Map {
	t.Helper()
	at, err := card.Read(m, uefi)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// holds is what a slot begins with.
func holds(m *memory, at card.Map, s slot.Slot) string {
	b := make([]byte, 512)
	out := ""
	for _, name := range []string{"slot/linux", "slot/initrd"} {
		_, _ = m.ReadAt(b, at.Slots[s][name].Off)
		out += string(bytes.TrimRight(b[:20], "\x00")) + ";"
	}
	return out
}

var key = ed25519.NewKeyFromSeed(make([]byte, 32))

// release is a signed release of two files.
func release(t *testing.T, sequence uint64, linux, initrd string) *bundle.Bundle {
	t.Helper()
	public := []bundle.Key{bundle.Key(key.Public().(ed25519.PublicKey))}
	trust, err := bundle.NewTrustFile(bundle.TrustFile{}, bundle.Trust{Root: bundle.Role{Threshold: 1, Keys: public}, Release: bundle.Role{Threshold: 1, Keys: public}})
	if err == nil {
		err = trust.Sign(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := bundle.NewDraft(bundle.Release{Version: "v", Sequence: sequence, Expires: "2099-12-31", Boards: []string{uefi.Name}})
	for path, content := range map[string]string{"slot/linux": linux, "slot/initrd": initrd} {
		if err == nil && content != "" {
			err = d.Add(path, nil, bytes.NewReader([]byte(content)))
		}
	}
	var out bytes.Buffer
	if err == nil {
		err = d.Write(&out, trust, key)
	}
	known, _ := trust.Trusted()
	b, opened := bundle.Open(bytes.NewReader(out.Bytes()), int64(out.Len()), known)
	if err = errors.Join(err, opened); err != nil {
		t.Fatal(err)
	}
	return b
}

func install(b *box, r *bundle.Bundle) error {
	return b.Install(context.Background(), r, time.Time{}, false, func(int64, int64) {})
}

const (
	one = "linux 1;initrd 1;"
	two = "linux 2;initrd 2;"
)

// Issue 12, 2: an update fills the slot that does not run, and only that; a trial that is committed
// starts from then on, one that is not leaves the old slot, and what failed is not tried again.
// A person rolls back and forth.
func TestAnUpdateGoesThrough(t *testing.T) {
	m := flashed(t)
	at := read(t, m)
	was := m.copy()
	b := start(t, m, at, slot.A)
	r := release(t, 2, "linux 2", "initrd 2")
	if err := install(b, r); err != nil || b.armed != slot.B || b.reboots != 1 {
		t.Fatalf("%v, armed %v, %d reboots", err, b.armed, b.reboots)
	}
	if holds(m, at, slot.A) != one || holds(m, at, slot.B) != two {
		t.Errorf("a %q b %q", holds(m, at, slot.A), holds(m, at, slot.B))
	}
	mayChange := []card.Place{at.Records[0], at.Records[1], at.Slots[slot.B]["slot/linux"], at.Slots[slot.B]["slot/initrd"]}
	for n, p := range m.pages {
		old, now := make([]byte, 512), make([]byte, 512)
		for off := n * page; off < (n+1)*page && p != nil; off += 512 {
			_, _ = was.ReadAt(old, off)
			_, _ = m.ReadAt(now, off)
			if !bytes.Equal(old, now) && !within(off, mayChange) {
				t.Fatalf("the update wrote at %d", off)
			}
		}
	}
	failed := start(t, m.copy(), at, slot.A)
	if failed.Verdict != slot.RolledBack || !errors.Is(install(failed, r), slot.ErrQuarantined) {
		t.Errorf("a trial that failed: %v", failed.Verdict)
	}
	if err := failed.Install(t.Context(), r, time.Time{}, true, func(int64, int64) {}); err != nil || failed.armed != slot.B {
		t.Errorf("forgiven: %v", err)
	}
	b = start(t, m, at, slot.B)
	if b.Verdict != slot.OnTrial || b.Commit() != nil {
		t.Fatalf("the trial: %v", b.Verdict)
	}
	b = start(t, m, at, slot.B)
	if b.Verdict != slot.Normal || b.State.Record.Installed.Sequence != 2 {
		t.Errorf("after it: %v %+v", b.Verdict, b.State.Record)
	}
	if err := install(b, release(t, 1, "linux 0", "initrd 0")); !errors.Is(err, bundle.ErrOlder) {
		t.Errorf("an older release: %v", err)
	}
	if err := b.Rollback(); err != nil || b.armed != slot.A {
		t.Fatalf("roll back: %v, armed %v", err, b.armed)
	}
	b = start(t, m, at, slot.A)
	if b.Verdict != slot.OnTrial || b.Commit() != nil || b.State.Record.Installed.Sequence != 1 {
		t.Errorf("rolled back: %v %+v", b.Verdict, b.State.Record)
	}
}

func within(off int64, places []card.Place) bool {
	for _, p := range places {
		if off >= p.Off && off < p.Off+p.Len {
			return true
		}
	}
	return false
}

// A release that has no room, lacks a file or is for another board is refused before the first byte.
func TestAReleaseThatDoesNotFitWritesNothing(t *testing.T) {
	m := flashed(t)
	at := read(t, m)
	b := start(t, m, at, slot.A)
	if err := install(b, release(t, 2, "linux 2", "")); err == nil {
		t.Error("half a release was taken")
	}
	if err := install(b, release(t, 2, "linux 2", string(make([]byte, at.Slots[slot.A]["slot/initrd"].Len+1)))); err == nil {
		t.Error("a release that is too long was taken")
	}
	if err := install(b, release(t, 2, "zeros", "initrd 2")); !errors.Is(err, errKernel) {
		t.Errorf("a kernel that the boot loader cannot start: %v", err)
	}
	b.Board = "uefi-arm64"
	if err := install(b, release(t, 2, "linux 2", "initrd 2")); !errors.Is(err, bundle.ErrBoard) {
		t.Errorf("for another board: %v", err)
	}
	if m.writes != 0 {
		t.Errorf("%d writes", m.writes)
	}
}

// tiny is a card with places of a few sectors.
func tiny() (*memory, card.Map) {
	m := &memory{pages: map[int64][]byte{}}
	at := card.Map{Boot: board.UEFI, Choice: card.Place{Off: 512, Len: 512}, Records: [2]card.Place{{Off: 1024, Len: 512}, {Off: 2048, Len: 512}}, Slots: map[slot.Slot]map[string]card.Place{}}
	for i, s := range []slot.Slot{slot.A, slot.B} {
		base := int64(1+i) << 22
		at.Slots[s] = map[string]card.Place{"slot/linux": {Off: base, Len: 1<<20 + 1024}, "slot/initrd": {Off: base + 2<<20, Len: 2048}}
		for name, p := range at.Slots[s] {
			_, _ = m.WriteAt(append([]byte(name[5:]+" 1"), make([]byte, 512-len(name)+3)...)[:512], p.Off)
		}
	}
	choice, record := slot.Choice(board.UEFI, slot.A), slot.Record{Counter: 1, Installed: slot.Release{ID: slot.ID{1}, Sequence: 1}}.Sector()
	_, _ = m.WriteAt(choice[:], 512)
	_, _ = m.WriteAt(record[:], 2048)
	m.writes = 0
	return m, at
}

// Issue 12, 2: the power fails in each write of an update and of its commit. What the boot loader
// starts then is whole, is the old or the new release, and the update can be made again.
func TestPowerFailsInEachWrite(t *testing.T) {
	r := release(t, 2, "linux 2", "initrd 2")
	for cut := 1; ; cut++ {
		m, at := tiny()
		m.cutAt = cut
		b := start(t, m, at, slot.A)
		err := install(b, r)
		if err == nil {
			b = start(t, m, at, slot.B)
			err = b.Commit()
		}
		m.cutAt, m.writes = 0, 0
		choice := make([]byte, 512)
		_, _ = m.ReadAt(choice, at.Choice.Off)
		committed, ok := slot.Committed(board.UEFI, choice)
		want := map[slot.Slot]string{slot.A: one, slot.B: two}[committed]
		if got := holds(m, at, committed); !ok || got != want {
			t.Fatalf("cut %d: slot %v starts, with %q", cut, committed, got)
		}
		b = start(t, m, at, committed)
		if again := b.Install(t.Context(), r, time.Time{}, true, func(int64, int64) {}); again != nil || holds(m, at, committed.Other()) != two {
			t.Fatalf("cut %d: the update again: %v", cut, again)
		}
		if err == nil {
			if cut < 8 {
				t.Fatalf("only %d writes were cut", cut)
			}
			return
		}
		if !errors.Is(err, errPower) {
			t.Fatalf("cut %d: %v", cut, err)
		}
	}
}

// A card that loses what is written is noticed before the trial, and the update is off.
func TestAWornCardIsNoticed(t *testing.T) {
	r := release(t, 2, "linux 2", "initrd 2")
	for _, worn := range []string{"slot/linux", "slot/initrd", "record"} {
		m, at := tiny()
		m.wornAt = at.Slots[slot.B][worn].Off
		if worn == "record" {
			m.wornAt = at.Records[0].Off
		}
		b := start(t, m, at, slot.A)
		if err := install(b, r); err == nil || b.armed != 0 || b.reboots != 0 {
			t.Errorf("%s: %v, armed %v", worn, err, b.armed)
		}
		if b = start(t, m, at, slot.A); b.State.Committed != slot.A || holds(m, at, slot.A) != one {
			t.Errorf("%s: %+v", worn, b.State)
		}
	}
}

// A card of any bytes is read without a crash, and is refused.
func TestADamagedCardIsRefused(t *testing.T) {
	whole := flashed(t)
	at := read(t, whole)
	b := make([]byte, 512)
	for i := range 600 {
		off := int64(1<<20) + 512*int64(i%300)
		_, _ = whole.ReadAt(b, off)
		bad := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		_, _ = whole.WriteAt(bytes.Repeat(bad[:], 16), off)
		if got, err := card.Read(whole, uefi); err == nil && !reflect.DeepEqual(got, at) {
			t.Errorf("sector %d was damaged, and is read as %+v", i, got)
		}
		_, _ = whole.WriteAt(b, off)
	}
	pi, _ := board.Find("rpi-4")
	if _, err := card.Read(whole, pi); err == nil {
		t.Error("a card of a Raspberry Pi was read")
	}
}
