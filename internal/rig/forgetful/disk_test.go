//go:build power

package forgetful_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"badged/internal/rig/forgetful"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mount(t *testing.T) (*forgetful.Disk, string) {
	t.Helper()
	dir := t.TempDir()
	d, err := forgetful.Mount(dir)
	must(t, err)
	t.Cleanup(func() { must(t, d.Unmount()) })
	return d, dir
}

// create makes a file and syncs it, not its name.
func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, err = f.WriteString("whole")
	must(t, errors.Join(err, syscall.Fdatasync(int(f.Fd()))))
	return f
}

func TestPowerCutKeepsWhatWasSyncedAndPerhapsTheRest(t *testing.T) {
	d, dir := mount(t)
	f := create(t, filepath.Join(dir, "named"))
	folder, err := os.Open(dir)
	must(t, err)
	must(t, errors.Join(folder.Sync(), folder.Close()))
	create(t, filepath.Join(dir, "nameless"))

	r, seen := rand.New(rand.NewPCG(1, 1)), map[string]bool{}
	for range 100 {
		written := make(chan error, 1)
		go func() {
			_, err := f.WriteAt([]byte("W"), 0)
			written <- err
		}()
		must(t, d.Cut(t.Context(), 0, r, func(i *forgetful.Image) {
			seen[string(i.Left["named"])] = true
			seen["nameless: "+string(i.Left["nameless"])] = true
		}))
		must(t, <-written)
	}
	for _, want := range []string{"whole", "Whole", "nameless: ", "nameless: whole"} {
		if !seen[want] {
			t.Errorf("%q was never left", want)
		}
	}
	if seen[""] {
		t.Error("a file is gone that was synced, with its name")
	}
}

func TestPowerDiskThatIsBrokenFailsEachSync(t *testing.T) {
	d, dir := mount(t)
	f := create(t, filepath.Join(dir, "a"))
	d.Break()
	for name, err := range map[string]error{"fsync": f.Sync(), "fdatasync": syscall.Fdatasync(int(f.Fd()))} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	if s := d.Syncs(); s != (forgetful.Syncs{Full: 1, Data: 2}) {
		t.Errorf("the syncs are counted as %+v", s)
	}
}
