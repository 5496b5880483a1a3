package serialport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"badged/reader"
)

// Adapter is a serial port that is there.
type Adapter struct {
	Path string // what to configure: it stays the same when others are plugged in
	Node string // /dev/ttyUSB0
	Name string // what udev makes of maker, product and serial number; may be empty
}

// The folders with udev's permanent names, the better one first: by the adapter's own id, and by
// the socket that it is in.
var stable = []string{"/dev/serial/by-id", "/dev/serial/by-path"}

// boards are ports that a board has without an adapter.
var boards = []string{"/dev/ttyAMA[0-9]*", "/dev/ttySC[0-9]*", "/dev/ttymxc[0-9]*", "/dev/ttyO[0-9]*"}

// List returns the serial ports of the machine. It opens none, because that would change
// their settings. It leaves out the 8250 ports of a PC (ttyS0), because most of them do not
// exist. Its error is a *reader.OpError.
func List() ([]Adapter, error) { return listPorts("/") }

func listPorts(root string) (found []Adapter, err error) {
	for _, folder := range stable {
		entries, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, &reader.OpError{Op: "list", Device: folder, Err: err}
		}
		for _, e := range entries {
			found = addPort(found, root, filepath.Join(folder, e.Name()))
		}
	}
	for _, pattern := range boards {
		nodes, _ := filepath.Glob(filepath.Join(root, pattern)) // the patterns are right
		for _, node := range nodes {
			path := strings.TrimPrefix(node, strings.TrimSuffix(root, "/"))
			if !slices.ContainsFunc(found, func(a Adapter) bool { return a.Node == path }) {
				found = append(found, Adapter{Path: path, Node: path})
			}
		}
	}
	return found, nil
}

// addPort adds the port that a link leads to, unless it is known by a better name. It ignores a
// broken link, whose port has just gone.
func addPort(found []Adapter, root, link string) []Adapter {
	target, err := os.Readlink(filepath.Join(root, link))
	if err != nil {
		return found
	}
	node := filepath.Join(filepath.Dir(link), target)
	if slices.ContainsFunc(found, func(a Adapter) bool { return a.Node == node }) {
		return found
	}
	a := Adapter{Path: link, Node: node}
	if filepath.Dir(link) == stable[0] {
		a.Name = strings.ReplaceAll(filepath.Base(link), "_", " ")
	}
	return append(found, a)
}
