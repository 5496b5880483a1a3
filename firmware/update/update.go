// Package update brings a release onto a terminal: it does what firmware/slot decides, on a card.
//
//	bundle ──► Accept ──► Begin ──► write the other slot ──► read it back ──► Written ──► Try ──► reboot
//	start  ──► Open: what the start means ──► on trial: Commit, or reboot into the slot of before
package update

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"badged/firmware/bundle"
	"badged/firmware/card"
	"badged/firmware/slot"
)

// Card is the card that the terminal started from. ReadAt gives what the card itself holds.
type Card interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// Loader is the boot loader's memory.
type Loader interface {
	// TryOnce makes it start a slot at the next start, and only then.
	TryOnce(slot.Slot) error
	// CanStart reports why it could not start a kernel that begins with head and has size bytes:
	// one that it gives back to the firmware leaves the terminal to whoever comes by.
	CanStart(head []byte, size int64) error
}

// Box is a terminal that can be updated.
type Box struct {
	Card   Card
	Map    card.Map
	Loader Loader
	Reboot func() error
	Board  string

	State   slot.State
	Verdict slot.Verdict // what the start meant
}

// Open reads what the card says, and does what this start asks for.
func (b *Box) Open(booted slot.Slot) error {
	var copies [2][]byte
	for i := range copies {
		copies[i] = make([]byte, slot.SectorSize)
		if _, err := b.Card.ReadAt(copies[i], b.Map.Records[i].Off); err != nil {
			return fmt.Errorf("read the record of updates: %w", err)
		}
	}
	choice := make([]byte, slot.SectorSize)
	if _, err := b.Card.ReadAt(choice, b.Map.Choice.Off); err != nil {
		return fmt.Errorf("read which slot starts: %w", err)
	}
	committed, ok := slot.Committed(b.Map.Boot, choice)
	if !ok {
		return errors.New("read which slot starts: the boot loader's file is damaged (flash the card again)")
	}
	state, verdict, effects := slot.Boot(copies, booted, committed)
	b.State, b.Verdict = state, verdict
	return b.do(effects)
}

