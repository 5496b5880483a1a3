package flash

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Disk is a disk of this machine.
type Disk struct {
	Name      string // as the kernel calls it: "sdb". Another disk may have it a moment later
	Number    string // major:minor
	Seq       uint64 // of the kernel: never used twice; 0: the kernel is too old to tell
	Size      int64  // bytes; 0: a reader without a card
	Model     string
	Serial    string
	Removable bool
	ReadOnly  bool
	InUse     string // why it must not be written; empty: nobody uses it

	// ID is what a person types to choose it: its serial number. A disk whose serial number is
	// missing, or is that of another one too, has its name behind it.
	ID string
}

// Machine is what the kernel says of disks.
type Machine struct {
	Sys    fs.FS    // /sys
	Mounts []string // contents of mountinfo files: of this process, of process 1
	Swaps  []string // device numbers of what is swapped to: "8:2"
}

// diskRE are the names of what could be a card: disks of SCSI, USB, MMC, NVMe and virtual
// machines, and loop devices. Optical drives, RAM disks, and what is stacked on other disks are
// no cards, and neither are the boot partitions of an eMMC.
var diskRE = regexp.MustCompile(`^(sd[a-z]+|mmcblk\d+|nvme\d+n\d+|vd[a-z]+|xvd[a-z]+|loop\d+)$`)

// Disks lists the disks, in the order of their names.
func (m Machine) Disks() ([]Disk, error) {
	entries, err := fs.ReadDir(m.Sys, "block")
	if err != nil {
		return nil, fmt.Errorf("list the disks: %w", err)
	}
	in := m.uses()
	var disks []Disk
	for _, e := range entries {
		if !diskRE.MatchString(e.Name()) || m.text("block/"+e.Name(), "hidden") == "1" {
			continue
		}
		d, ok := m.disk(e.Name())
		if !ok || strings.HasPrefix(d.Name, "loop") && d.Size == 0 {
			continue
		}
		d.InUse = in.why(d.Name)
		disks = append(disks, d)
	}
	nameByID(disks)
	return disks, nil
}

func (m Machine) disk(name string) (d Disk, ok bool) {
	dir := "block/" + name
	sectors, err := strconv.ParseInt(m.text(dir, "size"), 10, 64)
	if err != nil || sectors < 0 || sectors > 1<<53 {
		return d, false // it went away a moment ago
	}
	d = Disk{
		Name: name, Number: m.text(dir, "dev"), Size: sectors * 512,
		Model:    strings.TrimSpace(m.text(dir, "device/vendor") + " " + m.text(dir, "device/model") + m.text(dir, "device/name")),
		ReadOnly: m.text(dir, "ro") != "0", Serial: m.serial(dir),
		Removable: m.text(dir, "removable") == "1" || m.text(dir, "device/type") == "SD",
	}
	d.Seq, _ = strconv.ParseUint(m.text(dir, "diskseq"), 10, 64)
	if file := m.text(dir, "loop/backing_file"); file != "" {
		d.Model, d.Serial = "loop device", file
	}
	return d, d.Number != ""
}

// text is a file of one line; empty if it is not there.
func (m Machine) text(dir, name string) string {
	b, err := fs.ReadFile(m.Sys, path.Join(m.resolve(dir), name))
	if err != nil || len(b) > 4096 {
		return ""
	}
	return strings.TrimSpace(strings.Trim(string(b), "\x00"))
}

// resolve follows the link of /sys/block/NAME to its place among the devices.
func (m Machine) resolve(dir string) string {
	target, err := fs.ReadLink(m.Sys, dir)
	if err != nil {
		return dir
	}
	return path.Join(path.Dir(dir), target)
}

// serial finds a disk's serial number: its own, that of its page 0x80, or that of the USB device
// it is in.
func (m Machine) serial(dir string) string {
	for _, name := range []string{"serial", "device/serial"} {
		if s := m.text(dir, name); s != "" {
			return s
		}
	}
	for up := m.resolve(dir); strings.Contains(up, "/"); up = path.Dir(up) {
		if m.text(up, "idVendor") != "" {
			return m.text(up, "serial")
		}
	}
	page, err := fs.ReadFile(m.Sys, path.Join(m.resolve(dir), "device/vpd_pg80"))
	if err != nil || len(page) < 4 {
		return ""
	}
	return printable(page[4:])
}

