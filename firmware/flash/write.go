package flash

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
)

// Card is what Write needs of a card.
type Card interface {
	Size() int64
	WriteAt(p []byte, off int64) (int, error) // off and length are multiples of a sector
	Sync() error                              // all that was written is on the card, and forgotten here
	ReadAt(p []byte, off int64) (int, error)  // from the card itself, from no memory of this machine
	Check() error                             // ErrExchanged if it is no longer the card that was opened
}

// What is wrong with a card. None of these cards may be used.
var (
	ErrLies   = errors.New("the card gives back other bytes than were written: it is worn out or broken (throw it away)")
	ErrFake   = errors.New("the card has less memory than it says: it is a forgery (send it back)")
	ErrFails  = errors.New("the card reports an error (try it in another reader; if that does not help, throw it away)")
	ErrSlow   = errors.New("the card is too slow (take one of class A1; or try another reader)")
	ErrDiffer = errors.New("the card does not hold what was written")
)

// Options of a Write.
type Options struct {
	// Slowest is the least number of bytes a second that a card must take; 0: any.
	Slowest  int64
	Now      func() time.Time
	Progress func(step string, done, total int64)
}

// Report is what a Write did.
type Report struct {
	Written int64 // bytes, those that test the card among them
	Mapped  int64 // bytes that the image has
	Rate    int64 // bytes a second, writing
	Hash    [32]byte
}

// chunk is how much is written and read at a time.
const chunk = 4 << 20

// Write writes an image, reads it back, and only then gives the card its partition table: a card
// that was pulled out in between does not start, and says that it is half written. Without an
// error, the card holds every byte of the image.
//
//	wipe the head, mark it half written ─► find out how large the card really is ─► body
//	─► read the body back ─► partition table, mark it whole ─► read the head back
func Write(ctx context.Context, c Card, img Image, o Options) (r Report, err error) {
	w := &writer{ctx: ctx, card: c, img: img, o: o}
	w.report.Mapped = int64(len(img.Head))
	for _, e := range img.Body {
		w.report.Mapped += e.Len
	}
	for _, step := range []func() error{w.wipe, w.probe, w.writeBody, w.readBody, w.writeHead} {
		if err := errors.Join(ctx.Err(), step()); err != nil {
			return w.report, w.explain(err)
		}
	}
	if w.tooSlow() {
		return w.report, fmt.Errorf("it took %.1f MB/s, and %.1f are needed: %w", float64(w.report.Rate)/1e6, float64(o.Slowest)/1e6, ErrSlow)
	}
	return w.report, nil
}

type writer struct {
	ctx    context.Context
	card   Card
	img    Image
	o      Options
	report Report
	sums   [][32]byte // of each extent, as it was written
}

// explain tells a card that is gone from one that fails.
func (w *writer) explain(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopped; the card is half written: %w", err)
	}
	if gone := w.card.Check(); gone != nil {
		return fmt.Errorf("%w: %w", gone, err)
	}
	return err
}

// wipe takes away what the card was before.
func (w *writer) wipe() error {
	if err := w.card.Check(); err != nil {
		return err
	}
	head := make([]byte, len(w.img.Head))
	half, _ := ParseMark(w.img.Head)
	half.State = StateHalf
	copy(head[markAt:], half.bytes())
	if err := w.put(head, 0); err != nil {
		return err
	}
	return w.sync()
}

func (w *writer) put(p []byte, off int64) error {
	n, err := w.card.WriteAt(p, off)
	w.report.Written += int64(n)
	if err != nil {
		return fmt.Errorf("write at %d MB: %w: %w", off/1e6, err, ErrFails)
	}
	return nil
}

func (w *writer) sync() error {
	if err := w.card.Sync(); err != nil {
		return fmt.Errorf("write what is under way: %w: %w", err, ErrFails)
	}
	return nil
}

func (w *writer) get(p []byte, off int64) error {
	if _, err := w.card.ReadAt(p, off); err != nil {
		return fmt.Errorf("read at %d MB: %w: %w", off/1e6, err, ErrFails)
	}
	return nil
}

// writeBody writes the extents, and measures how long the card takes.
func (w *writer) writeBody() error {
	var done, total int64
	for _, e := range w.img.Body {
		total += e.Len
	}
	start, buf := w.o.Now(), make([]byte, chunk)
	for _, e := range w.img.Body {
		sum := sha256.New()
		err := eachChunk(w.ctx, e, buf, func(p []byte, off int64) error {
			sum.Write(p)
			done += int64(len(p))
			w.o.Progress("written", done, total)
			return w.put(p, off)
		})
		if err != nil {
			return err
		}
		w.sums = append(w.sums, [32]byte(sum.Sum(nil)))
	}
	if err := w.sync(); err != nil {
		return err
	}
	if took := w.o.Now().Sub(start); took > 0 {
		w.report.Rate = int64(float64(total) / took.Seconds())
	}
	return nil
}

