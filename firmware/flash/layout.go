package flash

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"badged/firmware/board"
	"badged/firmware/slot"
)

// Extent is a piece of a card that is written, and what stands there.
type Extent struct {
	Off, Len int64
	Open     func() (io.Reader, error) // gives Len bytes or more
}

// Image is all that is written onto one card.
type Image struct {
	Size int64    // of the card
	Head []byte   // the first MiB with the partition table: written last
	Body []Extent // the rest, in order

	// Provision is where the two copies are of what makes the card a terminal's. It depends on
	// the release and on how long they are, not on what they say.
	Provision [2]int64
}

// Content is what belongs on a card, wherever it lands.
type Content struct {
	Board     board.Board
	Files     []File // of the release, as the bundle names them: "slot/…", "esp/…"
	Release   slot.Release
	Version   string
	Terminal  string
	Provision []byte
}

const (
	mib       = 1 << 20
	headLen   = mib
	dataLeast = 128 * mib // what the terminal's own partition has at least
	espLen    = 192 * mib
	pickLen   = 16 * mib
	slotLen   = 64 * mib
	// An update writes within these files of a UEFI board, so that they are longer than what
	// they hold.
	linuxLen  = 16 * mib // packed, as on amd64
	imageLen  = 40 * mib // not packed, as on arm64
	initrdLen = 40 * mib
	// stateLen has the two copies of the slots' record far from each other: a card that loses
	// power may lose what lies around the sector that it was writing.
	stateLen  = 128 << 10
	stateCopy = 64 << 10
)

// Least is the size of the smallest card for a board.
func Least(b board.Board) int64 {
	if b.Boot == board.UEFI {
		return headLen + espLen + dataLeast + mib
	}
	return headLen + pickLen + 2*slotLen + dataLeast
}

// Layout lays out a card of size bytes.
func Layout(c Content, size int64) (Image, error) {
	size -= size % sector
	if size < Least(c.Board) {
		return Image{}, fmt.Errorf("lay out a card of %d MB: %w: board %s needs %d MB", size/1e6, ErrSize, c.Board.Name, Least(c.Board)/1e6)
	}
	img := Image{Size: size, Head: make([]byte, headLen)}
	var err error
	switch c.Board.Boot {
	case board.UEFI:
		err = img.layUEFI(c)
	case board.Pi:
		err = img.layPi(c)
	default:
		err = fmt.Errorf("nothing is known of boards that boot by %q", c.Board.Boot)
	}
	if err != nil {
		return Image{}, fmt.Errorf("lay out a card for %s: %w", c.Board.Name, err)
	}
	copy(img.Head[markAt:], c.mark().bytes())
	slices.SortFunc(img.Body, func(a, b Extent) int {
		if a.Off < b.Off {
			return -1
		}
		return 1
	})
	return img, nil
}

// seed makes all that must differ between cards and not between two cards of one content.
func (c Content) seed() [32]byte {
	return sha256.Sum256(append([]byte(c.Terminal+"\x00"), c.Release.ID[:]...))
}

func (c Content) volume(n byte) uint32 {
	s := c.seed()
	return binary.BigEndian.Uint32(s[28:]) + uint32(n)
}

// layUEFI lays out a GPT with the EFI system partition and the terminal's own.
func (img *Image) layUEFI(c Content) error {
	data := int64(headLen + espLen)
	end := (img.Size - gptTail) / mib * mib
	tail := writeGPT(img.Head, img.Size, []part{
		{name: "esp", off: headLen, size: espLen, kind: kindESP},
		{name: "data", off: data, size: end - data, kind: kindLinux},
	}, c.seed())
	files, err := c.espFiles()
	if err != nil {
		return err
	}
	if err := img.addFAT(headLen, espLen, true, "BADGED", c.volume(0), files); err != nil {
		return err
	}
	img.addBlank(data, mib)
	img.Body = append(img.Body, bytesAt(img.Size-gptTail, tail))
	return nil
}

// espFiles are the files of the EFI system partition.
func (c Content) espFiles() ([]File, error) {
	files := c.below("esp/")
	for _, f := range files {
		if top, _, _ := strings.Cut(strings.ToLower(f.Path), "/"); slices.Contains([]string{"a", "b", "badged", "loader", "readme.txt"}, top) {
			return nil, fmt.Errorf("the release has esp/%s, where the card's own files stand", f.Path)
		}
	}
	files = append(files, c.chosen("loader/loader.conf")...)
	options, err := c.cmdline()
	if err != nil {
		return nil, err
	}
	for _, s := range []slot.Slot{slot.A, slot.B} {
		of, err := c.slotFiles(s)
		if err != nil {
			return nil, err
		}
		entry := "title badged, slot %[1]v\nlinux /%[1]v/linux\ninitrd /%[1]v/initrd\noptions %[2]s badged.slot=%[1]v\n"
		files = append(append(files, of...), Text(fmt.Sprintf("loader/entries/slot-%v.conf", s), fmt.Sprintf(entry, s, options)))
	}
	return files, has(files, map[string]string{"amd64": "EFI/BOOT/BOOTX64.EFI", "arm64": "EFI/BOOT/BOOTAA64.EFI"}[c.Board.Arch])
}

