package gpioport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/warthog618/go-gpiocdev/uapi"

	"badged/reader"
)

// Chip is a GPIO chip of the kernel.
type Chip struct {
	Name  string // gpiochip0
	Label string // stays the same when chips are numbered anew; "": it may not be looked at
	Lines int    // numbered from 0
}

// Chips gives the chips that are there, by number. They are asked what they are, and no
// line of them changes; one that may not be opened has only a name. Its error is a
// *reader.OpError.
func Chips() ([]Chip, error) { return chips("/dev", chipInfo) }

func chips(dir string, info func(*os.File) (uapi.ChipInfo, error)) (found []Chip, err error) {
	const maxChips = 256
	for n := range maxChips {
		c := Chip{Name: "gpiochip" + strconv.Itoa(n)}
		switch err := c.ask(filepath.Join(dir, c.Name), info); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil && !errors.Is(err, fs.ErrPermission):
			return nil, &reader.OpError{Op: "list", Device: c.Name, Err: err}
		}
		found = append(found, c)
	}
	return found, nil
}

// ask fills in what the chip is.
func (c *Chip) ask(path string, info func(*os.File) (uapi.ChipInfo, error)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	said, err := info(f)
	c.Label, c.Lines = strings.TrimSpace(uapi.BytesToString(said.Label[:])), int(said.Lines)
	return err
}

func chipInfo(f *os.File) (info uapi.ChipInfo, err error) {
	err = control(f, func(fd uintptr) (err error) { info, err = uapi.GetChipInfo(fd); return err })
	return info, err
}