// eachChunk hands out what an extent holds, in pieces.
func eachChunk(ctx context.Context, e Extent, buf []byte, do func(p []byte, off int64) error) error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	for off := e.Off; off < e.Off+e.Len; {
		p := buf[:min(int64(len(buf)), e.Off+e.Len-off)]
		if _, err := io.ReadFull(r, p); err != nil {
			return fmt.Errorf("read what belongs at %d MB of the card: %w", off/1e6, err)
		}
		if err := errors.Join(ctx.Err(), do(p, off)); err != nil {
			return err
		}
		off += int64(len(p))
	}
	return nil
}

// readBody reads all extents back.
func (w *writer) readBody() error {
	var done, total int64
	for _, e := range w.img.Body {
		total += e.Len
	}
	buf := make([]byte, chunk)
	for i, e := range w.img.Body {
		sum := sha256.New()
		for off := e.Off; off < e.Off+e.Len; {
			p := buf[:min(int64(len(buf)), e.Off+e.Len-off)]
			if err := errors.Join(w.ctx.Err(), w.get(p, off)); err != nil {
				return err
			}
			sum.Write(p)
			off += int64(len(p))
			done += int64(len(p))
			w.o.Progress("read back", done, total)
		}
		if [32]byte(sum.Sum(nil)) != w.sums[i] {
			return fmt.Errorf("between %d and %d MB: %w", e.Off/1e6, (e.Off+e.Len)/1e6, ErrLies)
		}
	}
	return nil
}

// writeHead makes the card whole: first all of the head but its first sector, then that one,
// without which nothing starts and no partition is seen.
func (w *writer) writeHead() error {
	all := sha256.New()
	for _, s := range w.sums {
		all.Write(s[:])
	}
	all.Write(w.img.Head)
	w.report.Hash = [32]byte(all.Sum(nil))
	mark, _ := ParseMark(w.img.Head)
	mark.Made = fmt.Sprintf("%x", w.report.Hash)
	head := bytes.Clone(w.img.Head)
	copy(head[markAt:], mark.bytes())
	for _, p := range [][2]int64{{sector, tableEnd}, {markAt, markAt + sector}, {0, sector}} {
		if err := w.put(head[p[0]:p[1]], p[0]); err != nil {
			return err
		}
		if err := w.sync(); err != nil {
			return err
		}
	}
	back := make([]byte, len(head))
	if err := w.get(back, 0); err != nil {
		return err
	}
	if !bytes.Equal(back, head) {
		return fmt.Errorf("in the first MiB: %w", ErrLies)
	}
	return w.card.Check()
}

// tableEnd is where the partition table ends, in the head.
const tableEnd = 2*sector + gptTableLen

func (w *writer) tooSlow() bool { return w.o.Slowest > 0 && w.report.Rate < w.o.Slowest }

// Verify reads a card and compares it with an image.
func Verify(ctx context.Context, c Card, img Image, progress func(step string, done, total int64)) error {
	head := make([]byte, len(img.Head))
	if _, err := c.ReadAt(head, 0); err != nil {
		return fmt.Errorf("read the beginning: %w: %w", err, ErrFails)
	}
	if mark, ours := ParseMark(head); !ours || mark.State != StateWhole {
		return fmt.Errorf("the card is %s: %w", state(mark, ours), ErrDiffer)
	}
	copy(head[markAt:], img.Head[markAt:markAt+sector]) // says more than the image does
	if !bytes.Equal(head, img.Head) {
		return fmt.Errorf("in the first MiB: %w", ErrDiffer)
	}
	var done, total int64
	for _, e := range img.Body {
		total += e.Len
	}
	want, got := make([]byte, chunk), make([]byte, chunk)
	for _, e := range img.Body {
		err := eachChunk(ctx, e, want, func(p []byte, off int64) error {
			if _, err := c.ReadAt(got[:len(p)], off); err != nil {
				return fmt.Errorf("read at %d MB: %w: %w", off/1e6, err, ErrFails)
			}
			done += int64(len(p))
			progress("compared", done, total)
			if !bytes.Equal(p, got[:len(p)]) {
				return fmt.Errorf("at %d MB: %w", off/1e6, ErrDiffer)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Identify reads what a card says of itself.
func Identify(c Card) (Mark, error) {
	head := make([]byte, headLen)
	if _, err := c.ReadAt(head, 0); err != nil {
		return Mark{}, fmt.Errorf("read the beginning: %w: %w", err, ErrFails)
	}
	m, ours := ParseMark(head)
	if !ours || m.State != StateWhole {
		return m, fmt.Errorf("the card is %s: %w", state(m, ours), ErrDiffer)
	}
	return m, nil
}

func state(m Mark, ours bool) string {
	if !ours {
		return "not one of badged"
	}
	return m.State
}
