//go:build lab

package lab_test

import (
	"debug/elf"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// kernel is a Debian kernel that scripts/lab.sh has fetched.
type kernel struct {
	t       *testing.T
	image   string
	modules map[string]string // paths by name, with _ for -
}

func findKernel(t *testing.T, arch string) *kernel {
	t.Helper()
	dir, err := filepath.Abs("../../../.cache/lab/" + arch)
	if err != nil {
		t.Fatal(err)
	}
	k := &kernel{t: t, image: filepath.Join(dir, "vmlinuz"), modules: map[string]string{}}
	err = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(p), ".ko"); ok {
			k.modules[strings.ReplaceAll(name, "-", "_")] = p
		}
		return err
	})
	if err != nil {
		t.Fatalf("find the kernel for %s: %v (run make lab, which fetches it)", arch, err)
	}
	return k
}

// order gives the files of the named modules, each behind those that it needs.
func (k *kernel) order(names ...string) (files []string) {
	k.t.Helper()
	for _, name := range names {
		file, ok := k.modules[strings.ReplaceAll(name, "-", "_")]
		if !ok {
			k.t.Fatalf("the kernel %s has no module %s", k.image, name)
		}
		for _, f := range append(k.order(needs(k.t, file)...), file) {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}

// needs gives the names of the modules that one needs, as it says itself.
func needs(t *testing.T, file string) []string {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Section(".modinfo").Data()
	if err != nil {
		t.Fatalf("read what %s says of itself: %v", file, err)
	}
	for _, line := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(line, "depends="); ok && list != "" {
			return strings.Split(list, ",")
		}
	}
	return nil
}
