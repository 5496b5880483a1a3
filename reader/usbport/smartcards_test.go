package usbport

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// plugIn puts an interface of a class into a tree of sysfs.
func plugIn(t *testing.T, root, path, product, iface, class string) {
	t.Helper()
	device := filepath.Join(root, "sys/devices/pci0/usb1", path)
	face := filepath.Join(device, path+":1."+iface)
	for file, text := range map[string]string{
		filepath.Join(device, "idVendor"): "072f", filepath.Join(device, "idProduct"): product, filepath.Join(device, "product"): "ACR " + product, filepath.Join(device, "serial"): "S0",
		filepath.Join(face, "bInterfaceNumber"): "0" + iface, filepath.Join(face, "bInterfaceClass"): class,
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(root, "sys/bus/usb/devices", filepath.Base(face))
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(face, link); err != nil {
		t.Fatal(err)
	}
}

// Each spec is as short as it can be: alone, alike in two ports, two on one device.
func TestSmartCardReaders(t *testing.T) {
	m := &machine{root: t.TempDir()}
	if list, err := m.smartCardReaders(); err != nil || len(list) != 0 {
		t.Fatalf("no USB at all: %v, %v", list, err)
	}
	plugIn(t, m.root, "1-1", "2200", "0", "0b")
	plugIn(t, m.root, "1-2", "2303", "0", "0b")
	plugIn(t, m.root, "1-3", "2303", "0", "0b")
	plugIn(t, m.root, "1-4", "1281", "0", "0b")
	plugIn(t, m.root, "1-4", "1281", "1", "0b")
	plugIn(t, m.root, "1-5", "0009", "0", "03") // a keyboard
	list, err := m.smartCardReaders()
	var got []string
	for _, r := range list {
		got = append(got, r.Spec.String()+" "+r.Name)
	}
	want := []string{
		"usb:072f:1281 interface=0 ACR 1281", "usb:072f:1281 interface=1 ACR 1281", "usb:072f:2200 ACR 2200",
		"usb:072f:2303 path=1-2 ACR 2303", "usb:072f:2303 path=1-3 ACR 2303",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%v: got %q", err, got)
	}
	for spec, want := range map[string]bool{
		"usb:072f:2200": true, "usb:072f:2200 path=1-1 serial=S0 interface=0": true, "usb:072f:2200 serial=S1": false,
		"usb:072f:2200 path=1-2": false, "usb:072f:2200 interface=1": false, "usb:072f:2303": false,
	} {
		if got := list[2].Is(mustParse(t, spec)); got != want {
			t.Errorf("%s: got %v", spec, got)
		}
	}
}