// printable is a serial number as a person types it: in hex if it is not text.
func printable(b []byte) string {
	s := strings.TrimSpace(strings.Trim(string(b), "\x00"))
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return hex.EncodeToString(b)
	}
	return s
}

func nameByID(disks []Disk) {
	count := map[string]int{}
	for _, d := range disks {
		count[d.Serial]++
	}
	for i := range disks {
		d := &disks[i]
		switch {
		case d.Serial == "":
			d.ID = d.Name
		case count[d.Serial] > 1: // the slots of one reader
			d.ID = d.Serial + "/" + d.Name
		default:
			d.ID = d.Serial
		}
	}
}

// Same reports whether other is the same card in the same place, which nobody took out since.
func (d Disk) Same(other Disk) bool {
	return d.Name == other.Name && d.Number == other.Number && d.Seq == other.Seq && d.Size == other.Size && d.Serial == other.Serial
}

// Bounds of what is taken for a card.
const maxCard = 2 << 40

// Why a disk is not written.
var (
	ErrNoCard    = errors.New("there is no card (put one in; `badgectl flash list` shows what this machine sees)")
	ErrManyCards = errors.New("there are several cards (name one with --disk)")
	ErrInUse     = errors.New("the disk is in use")
	ErrNotCard   = errors.New("the disk is not removable")
	ErrReadOnly  = errors.New("the card is write-protected (look for the slide on its edge)")
	ErrSize      = errors.New("the card has the wrong size")
	ErrExchanged = errors.New("the card was taken out or exchanged (begin again)")
)

// Refuse reports why a disk is not written with an image of need bytes. A disk that is not
// removable is refused unless a person typed its ID.
func (d Disk) Refuse(need int64, typed bool) error {
	switch {
	case d.InUse != "":
		return fmt.Errorf("%s %s: %w: %s", d.Name, d.Model, ErrInUse, d.InUse)
	case !d.Removable && !typed:
		return fmt.Errorf("%s %s: %w (if it is the right one, name it: --disk '%s')", d.Name, d.Model, ErrNotCard, d.ID)
	case d.Size == 0:
		return fmt.Errorf("%s %s: %w", d.Name, d.Model, ErrNoCard)
	case d.ReadOnly:
		return fmt.Errorf("%s %s: %w", d.Name, d.Model, ErrReadOnly)
	case d.Size < need:
		return fmt.Errorf("%s %s has %d MB, and %d MB are needed: %w", d.Name, d.Model, d.Size/1e6, need/1e6, ErrSize)
	case d.Size > maxCard:
		return fmt.Errorf("%s %s has %d GB, and no card has more than %d: %w", d.Name, d.Model, d.Size/1e9, int64(maxCard)/1e9, ErrSize)
	}
	return nil
}

// Choose gives the disk to write: the one whose ID a person typed, or, if nothing was typed, the
// only card.
func Choose(disks []Disk, typed string, need int64) (Disk, error) {
	if typed != "" {
		i := slices.IndexFunc(disks, func(d Disk) bool { return d.ID == typed })
		if i < 0 {
			return Disk{}, fmt.Errorf("no disk has the ID %.80q: %w", typed, ErrNoCard)
		}
		return disks[i], disks[i].Refuse(need, true)
	}
	var cards []Disk
	for _, d := range disks {
		if d.Removable && d.Size > 0 && d.InUse == "" {
			cards = append(cards, d)
		}
	}
	switch len(cards) {
	case 0:
		return Disk{}, noCard(disks)
	case 1:
		return cards[0], cards[0].Refuse(need, false)
	}
	var ids []string
	for _, d := range cards {
		ids = append(ids, d.ID)
	}
	return Disk{}, fmt.Errorf("%s: %w", strings.Join(ids, ", "), ErrManyCards)
}

// noCard says that there is no card, and which one would be one if nobody used it.
func noCard(disks []Disk) error {
	for _, d := range disks {
		if d.Removable && d.Size > 0 {
			return fmt.Errorf("%s is in use, it %s: %w", d.ID, d.InUse, ErrNoCard)
		}
	}
	return ErrNoCard
}
