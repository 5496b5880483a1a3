package flash_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"badged/firmware/flash"
)

// memory is a card in memory. Blocks that were never written are what was there before.
type memory struct {
	size    int64
	sectors map[int64][]byte
	before  byte

	stopAt int // the write that is cut off in its middle; 0: none
	writes int
}

var errPulled = errors.New("pulled out")

func (m *memory) Size() int64  { return m.size }
func (m *memory) Sync() error  { return nil }
func (m *memory) Check() error { return nil }

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	if m.writes++; m.writes == m.stopAt {
		p = p[:len(p)/2/512*512]
	}
	for i := 0; i < len(p); i += 512 {
		m.sectors[(off+int64(i))/512] = bytes.Clone(p[i : i+512])
	}
	if m.writes == m.stopAt {
		return len(p), errPulled
	}
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	for i := 0; i < len(p); i += 512 {
		s, ok := m.sectors[(off+int64(i))/512]
		if !ok {
			s = bytes.Repeat([]byte{m.before}, 512)
		}
		copy(p[i:], s)
	}
	return len(p), nil
}

// old is a card that another system started from.
func old(size int64) *memory {
	m := &memory{size: size, sectors: map[int64][]byte{}, before: 0x55}
	m.sectors[0] = append(bytes.Repeat([]byte{1}, 510), 0x55, 0xaa)
	m.sectors[1] = append([]byte("EFI PART"), bytes.Repeat([]byte{1}, 504)...)
	return m
}

// Issue 12, 2: a card that is pulled out at any write does not start, and says that it is half
// written. It starts with the last write, and no sooner.
func TestHalfACardNeverStarts(t *testing.T) {
	for _, name := range []string{"rpi-4", "uefi-amd64"} {
		img, err := flash.Layout(content(t, name), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		whole := old(1 << 30)
		if _, err := flash.Write(t.Context(), whole, img, options()); err != nil {
			t.Fatal(err)
		}
		if m, err := flash.Identify(whole); err != nil || m.Terminal != "front" || m.Version != "1.4.0" || m.Board != name {
			t.Errorf("%s: a whole card: %+v, %v", name, m, err)
		}
		for n := 1; n <= whole.writes; n++ {
			if middle := n > 3 && n < whole.writes-5; middle && (name != "rpi-4" || n%7 != 0) {
				continue // one write in the middle is as good as the next
			}
			half := old(1 << 30)
			half.stopAt = n
			if _, err := flash.Write(t.Context(), half, img, options()); !errors.Is(err, flash.ErrFails) {
				t.Errorf("%s: pulled out at write %d of %d: %v", name, n, whole.writes, err)
			}
			head := make([]byte, 1<<20)
			_, _ = half.ReadAt(head, 0)
			if m, ours := flash.ParseMark(head); head[510] == 0x55 && n > 1 || ours && m.State != flash.StateHalf || !ours && n > 1 {
				t.Errorf("%s: pulled out at write %d of %d: it says %+v", name, n, whole.writes, m)
			}
			if err := flash.Verify(t.Context(), half, img, func(string, int64, int64) {}); !errors.Is(err, flash.ErrDiffer) {
				t.Errorf("%s: pulled out at write %d of %d: verify says %v", name, n, whole.writes, err)
			}
		}
	}
}

// Ctrl-C stops at once, and says what the card is now.
func TestAWriteThatIsStopped(t *testing.T) {
	img, err := flash.Layout(content(t, "rpi-4"), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"tested", "written", "read back"} {
		ctx, cancel := context.WithCancel(t.Context())
		o := options()
		o.Progress = func(now string, _, _ int64) {
			if now == step {
				cancel()
			}
		}
		c := old(1 << 30)
		if _, err := flash.Write(ctx, c, img, o); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped while it is %s: %v", step, err)
		}
		if _, err := flash.Identify(c); !errors.Is(err, flash.ErrDiffer) {
			t.Errorf("stopped while it is %s: the card is called whole: %v", step, err)
		}
	}
}

// A release that cannot be read is no fault of the card.
func TestASourceThatFails(t *testing.T) {
	c := content(t, "rpi-4")
	broken := errors.New("the bundle is gone")
	c.Files[1].Open = func() (io.Reader, error) { return io.LimitReader(nil, 0), broken }
	img, err := flash.Layout(c, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flash.Write(t.Context(), old(1<<30), img, options()); !errors.Is(err, broken) || errors.Is(err, flash.ErrFails) {
		t.Errorf("%v", err)
	}
}

// The rate is that of the card: bytes of the body by the time that they took.
func TestTheRateOfACard(t *testing.T) {
	img, err := flash.Layout(content(t, "rpi-4"), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	var body int64
	for _, e := range img.Body {
		body += e.Len
	}
	for slowest, want := range map[int64]error{body / 2: nil, body/2 + 1: flash.ErrSlow, 0: nil} {
		now := time.Unix(0, 0)
		o := flash.Options{Slowest: slowest, Progress: func(string, int64, int64) {}, Now: func() time.Time {
			now = now.Add(2 * time.Second)
			return now
		}}
		if r, err := flash.Write(t.Context(), old(1<<30), img, o); !errors.Is(err, want) || r.Rate != body/2 {
			t.Errorf("at least %d: %d, %v", slowest, r.Rate, err)
		}
	}
}

// A card that had a GPT before has none at its end either, once it has an MBR: a partition table
// that is only half gone is repaired by tools that mean well.
func TestNothingOfAFormerTableIsLeft(t *testing.T) {
	img, err := flash.Layout(content(t, "rpi-4"), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	c := old(1 << 30)
	c.sectors[(1<<30)/512-1] = append([]byte("EFI PART"), bytes.Repeat([]byte{1}, 504)...)
	if _, err := flash.Write(t.Context(), c, img, options()); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{512, 1<<30 - 512} {
		b := make([]byte, 512)
		_, _ = c.ReadAt(b, at)
		if bytes.HasPrefix(b, []byte("EFI PART")) {
			t.Errorf("the former table is at %d", at)
		}
	}
}
