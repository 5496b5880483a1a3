//go:build cards

package flash_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"badged/firmware/flash"
)

const cardSize = 600 << 20

// disk finds a loop device among the disks of this machine.
func disk(t *testing.T, name string) flash.Disk {
	t.Helper()
	disks, err := flash.ThisMachine()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range disks {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("%s is not among the disks", name)
	return flash.Disk{}
}

// writeCard does what flash write does.
func writeCard(t *testing.T, d flash.Disk, o flash.Options) (flash.Report, error) {
	t.Helper()
	release := content(t, "rpi-4")
	release.Files[1] = noise("slot/kernel8.img", 8<<20) // from 18 to 26 MiB of the card, and again in slot B
	img, err := flash.Layout(release, d.Size)
	if err != nil {
		t.Fatal(err)
	}
	c, err := flash.OpenCard(d, flash.ThisMachine)
	if err != nil {
		return flash.Report{}, err
	}
	defer c.Close()
	r, err := flash.Write(t.Context(), c, img, o)
	if err != nil {
		return r, err
	}
	return r, flash.Verify(t.Context(), c, img, func(string, int64, int64) {})
}

// says reports what the card says of itself.
func says(t *testing.T, name string) string {
	t.Helper()
	m, ours := flash.ReadMark(disk(t, name))
	if !ours {
		return "nothing"
	}
	return m.State
}

// Issue 12, «What must be seen»: a slow, lying, shrinking, failing and vanishing card, on the
// kernel's own block layer. Each is named, none passes, and none would start.
func TestBadCardsAreNamed(t *testing.T) {
	const end = cardSize - 8<<20
	for _, tt := range []struct {
		name string
		card *badCard
		want error
		say  string // what the card says of itself afterwards
	}{
		{"good", &badCard{}, nil, flash.StateWhole},
		{"lies: a bit of each write near its middle turns", &badCard{write: func(off int64, p []byte) (bool, syscall.Errno) {
			if off > 20<<20 && off < 30<<20 {
				p[len(p)/2] ^= 1
			}
			return true, 0
		}}, flash.ErrLies, flash.StateHalf},
		{"lies: it loses one block", &badCard{write: func(off int64, _ []byte) (bool, syscall.Errno) {
			return off > 19<<20 || off+maxWrite < 19<<20, 0
		}}, flash.ErrLies, flash.StateHalf},
		{"lies: a block is read as another one", &badCard{read: func(off int64, p []byte) syscall.Errno {
			if off > 40<<20 {
				p[0] ^= 0x80
			}
			return 0
		}}, flash.ErrFake, flash.StateHalf},
		{"shrinks: it forgets what lies beyond 64 MiB", &badCard{write: func(off int64, _ []byte) (bool, syscall.Errno) {
			return off < 64<<20, 0
		}}, flash.ErrFake, flash.StateHalf},
		{"shrinks: it begins at its start again behind 256 MiB", &badCard{place: func(off int64) int64 { return off % (256 << 20) }}, flash.ErrFake, ""},
		{"shrinks: it lacks its last 8 MiB", &badCard{write: func(off int64, _ []byte) (bool, syscall.Errno) { return off < end, 0 }}, flash.ErrFake, flash.StateHalf},
		{"fails: it cannot write at 20 MiB", &badCard{write: func(off int64, _ []byte) (bool, syscall.Errno) {
			if off > 20<<20 && off < 24<<20 {
				return false, syscall.EIO
			}
			return true, 0
		}}, flash.ErrFails, flash.StateHalf},
		{"fails: it cannot read at 20 MiB", &badCard{read: func(off int64, _ []byte) syscall.Errno {
			if off > 20<<20 && off < 24<<20 {
				return syscall.EIO
			}
			return 0
		}}, flash.ErrFails, flash.StateHalf},
		{"fails: it cannot write at all", &badCard{write: func(int64, []byte) (bool, syscall.Errno) { return false, syscall.EIO }}, flash.ErrFails, "nothing"},
		{"fails: it has no room any more", &badCard{write: func(off int64, _ []byte) (bool, syscall.Errno) {
			if off > 100<<20 {
				return false, syscall.ENOSPC
			}
			return true, 0
		}}, flash.ErrFails, flash.StateHalf},
		{"lies: it keeps its first block as it was wiped", keepFirst(), flash.ErrLies, flash.StateHalf},
	} {
		tt.card.size = cardSize
		name := plug(t, tt.card.serve(t))
		_, err := writeCard(t, disk(t, name), options())
		if !errors.Is(err, tt.want) || err == nil && tt.want != nil {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if got := says(t, name); tt.say != "" && got != tt.say {
			t.Errorf("%s: the card says it is %s, want %s", tt.name, got, tt.say)
		}
	}
}

// keepFirst is a card that writes its first block once.
func keepFirst() *badCard {
	var first atomic.Bool
	return &badCard{write: func(off int64, _ []byte) (bool, syscall.Errno) { return off > 0 || !first.Swap(true), 0 }}
}

// A card that takes 128 KiB every 20 ms at most takes 6.5 MB/s at most, however fast the machine.
func TestASlowCardIsNamed(t *testing.T) {
	card := &badCard{size: cardSize, write: func(int64, []byte) (bool, syscall.Errno) {
		time.Sleep(20 * time.Millisecond)
		return true, 0
	}}
	o := options()
	o.Slowest = 20e6
	r, err := writeCard(t, disk(t, plug(t, card.serve(t))), o)
	if !errors.Is(err, flash.ErrSlow) || r.Rate > 6_600_000 || r.Rate == 0 {
		t.Errorf("%d bytes a second, %v", r.Rate, err)
	}
}

// A card that is pulled out while it is written: the reader says that it is empty.
func TestACardThatVanishes(t *testing.T) {
	for _, step := range []string{"tested", "written", "read back"} {
		card := &badCard{size: cardSize}
		path := card.serve(t)
		name := plug(t, path)
		var gone atomic.Bool
		card.write = func(int64, []byte) (bool, syscall.Errno) { return true, ifGone(&gone) }
		card.read = func(int64, []byte) syscall.Errno { return ifGone(&gone) }
		o := options()
		o.Progress = func(now string, done, total int64) {
			if now == step && done > total/2 && !gone.Swap(true) {
				vanish(t, card, name)
			}
		}
		if _, err := writeCard(t, disk(t, name), o); !errors.Is(err, flash.ErrExchanged) || !gone.Load() {
			t.Errorf("pulled out while it is %s: %v", step, err)
		}
	}
}

func ifGone(gone *atomic.Bool) syscall.Errno {
	if gone.Load() {
		return syscall.EIO
	}
	return 0
}

// vanish makes the loop device as a reader is whose card was taken out: of no size.
func vanish(t *testing.T, card *badCard, name string) {
	card.empty.Store(true)
	if out, err := exec.Command("losetup", "-c", "/dev/"+name).CombinedOutput(); err != nil {
		t.Errorf("losetup -c: %v %s", err, out)
	}
}

// Between the list and the writing, the card is taken out and another one put in, which has the
// same name and the same size. Nothing is written.
func TestACardThatIsExchanged(t *testing.T) {
	first, second := &badCard{size: cardSize}, &badCard{size: cardSize}
	paths := [2]string{first.serve(t), second.serve(t)}
	name := plug(t, paths[0])
	listed := disk(t, name)
	unplug(t, "/dev/"+name)
	if out, err := exec.Command("losetup", "/dev/"+name, paths[1]).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if _, err := writeCard(t, listed, options()); !errors.Is(err, flash.ErrExchanged) {
		t.Errorf("%v", err)
	}
	if n := second.wrote.Load(); n != 0 {
		t.Errorf("%d bytes were written onto the other card", n)
	}
	listed = disk(t, name)
	listed.Name = "loop-that-is-not"
	if _, err := writeCard(t, listed, options()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a name that is not there: %v", err)
	}
	if _, err := os.Lstat("/dev/loop-that-is-not"); err == nil {
		t.Error("a file was made in /dev")
	}
}

// What somebody uses is not opened: not while it is mounted, though the list did not see it, and
// not by two flashers.
func TestACardInUseIsNotOpened(t *testing.T) {
	card := &badCard{size: cardSize}
	name := plug(t, card.serve(t))
	d := disk(t, name)
	c, err := flash.OpenCard(d, flash.ThisMachine)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flash.OpenCard(d, flash.ThisMachine); !errors.Is(err, flash.ErrInUse) {
		t.Errorf("a second flasher: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"mkfs.ext4", "-q", "/dev/" + name}, {"mount", "/dev/" + name, t.TempDir()}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	defer func() {
		if out, err := exec.Command("umount", "/dev/"+name).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	}()
	before := card.wrote.Load()
	if now := disk(t, name); !strings.Contains(now.InUse, "is mounted at ") {
		t.Errorf("a mounted card is listed as %q", now.InUse)
	}
	if _, err := writeCard(t, d, options()); !errors.Is(err, flash.ErrInUse) {
		t.Errorf("mounted: %v", err)
	}
	if n := card.wrote.Load(); n != before {
		t.Errorf("%d bytes were written", n-before)
	}
}

// A card that is write-protected is known by it before it is opened, and when it is.
func TestAWriteProtectedCard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.img")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, cardSize); err != nil {
		t.Fatal(err)
	}
	d := disk(t, plug(t, path, "-r"))
	if err := d.Refuse(1, true); !errors.Is(err, flash.ErrReadOnly) {
		t.Errorf("the list: %v", err)
	}
	if _, err := writeCard(t, d, options()); !errors.Is(err, flash.ErrReadOnly) && !errors.Is(err, os.ErrPermission) {
		t.Errorf("opened all the same: %v", err)
	}
}

// FIRMWARE's goal: at most 1.02 times the bytes that the image has are written. The card itself
// counts.
func TestBytesWritten(t *testing.T) {
	card := &badCard{size: cardSize}
	r, err := writeCard(t, disk(t, plug(t, card.serve(t))), options())
	if err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]int64{"by our count": r.Written, "by the card's": card.wrote.Load()} {
		if ratio := float64(n) / float64(r.Mapped); ratio > 1.02 || ratio < 1 {
			t.Errorf("%s %d bytes were written for %d: %.3f", what, n, r.Mapped, ratio)
		}
	}
	t.Logf("mapped %d, written %d, by the card's count %d", r.Mapped, r.Written, card.wrote.Load())
}
