package slot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"badged/firmware/board"
)

// SectorSize is what a card writes whole or not at all, as far as any card promises anything.
const SectorSize = 512

// recordMagic begins a record; behind it stand, big-endian: counter, phase, target, update,
// installed and other (ID, sequence and floor each), the number of quarantined releases and their
// IDs. The last 32 bytes are the SHA-256 of those before.
const recordMagic = "badged-slot-1\n"

// Sector is the record as it is written.
func (r Record) Sector() (sector [SectorSize]byte) {
	b := append([]byte(recordMagic), 0, 0)
	b = binary.BigEndian.AppendUint64(b, r.Counter)
	b = append(b, byte(r.Phase), byte(r.Target))
	for _, rel := range []Release{r.Update, r.Installed, r.Other} {
		b = append(b, rel.ID[:]...)
		b = binary.BigEndian.AppendUint64(b, rel.Sequence)
		b = binary.BigEndian.AppendUint64(b, rel.Floor)
	}
	b = append(b, byte(len(r.Quarantined)))
	for _, q := range r.Quarantined {
		b = append(b, q[:]...)
	}
	copy(sector[:], b)
	sum := sha256.Sum256(sector[:SectorSize-sha256.Size])
	copy(sector[SectorSize-sha256.Size:], sum[:])
	return sector
}

// ParseRecord reads a sector. It reports false for one that is torn, empty or something else.
func ParseRecord(b []byte) (r Record, ok bool) {
	if len(b) != SectorSize || !bytes.HasPrefix(b, []byte(recordMagic)) {
		return r, false
	}
	body := b[:SectorSize-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(body):]) {
		return r, false
	}
	body = body[len(recordMagic)+2:]
	r.Counter, r.Phase, r.Target = binary.BigEndian.Uint64(body), Phase(body[8]), Slot(body[9])
	body = body[10:]
	for _, rel := range []*Release{&r.Update, &r.Installed, &r.Other} {
		body = body[copy(rel.ID[:], body):]
		rel.Sequence, rel.Floor = binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:])
		body = body[16:]
	}
	n := int(body[0])
	if n > maxQuarantined || r.Phase > Trying || !r.targetFits() {
		return Record{}, false
	}
	for i := range n {
		r.Quarantined = append(r.Quarantined, ID(body[1+32*i:33+32*i]))
	}
	return r, true
}

func (r Record) targetFits() bool {
	if r.Phase == Idle {
		return r.Target == 0
	}
	return r.Target == A || r.Target == B
}

// newest gives the record of two copies that was written last; a new one if there is none.
func newest(copies [2][]byte) (r Record) {
	for _, b := range copies {
		if other, ok := ParseRecord(b); ok && (r.Counter == 0 || other.Counter > r.Counter) {
			r = other
		}
	}
	return r
}

// The file of a boot loader that chooses between the slots: loader/loader.conf of systemd-boot,
// autoboot.txt of the Raspberry Pi. Both say the same in as many bytes for either slot, so that
// Commit is one sector, written where the file is.
const (
	loaderConf = "default slot-%c.conf\ntimeout 0\neditor no\n"
	autoboot   = "[all]\ntryboot_a_b=1\nboot_partition=%c\n[tryboot]\nboot_partition=%c\n"
)

// Choice is the sector with which a boot loader starts a slot.
func Choice(boot board.Boot, committed Slot) (sector [SectorSize]byte) {
	var text string
	switch boot {
	case board.UEFI:
		text = fmt.Sprintf(loaderConf, committed)
	case board.Pi:
		text = fmt.Sprintf(autoboot, partition(committed), partition(committed.Other()))
	}
	for i := range sector {
		sector[i] = '#'
	}
	copy(sector[:], text)
	sector[SectorSize-1] = '\n'
	return sector
}

// partition is the digit of a slot's partition on a Raspberry Pi.
func partition(s Slot) byte {
	if s == A {
		return '2'
	}
	return '3'
}

// Committed reads the choice as the boot loader does: what it starts when it is asked for
// nothing else. It reports false where no boot loader of ours would start anything.
func Committed(boot board.Boot, sector []byte) (Slot, bool) {
	for _, s := range []Slot{A, B} {
		want := Choice(boot, s)
		if len(sector) == SectorSize && bytes.Equal(mask(boot, sector), mask(boot, want[:])) && sector[choiceAt(boot)] == want[choiceAt(boot)] {
			return s, true
		}
	}
	return 0, false
}

// choiceAt is where the character is that chooses.
func choiceAt(boot board.Boot) int {
	if boot == board.UEFI {
		return len("default slot-")
	}
	return len("[all]\ntryboot_a_b=1\nboot_partition=")
}

// mask blanks the characters that differ between the slots: on a Pi the one of tryboot too,
// which is out of date for a moment in the middle of a sector.
func mask(boot board.Boot, sector []byte) []byte {
	b := bytes.Clone(sector)
	b[choiceAt(boot)] = '?'
	if at := len("[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition="); boot == board.Pi && (b[at] == '2' || b[at] == '3') {
		b[at] = '?'
	}
	return b
}
