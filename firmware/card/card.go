// Package card knows where on a card that was flashed the things are that a running terminal reads
// and changes. It reads the file system once, and everything is written by its place from then on:
// no table of the file system ever changes.
package card

import (
	"fmt"
	"io"

	"badged/firmware/board"
	"badged/firmware/slot"
)

// Place is a piece of a card.
type Place struct{ Off, Len int64 }

// Map says where everything is.
type Map struct {
	Boot      board.Boot
	Choice    Place    // of the boot loader
	Records   [2]Place // of updates
	Provision [2]Place
	Slots     map[slot.Slot]map[string]Place // by the name of the file in the release: "slot/linux"
}

// firstPartition is where the partition of the boot loader begins, on every card.
const firstPartition = 1 << 20

// copyAt is where the second copy of the record begins, in its file.
const copyAt = 64 << 10

// Read finds everything on a card. Only cards of boards with UEFI can be read so far.
func Read(r io.ReaderAt, b board.Board) (m Map, err error) {
	m = Map{Boot: b.Boot, Slots: map[slot.Slot]map[string]Place{}}
	if b.Boot != board.UEFI {
		return m, fmt.Errorf("read a card for %s: only cards for boards with UEFI can be read so far", b.Name)
	}
	f, err := openFAT(r, firstPartition)
	if err != nil {
		return m, err
	}
	var state Place
	wanted := map[string]*Place{
		"loader/loader.conf": &m.Choice, "badged/state": &state,
		"badged/provision-1.txt": &m.Provision[0], "badged/provision-2.txt": &m.Provision[1],
	}
	for path, to := range wanted {
		if *to, err = f.find(path); err != nil {
			return m, err
		}
	}
	if m.Choice.Len != slot.SectorSize || state.Len < copyAt+slot.SectorSize {
		return m, fmt.Errorf("read the card: its choice has %d bytes, its record %d: %w", m.Choice.Len, state.Len, errFAT)
	}
	m.Records = [2]Place{{state.Off, slot.SectorSize}, {state.Off + copyAt, slot.SectorSize}}
	for _, s := range []slot.Slot{slot.A, slot.B} {
		m.Slots[s] = map[string]Place{}
		for _, name := range []string{"linux", "initrd"} {
			if m.Slots[s]["slot/"+name], err = f.find(s.String() + "/" + name); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}
