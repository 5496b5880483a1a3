package box

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"badged/firmware/flash"
)

// poll is how often a state is looked at of which the kernel does not tell.
const poll = 200 * time.Millisecond

// awaitCard waits for the card that this system started from: a disk that says it is one for this
// board.
func awaitCard(ctx context.Context, board string) (disk string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		entries, err := os.ReadDir("/sys/class/block")
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if m, ok := flash.ReadMark(flash.Disk{Name: e.Name()}); ok && m.State == flash.StateWhole && m.Board == board {
				return e.Name(), nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("find the card: no disk of this machine is a card for %s", board)
		case <-time.After(poll):
		}
	}
}

// partition gives the device of the nth partition of a disk.
func partition(disk string, n int) (string, error) {
	entries, err := os.ReadDir(filepath.Join("/sys/class/block", disk))
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join("/sys/class/block", disk, e.Name(), "partition"))
		if err == nil && strings.TrimSpace(string(b)) == strconv.Itoa(n) {
			return filepath.Join("/dev", e.Name()), nil
		}
	}
	return "", fmt.Errorf("find partition %d of %s: it is not there (flash the card again)", n, disk)
}

// blankData is a small file system, packed, that grows when it is mounted for the first time.
const blankData = "/share/data.ext4.gz"

// firstPiece is what of a new file system is written last: without it, there is none.
const firstPiece = 64 << 10

// mountData mounts the terminal's own file system, and makes it if the card is new. What is there
// and cannot be mounted is never written over.
func mountData(device, at string) error {
	if blank, err := isBlank(device); err != nil || blank {
		if err == nil {
			err = makeData(device)
		}
		if err != nil {
			return fmt.Errorf("make the terminal's own file system: %w", err)
		}
	}
	if err := mount(device, at, "ext4", unix.MS_NOATIME|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "errors=remount-ro"); err != nil {
		return fmt.Errorf("%w (it is damaged: flash the card again)", err)
	}
	return growData(device, at)
}

func isBlank(device string) (bool, error) {
	f, err := os.Open(device)
	if err != nil {
		return false, err
	}
	defer f.Close()
	b := make([]byte, firstPiece)
	_, err = io.ReadFull(f, b)
	return len(bytes.Trim(b, "\x00")) == 0, err
}

// makeData writes the packed file system onto a device, its beginning last.
func makeData(device string) error {
	packed, err := os.Open(blankData)
	if err != nil {
		return err
	}
	defer packed.Close()
	in, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(device, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	head := make([]byte, firstPiece)
	if _, err := io.ReadFull(in, head); err != nil {
		return err
	}
	if _, err := io.Copy(io.NewOffsetWriter(out, firstPiece), in); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	_, err = out.WriteAt(head, 0)
	return errors.Join(err, out.Sync())
}

// resizeFS is EXT4_IOC_RESIZE_FS.
const resizeFS = 0x40086610

// growData makes the file system as large as its partition. The kernel does it while it is mounted,
// and nothing where it is as large already.
func growData(device, at string) error {
	f, err := os.Open(device)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	folder, err := os.Open(at)
	if err != nil {
		return err
	}
	defer folder.Close()
	blocks := uint64(size / 4096)
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, folder.Fd(), resizeFS, uintptr(unsafe.Pointer(&blocks))); e != 0 {
		return fmt.Errorf("grow the terminal's own file system: %w", e)
	}
	return nil
}
