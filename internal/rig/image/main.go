// Command image makes what belongs into a slot of a board with UEFI: the kernel, the archive that
// it starts from, and the boot loader, as a folder that `badgectl bundle make` takes. scripts/image.sh
// gets what it needs. The same files make the same image.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"badged/firmware/board"
	"badged/firmware/initrd"
	"badged/firmware/kmod"
)

// image is what is asked for.
type image struct {
	board    board.Board
	kernel   string // folder with vmlinuz and modules
	programs string
	trust    string
	loader   string
	data     string // packed file system
	zones    string
	console  string
	version  string
	built    int64
	out      string
	level    zstd.EncoderLevel
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run() error {
	var im image
	name := flag.String("board", "", "board, as `badgectl board list` names it")
	flag.StringVar(&im.kernel, "kernel", "", "folder with vmlinuz and modules")
	flag.StringVar(&im.programs, "programs", "", "folder with badged, badgectl and badgeinit")
	flag.StringVar(&im.trust, "trust", "", "file of trust")
	flag.StringVar(&im.loader, "loader", "", "systemd-boot")
	flag.StringVar(&im.data, "data", "", "packed file system that a new card's own partition gets")
	flag.StringVar(&im.zones, "zones", "", "zoneinfo.zip of Go")
	flag.StringVar(&im.console, "console", "", "serial console, as the kernel names it")
	flag.StringVar(&im.version, "version", "", "version of the release")
	flag.Int64Var(&im.built, "built", 0, "seconds since 1970 before which no clock is right")
	flag.StringVar(&im.out, "out", "", "folder of the release")
	fast := flag.Bool("fast", false, "pack fast instead of well: for tests")
	flag.Parse()
	if im.level = zstd.SpeedBestCompression; *fast {
		im.level = zstd.SpeedFastest
	}
	var err error
	if im.board, err = board.Find(*name); err != nil {
		return err
	}
	if im.board.Boot != board.UEFI {
		return fmt.Errorf("images are made for boards with UEFI so far, and %s has none", im.board.Name)
	}
	return im.make()
}

func (im image) make() error {
	packed, err := im.archive()
	if err != nil {
		return err
	}
	kernel, err := os.ReadFile(filepath.Join(im.kernel, "vmlinuz"))
	if err != nil {
		return err
	}
	loader, err := os.ReadFile(im.loader)
	if err != nil {
		return err
	}
	efi := map[string]string{"amd64": "BOOTX64.EFI", "arm64": "BOOTAA64.EFI"}[im.board.Arch]
	// no_timer_check: on a busy host of a virtual machine, a late timer is taken for a missing one.
	cmdline := "console=" + im.console + " no_timer_check quiet loglevel=4 panic=10 random.trust_cpu=on\n"
	for path, content := range map[string][]byte{"slot/linux": kernel, "slot/initrd": packed, "slot/cmdline": []byte(cmdline), "esp/EFI/BOOT/" + efi: loader} {
		to := filepath.Join(im.out, im.board.Name, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, 0o644)); err != nil {
			return err
		}
	}
	fmt.Printf("%s: kernel %.1f MB, archive %.1f MB\n", im.board.Name, float64(len(kernel))/1e6, float64(len(packed))/1e6)
	return nil
}

// archive makes the first file system of the kernel, packed.
func (im image) archive() ([]byte, error) {
	a := initrd.New()
	for _, f := range [][2]string{
		{"init", filepath.Join(im.programs, "badgeinit")}, {"bin/badged", filepath.Join(im.programs, "badged")},
		{"bin/badgectl", filepath.Join(im.programs, "badgectl")},
		{"share/badged.trust", im.trust}, {"share/data.ext4.gz", im.data}, {"share/zoneinfo.zip", im.zones},
	} {
		content, err := os.ReadFile(f[1])
		if err != nil {
			return nil, err
		}
		a.Add(f[0], 0o755, content)
	}
	about, err := json.Marshal(map[string]any{"version": im.version, "board": im.board.Name, "built": im.built})
	if err != nil {
		return nil, err
	}
	a.Add("share/release.json", 0o644, about)
	a.Add("etc/passwd", 0o644, []byte("root:x:0:0::/:/bin/false\nbadged:x:900:900::/:/bin/false\n"))
	a.Add("etc/group", 0o644, []byte("root:x:0:\ndialout:x:20:\nbadged:x:900:\nbadged-io:x:901:\n"))
	if err := im.addModules(a); err != nil {
		return nil, err
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(im.level), zstd.WithWindowSize(8<<20))
	if err != nil {
		return nil, err
	}
	return e.EncodeAll(a.Bytes(), nil), nil
}

// addModules adds the modules of the list with what they need, and the table of them.
func (im image) addModules(a *initrd.Archive) error {
	files := map[string]string{}
	err := filepath.WalkDir(im.kernel, func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok && err == nil && !d.IsDir() {
			files[kmod.Canonical(name)] = path
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no modules", im.kernel)
	}
	chosen := map[string]kmod.Module{}
	for _, name := range wanted() {
		if err := choose(kmod.Canonical(name), files, chosen); err != nil {
			return err
		}
	}
	var list []kmod.Module
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		m := chosen[name]
		list = append(list, m)
		content, err := os.ReadFile(files[m.Name])
		if err != nil {
			return err
		}
		a.Add("lib/modules/"+m.Name+".ko", 0o644, content)
	}
	a.Add("lib/modules/table", 0o644, []byte(kmod.NewTable(list...).Text()))
	return nil
}

// choose adds a module and what it needs. What the kernel's folder does not have is part of the
// kernel, or of another one.
func choose(name string, files map[string]string, chosen map[string]kmod.Module) error {
	path, there := files[name]
	if _, have := chosen[name]; have || !there {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := kmod.Describe(name, f)
	if err != nil {
		return err
	}
	chosen[name] = m
	for _, need := range m.Needs {
		if err := choose(need, files, chosen); err != nil {
			return err
		}
	}
	return nil
}
