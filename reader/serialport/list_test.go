package serialport

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestListPrefersNamesThatStay(t *testing.T) {
	root := t.TempDir()
	link := func(path, target string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	link("dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0", "../../ttyUSB1")
	link("dev/serial/by-path/platform-usb-0:1.2:1.0-port0", "../../ttyUSB0") // an adapter without a name of its own
	link("dev/serial/by-path/platform-usb-0:1.3:1.0-port0", "../../ttyUSB1")
	link("dev/ttyAMA0", "x")
	found, err := listPorts(root)
	want := []Adapter{
		{"/dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0", "/dev/ttyUSB1", "usb-FTDI FT232R A5-if00-port0"},
		{"/dev/serial/by-path/platform-usb-0:1.2:1.0-port0", "/dev/ttyUSB0", ""},
		{"/dev/ttyAMA0", "/dev/ttyAMA0", ""},
	}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestListOfAMachineWithoutPorts(t *testing.T) {
	if found, err := listPorts(t.TempDir()); len(found) != 0 || err != nil {
		t.Errorf("got %v, %v", found, err)
	}
}
