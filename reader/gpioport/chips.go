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
	Label string // stays the same when chips get other numbers; "": the chip may not be opened
	Lines int    // numbered from 0
}

// Chips lists the chips of the machine, by number. It only reads what they are and changes no
// line; a chip that may not be opened has only a name. Its error is a *reader.OpError.
func Chips() ([]Chip, error) { return listChips("/dev", chipInfo) }

func listChips(dir string, info func(*os.File) (uapi.ChipInfo, error)) (found []Chip, err error) {
	const maxChips = 256
	for n := range maxChips {
		c := Chip{Name: "gpiochip" + strconv.Itoa(n)}
		switch err := c.readInfo(filepath.Join(dir, c.Name), info); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil && !errors.Is(err, fs.ErrPermission):
			return nil, &reader.OpError{Op: "list", Device: c.Name, Err: err}
		}
		found = append(found, c)
	}
	return found, nil
}

// readInfo fills in the label and the number of lines.
func (c *Chip) readInfo(path string, info func(*os.File) (uapi.ChipInfo, error)) error {
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
	err = withDescriptor(f, func(fd uintptr) (err error) { info, err = uapi.GetChipInfo(fd); return err })
	return info, err
}
