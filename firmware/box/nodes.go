package box

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The users and groups of the image, as its passwd and group have them.
const (
	agentUser = 900
	badgedGID = 900
	dialout   = 20
	badgedIO  = 901
)

// groupOf gives the group that may use a device, by the name of its node: what udev gives a
// terminal that was installed from packages (firmware/udev).
func groupOf(node string) (gid int, ok bool) {
	for prefix, gid := range map[string]int{
		"hidraw": badgedIO, "input/event": badgedIO, "gpiochip": badgedIO, "spidev": badgedIO, "bus/usb/": badgedIO,
		"ttyS": dialout, "ttyUSB": dialout, "ttyACM": dialout, "ttyAMA": dialout,
	} {
		if strings.HasPrefix(node, prefix) {
			return gid, true
		}
	}
	return 0, false
}

// giveNode gives a device to the group that may use it.
func giveNode(node string) {
	gid, ok := groupOf(node)
	if !ok || !filepath.IsLocal(node) {
		return
	}
	path := filepath.Join("/dev", node)
	if os.Chown(path, 0, gid) == nil { // else it is gone again
		_ = os.Chmod(path, 0o660)
	}
}

// givePresentNodes does so for all devices that are there.
func givePresentNodes() {
	_ = filepath.WalkDir("/dev", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			giveNode(strings.TrimPrefix(path, "/dev/"))
		}
		return nil
	})
}
