package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// loopDisk is an ext4 on a loop device, whose writes the kernel counts.
type loopDisk struct {
	root   string // what is removed at the end
	dir    string // where it is mounted
	device uint64
}

const loopBytes = 128 << 20

// newLoopDisk makes and mounts one.
func newLoopDisk(ctx context.Context) (_ *loopDisk, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("make a loop device: this needs root (sudo make bench BENCH=flash)")
	}
	d := &loopDisk{}
	if d.root, err = os.MkdirTemp("", "badged-flash-"); err != nil {
		return nil, fmt.Errorf("make a folder for a loop device: %w", err)
	}
	if err := d.mount(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.root))
	}
	return d, nil
}

func (d *loopDisk) mount(ctx context.Context) error {
	image, dir := filepath.Join(d.root, "disk"), filepath.Join(d.root, "mounted")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, loopBytes), os.Mkdir(dir, 0o700)); err != nil {
		return fmt.Errorf("make the disk of a loop device: %w", err)
	}
	if err := run(ctx, "mkfs.ext4", "-q", "-b", strconv.Itoa(flashBlock), "-E", "lazy_itable_init=0,lazy_journal_init=0", image); err != nil {
		return err
	}
	if err := run(ctx, "mount", "-o", "loop", image, dir); err != nil {
		return err
	}
	d.dir = dir
	var st syscall.Stat_t
	if err := syscall.Stat(dir, &st); err != nil {
		return errors.Join(fmt.Errorf("look at the loop device: %w", err), run(ctx, "umount", dir))
	}
	d.device = uint64(st.Dev)
	return nil
}

// remove unmounts it and deletes its file.
func (d *loopDisk) remove(ctx context.Context) error {
	return errors.Join(run(ctx, "umount", d.dir), os.RemoveAll(d.root))
}

// count gives how many blocks reach the device, for one of n, while write runs.
func (d *loopDisk) count(n int, write func() error) (float64, error) {
	before, err := d.written()
	if err != nil {
		return 0, err
	}
	if err := write(); err != nil {
		return 0, err
	}
	after, err := d.written()
	return float64(after-before) / flashBlock / float64(n), err
}

// written gives the bytes that were written to the device until now, with all that the
// kernel still had to write.
func (d *loopDisk) written() (int64, error) {
	f, err := os.Open(d.dir)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return 0, fmt.Errorf("sync the loop device: %w", err)
	}
	b, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(d.device), unix.Minor(d.device)))
	if err != nil {
		return 0, err
	}
	return sectorsWritten(string(b))
}

// sectorsWritten reads the seventh figure of a block device's statistics, sectors of 512
// bytes (Documentation/block/stat.rst of the kernel), as bytes.
func sectorsWritten(stat string) (int64, error) {
	fields := strings.Fields(stat)
	if len(fields) < 7 {
		return 0, fmt.Errorf("read the statistics of the loop device: %d figures in %q", len(fields), stat)
	}
	sectors, err := strconv.ParseInt(fields[6], 10, 64)
	return sectors * 512, err
}

func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