// slotFiles are the files of a slot in the EFI system partition, each as long as an update may
// make it.
func (c Content) slotFiles(s slot.Slot) (files []File, err error) {
	room := map[string]int64{"linux": linuxLen, "initrd": initrdLen}
	if c.Board.Arch == "arm64" {
		room["linux"] = imageLen
	}
	for name, length := range room {
		f, err := c.file("slot/" + name)
		if err != nil {
			return nil, err
		}
		if f.Size > length {
			return nil, fmt.Errorf("%s has %d MB, and a slot has room for %d MB of it", f.Path, f.Size/1e6, length/1e6)
		}
		files = append(files, File{s.String() + "/" + name, length, padded(f.Open)})
	}
	return files, nil
}

// defaultCmdline is for a release that brings no slot/cmdline.
const defaultCmdline = "panic=10"

// cmdline is what the release tells the kernel: one line.
func (c Content) cmdline() (string, error) {
	f, err := c.file("slot/cmdline")
	if err != nil {
		return defaultCmdline, nil
	}
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(r, 1025))
	line := strings.TrimRight(string(b), "\n")
	if err == nil && (len(line) > 1024 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' })) {
		err = errors.New("slot/cmdline is not one line of at most 1024 plain characters")
	}
	return line, err
}

// layPi lays out an MBR with the partition that chooses, the two slots and the terminal's own.
func (img *Image) layPi(c Content) error {
	at := [4]int64{headLen, headLen + pickLen, headLen + pickLen + slotLen, headLen + pickLen + 2*slotLen}
	writeMBR(img.Head, []part{
		{off: at[0], size: pickLen, mbrKind: 0x0e}, {off: at[1], size: slotLen, mbrKind: 0x0c},
		{off: at[2], size: slotLen, mbrKind: 0x0c}, {off: at[3], size: (img.Size - at[3]) / mib * mib, mbrKind: 0x83},
	}, c.volume(9))
	if err := img.addFAT(at[0], pickLen, false, "BADGED", c.volume(0), c.chosen("autoboot.txt")); err != nil {
		return err
	}
	files := c.below("slot/")
	if err := has(files, "config.txt"); err != nil {
		return err
	}
	for i, label := range []string{"SLOT-A", "SLOT-B"} {
		if err := img.addFAT(at[1+i], slotLen, true, label, c.volume(byte(1+i)), files); err != nil {
			return err
		}
	}
	img.addBlank(at[3], mib)
	img.addBlank(img.Size-gptTail, gptTail) // a GPT that the card had before
	return nil
}

// chosen are the files beside the slots: the boot loader's choice, the record of updates, and two
// copies of what makes the card this terminal's.
func (c Content) chosen(choice string) []File {
	sector := slot.Choice(c.Board.Boot, slot.A)
	record := slot.Record{Counter: 1, Installed: c.Release, Other: c.Release}.Sector()
	state := make([]byte, stateLen)
	copy(state[stateCopy:], record[:]) // an odd counter is the second copy's
	return []File{
		Text(choice, string(sector[:])),
		Text("badged/state", string(state)),
		Text(provisionPaths[0], string(c.Provision)),
		Text(provisionPaths[1], string(c.Provision)),
		Text("README.TXT", readme),
	}
}

var provisionPaths = [2]string{"badged/provision-1.txt", "badged/provision-2.txt"}

const readme = "This card belongs into a terminal of badged. It was made with `badgectl flash write`;\r\n" +
	"nothing on it is meant to be changed by hand: two copies of everything are compared at each start.\r\n" +
	"\r\n" +
	"Cette carte appartient à un terminal badged. Elle a été écrite par « badgectl flash write » ;\r\n" +
	"rien n'y doit être modifié à la main : tout y est en double et comparé à chaque démarrage.\r\n"

// below gives the files of the release below a prefix, without it.
func (c Content) below(prefix string) (files []File) {
	for _, f := range c.Files {
		if rest, ok := strings.CutPrefix(f.Path, prefix); ok {
			files = append(files, File{rest, f.Size, f.Open})
		}
	}
	return files
}

func (c Content) file(path string) (File, error) {
	for _, f := range c.Files {
		if f.Path == path {
			return f, nil
		}
	}
	return File{}, missing(path)
}

func missing(path string) error {
	return fmt.Errorf("the release has no %s (it was made for something else, or its folder was incomplete)", path)
}

func has(files []File, path string) error {
	if slices.ContainsFunc(files, func(f File) bool { return strings.EqualFold(f.Path, path) }) {
		return nil
	}
	return missing(path)
}

func (img *Image) addFAT(at, size int64, wide bool, label string, id uint32, files []File) error {
	extents, placed, err := buildFAT(size, wide, label, id, files)
	if err != nil {
		return err
	}
	for i, path := range provisionPaths {
		if offset, ok := placed[path]; ok {
			img.Provision[i] = at + offset
		}
	}
	for _, e := range extents {
		e.Off += at
		img.Body = append(img.Body, e)
	}
	return nil
}

// addBlank wipes a place, so that nothing of a former life is taken for the terminal's file system
// or for a partition table.
func (img *Image) addBlank(at, length int64) {
	img.Body = append(img.Body, Extent{at, length, func() (io.Reader, error) { return zeros{}, nil }})
}
