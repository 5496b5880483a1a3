package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// gadgets is where the kernel makes USB devices out of folders
// (Documentation/usb/gadget_configfs.rst).
const gadgets = "/sys/kernel/config/usb_gadget"

// identity is how a gadget introduces itself.
type identity struct {
	vendor, product uint16
	serial          string
}

// function is one HID interface of a gadget.
type function struct {
	subclass, protocol int // 1, 1: a boot keyboard; 1, 2: a boot mouse
	length             int // of its longest report
	descriptor         []byte
}

// gadget is a USB device on a virtual controller: for the rest of the kernel it is
// as real as one on a cable.
//
//	(made) --plug--> (on the bus) --unplug--> (made) --remove--> (gone)
type gadget struct {
	name     string
	udc      string
	nodes    []string      // a device for each function; what is written there, the gadget says
	patience time.Duration // how long the host may take to take reports
}

// newGadget makes a device that will be plugged into the nth controller.
func newGadget(name string, controller int, id identity, functions ...function) (*gadget, error) {
	g := &gadget{name: name, udc: "dummy_udc." + strconv.Itoa(controller), patience: presented}
	var errs []error
	set := func(file, value string) { errs = append(errs, g.set(file, value)) }
	folder := func(dir string) { errs = append(errs, os.MkdirAll(g.path(dir), 0o755)) }
	folder("strings/0x409")
	set("idVendor", fmt.Sprintf("0x%04x", id.vendor))
	set("idProduct", fmt.Sprintf("0x%04x", id.product))
	set("strings/0x409/manufacturer", "badged")
	set("strings/0x409/product", name)
	if id.serial != "" {
		set("strings/0x409/serialnumber", id.serial)
	}
	folder("configs/c.1/strings/0x409")
	for i, f := range functions {
		fn := fmt.Sprintf("functions/hid.%s%d", name, i)
		folder(fn)
		set(fn+"/subclass", strconv.Itoa(f.subclass))
		set(fn+"/protocol", strconv.Itoa(f.protocol))
		set(fn+"/report_length", strconv.Itoa(f.length))
		set(fn+"/report_desc", string(f.descriptor))
		errs = append(errs, os.Symlink(g.path(fn), g.path("configs/c.1/"+filepath.Base(fn))))
		node, err := g.node(fn)
		g.nodes = append(g.nodes, node)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		_ = g.remove() // what there is of it
		return nil, fmt.Errorf("make the gadget %s: %w", name, err)
	}
	return g, nil
}

func (g *gadget) path(name string) string { return filepath.Join(gadgets, g.name, name) }

func (g *gadget) set(file, value string) error {
	return os.WriteFile(g.path(file), []byte(value), 0)
}

// node gives the device of a function, by the number that the kernel gave it.
func (g *gadget) node(fn string) (string, error) {
	dev, err := os.ReadFile(g.path(fn + "/dev"))
	if err != nil {
		return "", err
	}
	_, minor, _ := strings.Cut(strings.TrimSpace(string(dev)), ":")
	return "/dev/hidg" + minor, nil
}

// plug puts the gadget on the bus.
func (g *gadget) plug() error {
	if err := g.set("UDC", g.udc); err != nil {
		return fmt.Errorf("plug in %s: %w", g.name, err)
	}
	return nil
}

// unplug takes it off, as a hand does. It is fine to call it twice.
func (g *gadget) unplug() error {
	if err := g.set("UDC", "\n"); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("unplug %s: %w", g.name, err)
	}
	return nil
}

// remove unmakes a gadget that is off the bus: link by link, as configfs wants it.
func (g *gadget) remove() error {
	links, _ := filepath.Glob(g.path("configs/c.1/hid.*")) // the pattern is fine
	functions, _ := filepath.Glob(g.path("functions/*"))
	var errs []error
	for _, list := range [][]string{
		links, {g.path("configs/c.1/strings/0x409"), g.path("configs/c.1")}, functions,
		{g.path("strings/0x409"), g.path("")},
	} {
		for _, p := range list {
			errs = append(errs, os.Remove(p))
		}
	}
	return errors.Join(errs...)
}

// sendReports has the nth function send reports, each when the host has taken the one before.
func (g *gadget) sendReports(n int, reports [][]byte) error {
	f, err := os.OpenFile(g.nodes[n], os.O_WRONLY|unix.O_NONBLOCK, 0) // so that the deadline ends a Write
	if err != nil {
		return fmt.Errorf("type on %s: %w", g.name, err)
	}
	defer f.Close()
	if err := f.SetWriteDeadline(time.Now().Add(g.patience)); err != nil {
		return fmt.Errorf("type on %s: %w", g.name, err)
	}
	for _, r := range reports {
		if _, err := f.Write(r); err != nil {
			return fmt.Errorf("type on %s: %w", g.name, err)
		}
	}
	return nil
}