// do does effects in their order, each on the card before the next one begins.
func (b *Box) do(effects []slot.Effect) error {
	for _, e := range effects {
		var err error
		switch e := e.(type) {
		case slot.WriteRecord:
			err = b.putSector(e.Sector, b.Map.Records[e.Copy])
		case slot.Commit:
			err = b.putSector(slot.Choice(b.Map.Boot, e.Slot), b.Map.Choice)
		case slot.Arm:
			err = b.Loader.TryOnce(e.Slot)
		case slot.Reboot:
			err = b.Reboot()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putSector writes a sector and reads it back.
func (b *Box) putSector(sector [slot.SectorSize]byte, at card.Place) error {
	if _, err := b.Card.WriteAt(sector[:], at.Off); err != nil {
		return fmt.Errorf("write a sector of the card: %w", err)
	}
	if err := b.Card.Sync(); err != nil {
		return fmt.Errorf("write a sector of the card: %w", err)
	}
	back := make([]byte, slot.SectorSize)
	if _, err := b.Card.ReadAt(back, at.Off); err != nil || !bytes.Equal(back, sector[:]) {
		return fmt.Errorf("write a sector of the card: it reads back otherwise (the card is worn out: replace it): %w", errors.Join(err, errReadBack))
	}
	return nil
}

var errReadBack = errors.New("the card does not hold what was written")

// Installed is what a release is accepted or refused for.
func (b *Box) Installed(now time.Time) bundle.Terminal {
	r := b.State.Record.Installed
	return bundle.Terminal{Board: b.Board, Installed: r.Sequence, Floor: r.Floor, Now: now}
}

// Install writes a release into the slot that does not run, reads it back, and starts it on trial.
// It returns after the terminal was told to reboot. Nothing is written before the release was
// accepted. With forgive, a release that failed before is tried again.
func (b *Box) Install(ctx context.Context, r *bundle.Bundle, now time.Time, forgive bool, progress func(done, total int64)) error {
	if err := r.Release.Accept(b.Installed(now)); err != nil {
		return err
	}
	files, err := b.filesOf(r)
	if err != nil {
		return err
	}
	if err := r.Check(func(int64, int64) {}); err != nil {
		return err
	}
	if err := b.checkKernel(r, files); err != nil {
		return err
	}
	id := slot.ID(r.ID)
	if forgive {
		if err := b.do(b.State.Forgive(id)); err != nil {
			return err
		}
	}
	effects, err := b.State.Begin(slot.Release{ID: id, Sequence: r.Release.Sequence, Floor: r.Release.Floor})
	if err != nil {
		return err
	}
	if err := b.do(effects); err != nil {
		return err
	}
	if err := b.fill(ctx, r, files, progress); err != nil {
		return errors.Join(err, b.do(b.State.Abandon()))
	}
	if err := b.do(b.State.Written()); err != nil {
		return err
	}
	return b.do(b.State.Try())
}

// Rollback starts the release of before the last update on trial. It returns after the terminal was
// told to reboot.
func (b *Box) Rollback() error {
	effects, err := b.State.Return()
	if err != nil {
		return err
	}
	if err := b.do(effects); err != nil {
		return err
	}
	return b.do(b.State.Try())
}

// Commit ends a trial: this slot starts from now on.
func (b *Box) Commit() error { return b.do(b.State.Healthy()) }

// Fail ends a trial: the slot of before starts again.
func (b *Box) Fail() error { return b.do(b.State.Unhealthy()) }

// file is one file of a release, and where it goes.
type file struct {
	bundle.File
	at card.Place
}

// filesOf finds what of a release goes into a slot. All of it must have room.
func (b *Box) filesOf(r *bundle.Bundle) (files []file, err error) {
	places := b.Map.Slots[b.State.Committed.Other()]
	for _, f := range r.Files(b.Board) {
		at, ok := places[f.Path]
		if ok && f.Size > at.Len {
			return nil, fmt.Errorf("%s has %d MB, and the slot has room for %d MB", f.Path, f.Size/1e6, at.Len/1e6)
		}
		if ok {
			files = append(files, file{f, at})
		}
	}
	if len(files) != len(places) {
		return nil, fmt.Errorf("the release has %d of the %d files of a slot: it was made for something else", len(files), len(places))
	}
	return files, nil
}

// kernelHead is how much of a kernel the boot loader looks at before it starts it.
const kernelHead = 64 << 10

// checkKernel asks whether the boot loader can start the kernel of a release.
func (b *Box) checkKernel(r *bundle.Bundle, files []file) error {
	for _, f := range files {
		if f.Path != "slot/linux" {
			continue
		}
		in, err := r.Reader(f.File)
		if err != nil {
			return err
		}
		head, err := io.ReadAll(io.LimitReader(in, kernelHead))
		if err == nil {
			err = b.Loader.CanStart(head, f.Size)
		}
		if err != nil {
			return fmt.Errorf("the kernel of release %s: %w", r.Release.Version, err)
		}
	}
	return nil
}

// fill writes all files into their places, zeros behind them, and reads them back.
func (b *Box) fill(ctx context.Context, r *bundle.Bundle, files []file, progress func(done, total int64)) error {
	var done, total int64
	for _, f := range files {
		total += 2 * f.at.Len
	}
	step := func(n int) error {
		done += int64(n)
		progress(done, total)
		return ctx.Err()
	}
	for _, f := range files {
		in, err := r.Reader(f.File)
		if err != nil {
			return err
		}
		wrote, err := b.write(io.MultiReader(in, zeros{}), f, step)
		if err == nil {
			err = b.Card.Sync()
		}
		var read [32]byte
		if err == nil {
			read, err = b.readBack(f, step)
		}
		if err == nil && read != wrote {
			err = errReadBack
		}
		if err != nil {
			return fmt.Errorf("write %s into slot %v: %w", f.Path, b.State.Record.Target, err)
		}
	}
	return nil
}

// piece is how much is written and read at a time.
const piece = 1 << 20

func (b *Box) write(in io.Reader, f file, step func(int) error) (sum [32]byte, err error) {
	h, buf := sha256.New(), make([]byte, piece)
	for off := int64(0); off < f.at.Len; off += piece {
		p := buf[:min(piece, f.at.Len-off)]
		if _, err := io.ReadFull(in, p); err != nil {
			return sum, err
		}
		h.Write(p)
		if _, err := b.Card.WriteAt(p, f.at.Off+off); err != nil {
			return sum, err
		}
		if err := step(len(p)); err != nil {
			return sum, err
		}
	}
	return [32]byte(h.Sum(nil)), nil
}

func (b *Box) readBack(f file, step func(int) error) (sum [32]byte, err error) {
	h, buf := sha256.New(), make([]byte, piece)
	for off := int64(0); off < f.at.Len; off += piece {
		p := buf[:min(piece, f.at.Len-off)]
		if _, err := b.Card.ReadAt(p, f.at.Off+off); err != nil {
			return sum, err
		}
		h.Write(p)
		if err := step(len(p)); err != nil {
			return sum, err
		}
	}
	return [32]byte(h.Sum(nil)), nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
