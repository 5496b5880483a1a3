package kmod_test

import (
	"slices"
	"testing"

	"badged/firmware/kmod"
)

// A module comes behind all that it needs, once, and a device gets the modules whose patterns fit
// what it says of itself.
func TestDevicesGetTheirModules(t *testing.T) {
	made := kmod.NewTable(
		kmod.Module{Name: "ext4", Needs: []string{"jbd2", "mbcache", "crc32c_generic"}},
		kmod.Module{Name: "jbd2", Needs: []string{"crc32c_generic", "builtin"}}, kmod.Module{Name: "mbcache"}, kmod.Module{Name: "crc32c_generic"},
		kmod.Module{Name: "virtio_net", Aliases: []string{"virtio:d00000001v*", "net-pf-1"}},
		kmod.Module{Name: "ftdi_sio", Aliases: []string{"usb:v0403p6001d*dc*dsc*dp*ic*isc*ip*in*", "usb:v0403p60[01]5d*dc*dsc*dp*ic*isc*ip*in*"}},
	)
	read, err := kmod.Parse([]byte(made.Text()))
	if err != nil {
		t.Fatal(err)
	}
	if got := read.Order("ext4"); !slices.Equal(got, []string{"crc32c_generic", "jbd2", "mbcache", "ext4"}) {
		t.Errorf("the order is %v", got)
	}
	for alias, want := range map[string][]string{
		"virtio:d00000001v00001AF4": {"virtio_net"}, "virtio:d00000002v00001AF4": nil, "net-pf-1": nil,
		"usb:v0403p6001d0400dc00dsc00dp00icFFiscFFipFFin00": {"ftdi_sio"},
		"usb:v0403p6015d0400dc00dsc00dp00icFFiscFFipFFin00": {"ftdi_sio"},
		"usb:v0403p6025d0400dc00dsc00dp00icFFiscFFipFFin00": nil,
	} {
		if got := read.Match(alias); !slices.Equal(got, want) {
			t.Errorf("%s gets %v, want %v", alias, got, want)
		}
	}
	if read.Order("nothing") != nil || read.Text() == "" {
		t.Error("an unknown module is loaded")
	}
	if _, err := kmod.Parse([]byte("alias too few")); err != nil {
		t.Errorf("three words are an alias: %v", err)
	}
	if _, err := kmod.Parse([]byte("nonsense\n")); err == nil {
		t.Error("a table with nonsense was taken")
	}
}

// A module needs what it depends on, and what it asks to be loaded before it.
func TestAModuleSaysWhatItNeeds(t *testing.T) {
	var m kmod.Module
	for _, line := range []string{"depends=mbcache,jbd2", "softdep=pre: crc32c post: other", "alias=fs-ext4", "alias=usb:v1 2", "license=GPL"} {
		kmod.AddInfo(&m, line)
	}
	if !slices.Equal(m.Needs, []string{"mbcache", "jbd2", "crc32c"}) || !slices.Equal(m.Aliases, []string{"fs-ext4"}) {
		t.Errorf("%+v", m)
	}
}
