package usbport

import "bytes"

// The bounds of a message of the kernel: UEVENT_BUFFER_SIZE and UEVENT_NUM_ENVP of
// linux/kobject.h, and the header.
const (
	maxUevent = 8192
	maxVars   = 64
)

// uevent is what happened to a device.
type uevent struct {
	action    string // "add", "remove", "bind", ...
	path      string // of the device, below /sys
	subsystem string
}

// parseUevent reads a message of the kernel: ACTION@DEVPATH, then KEY=VALUE, each
// ended by a zero byte (Linux, lib/kobject_uevent.c). The messages of udev, which
// start with "libudev", are none.
func parseUevent(p []byte) (uevent, bool) {
	if len(p) == 0 || len(p) > maxUevent || p[len(p)-1] != 0 {
		return uevent{}, false
	}
	vars := bytes.Split(p[:len(p)-1], []byte{0})
	action, path, ok := bytes.Cut(vars[0], []byte("@"))
	if !ok || len(vars) > maxVars || len(path) == 0 || path[0] != '/' {
		return uevent{}, false
	}
	u := uevent{action: string(action), path: string(path)}
	for _, v := range vars[1:] {
		key, value, _ := bytes.Cut(v, []byte("="))
		switch string(key) {
		case "SUBSYSTEM":
			u.subsystem = string(value)
		case "ACTION":
			ok = ok && bytes.Equal(value, action)
		case "DEVPATH":
			ok = ok && bytes.Equal(value, path)
		}
	}
	return u, ok && u.subsystem != ""
}

// matters reports whether it can change what a Port or a Guard has to do, or that what a
// Bulk waits for was plugged in.
func (u uevent) matters() bool {
	return u.subsystem == "input" || u.subsystem == "hidraw" || u.subsystem == "usb" && u.action == "add"
}
