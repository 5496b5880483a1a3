package usbport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
)

// noFeature is the length of feature reports that no descriptor tells, with the id.
const noFeature = 64 + 1

// pump feeds the reports of an open device to a decoder.
type pump struct {
	h    *hidraw
	dec  reader.Decoder
	desc []byte
	tap  func(p []byte, at time.Time)
	emit func(reader.Event)

	size    int // of a slot of buf
	feature int
	buf     []byte
	n       [kernelReports]int // lengths of the reports in buf
	count   int
	gone    error
	// lag is how far the decoder's clock is behind. Other work can make the port late. A gap
	// between two reports counts only if the port was waiting until its end; otherwise the
	// decoder's clock stops for as long as the port was late, until the decoder is idle.
	lag time.Duration
	cut bool // settle ended in the middle of a number
}

func newPump(h *hidraw, dec reader.Decoder, desc []byte, tap func([]byte, time.Time)) *pump {
	l := parseDescriptor(desc)
	s := &pump{h: h, dec: dec, desc: desc, tap: tap, size: min(max(l.input, noFeature), maxReport), feature: l.feature}
	if s.feature <= 1 {
		s.feature = noFeature
	}
	s.buf = make([]byte, s.size*kernelReports)
	return s
}

// describeDecoder passes the descriptor to the decoder, which drops an unfinished number.
func (s *pump) describeDecoder() error {
	if d, ok := s.dec.(reader.Describer); ok {
		return d.Describe(s.desc)
	}
	return nil
}

// misser is a decoder that drops what may be the rest of a number.
type misser interface{ Missed(at time.Time) }

// skipDecoder tells the decoder that it did not get the reports until at.
func (s *pump) skipDecoder(at time.Time) {
	_ = s.describeDecoder() // it said yes to this descriptor before
	if m, ok := s.dec.(misser); ok {
		m.Missed(at)
	}
}

// pumpReports reads until an error, which is never nil.
func (s *pump) pumpReports(emit func(reader.Event)) error {
	s.emit = emit
	if s.cut {
		emit(reader.Event{Kind: reader.KindFault, At: time.Now(), Why: reader.BadFrame})
	}
	poller, polls := s.dec.(reader.Poller)
	if polls {
		poller.Open(time.Now())
	}
	for {
		if polls {
			if err := s.exchangeFeatures(poller); err != nil {
				return nameLost(err)
			}
		}
		due := s.dec.Deadline()
		err := s.readReports(due)
		switch {
		case err == nil && polls: // what it types beside is not for the decoder
		case err == nil:
			s.feedReports(due)
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.dec.Tick(s.now(), s.emit)
		default:
			return nameLost(err)
		}
		if s.dec.Deadline().IsZero() {
			s.lag = 0
		}
	}
}

// The silence before the first report that counts. A device that types while it is opened may
// be in the middle of a number whose start was lost: the agent did not run yet, or the kernel
// dropped it, as it does for 50 ms after the first program opens a device (Linux,
// drivers/hid/usbhid/hid-core.c, usbhid_open). The port does not wait longer than pauseBound
// for a device that is never silent, such as a moving mouse: it then skips the first number.
const (
	firstPause = 150 * time.Millisecond
	pauseBound = 2 * time.Second
)

// pauser is a decoder that knows which pause separates two numbers.
type pauser interface{ Pause() time.Duration }

// firstSilence is the silence that the decoder needs; none if the host asks.
func (s *pump) firstSilence() time.Duration {
	if _, polls := s.dec.(reader.Poller); polls {
		return 0
	}
	if p, ok := s.dec.(pauser); ok {
		return p.Pause()
	}
	return firstPause
}

// awaitSilence drops reports until there was a pause, or until bound is over.
func (s *pump) awaitSilence(pause, bound time.Duration) error {
	if pause == 0 {
		return nil
	}
	for end := time.Now().Add(bound); time.Now().Before(end); {
		err := s.readReports(time.Now().Add(pause))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return nameLost(err)
		}
	}
	s.cut = true
	s.skipDecoder(time.Now())
	return nil
}

func (s *pump) now() time.Time { return time.Now().Add(-s.lag) }

// readReports waits for reports until due, if that is set, and reads all that are queued.
func (s *pump) readReports(due time.Time) error {
	if !due.IsZero() {
		due = due.Add(s.lag)
	}
	if err := s.h.f.SetReadDeadline(due); err != nil {
		return err
	}
	s.count = 0
	err := s.h.raw.Read(s.drainReports)
	if errors.Is(err, os.ErrDeadlineExceeded) { // it did not look
		got := false
		if err := s.h.raw.Control(func(fd uintptr) { got = s.drainReports(fd) }); err != nil {
			return err
		}
		if got {
			err = nil
		}
	}
	if err == nil && s.count == 0 {
		return s.gone
	}
	return err
}

// drainReports reads the queued reports and reports whether there were any. It still reads those from
// before the device went away.
func (s *pump) drainReports(fd uintptr) bool {
	for s.count < kernelReports {
		n, err := unix.Read(int(fd), s.buf[s.count*s.size:][:s.size])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil || n == 0 {
			s.gone = nameLost(err)
			return true
		}
		s.n[s.count] = n
		s.count++
	}
	return s.count > 0
}

// feedReports feeds the reports to the decoder. If there are as many as the kernel keeps, some
// may be lost: then it drops all of them, and lets the decoder skip the rest of the number.
func (s *pump) feedReports(due time.Time) {
	at := s.now()
	if !due.IsZero() && !at.Before(due) {
		s.lag += at.Sub(due) + 1
		at = due.Add(-1)
	}
	if s.count == kernelReports {
		s.skipDecoder(at) // before anything that may take its time
		s.emit(reader.Event{Kind: reader.KindFault, At: at, Why: reader.Overflow})
		return
	}
	for i := range s.count {
		s.feedReport(at, s.buf[i*s.size:][:s.n[i]])
	}
}

// feedReport feeds a report to the decoder and wipes it, because it may hold a key of a badge.
func (s *pump) feedReport(at time.Time, report []byte) {
	if s.tap != nil {
		s.tap(report, at)
	}
	s.dec.Feed(at, report, s.emit)
	clear(report)
}

// answerer is a Poller whose device answers under another report id.
type answerer interface{ Answer(sent byte) byte }

// exchangeFeatures exchanges feature reports as long as the decoder has one to send.
func (s *pump) exchangeFeatures(p reader.Poller) error {
	for q := p.Send(time.Now()); len(q) > 0; q = p.Send(time.Now()) {
		if err := s.h.ctl.set(q); err != nil {
			return &fs.PathError{Op: "set feature report", Path: s.h.f.Name(), Err: err}
		}
		answer := make([]byte, s.feature)
		answer[0] = q[0]
		if a, ok := p.(answerer); ok {
			answer[0] = a.Answer(q[0])
		}
		n, err := s.h.ctl.get(answer)
		if err != nil {
			return &fs.PathError{Op: "get feature report", Path: s.h.f.Name(), Err: err}
		}
		s.feedReport(time.Now(), answer[:min(max(n, 0), len(answer))])
	}
	return nil
}

// nameLost wraps the errors of a device that is gone in errGone.
func nameLost(err error) error {
	switch {
	case err == nil: // the end of a file
		return errGone
	case errors.Is(err, errGone):
		return err
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return err
}
