package twn

import (
	"slices"
	"time"

	"badged/reader"
)

// command is a message that shows or sounds something.
type command struct {
	message [9]byte
	n       int
	takes   time.Duration // a beep is answered when it is over
}

// show is what waits to be shown. Lights go out by themselves.
type show struct {
	queue []command
	ready bool      // LEDInit was sent
	off   time.Time // of the lights; zero: none is on
}

// The lights of a TWN4 (twn4.sys.h: REDLED, GREENLED, YELLOWLED).
const (
	red    = 1
	green  = 2
	yellow = 4
	all    = red | green | yellow
)

// The tones of a TWN4 (twn4.sys.h: BEEP_FREQUENCY_HIGH, BEEP_FREQUENCY_LOW), in Hz.
const (
	high   = 2400
	low    = 2057
	volume = 60 // percent
)

// maxQueue bounds what a reader that does not answer can pile up.
const maxQueue = 16

// addCue queues the commands of a cue. It drops the cue if too many are queued, because it would
// be shown too late.
func (s *show) addCue(now time.Time, c reader.Cue) {
	light, tone, long := byte(0), high, 20*time.Millisecond
	beeps, pause := 1, time.Duration(0)
	switch c {
	case reader.CueGranted:
		light, long = green, 100*time.Millisecond
	case reader.CueRefused:
		light, tone, long = red, low, 400*time.Millisecond
	case reader.CueWait:
		light, long = yellow, 50*time.Millisecond
	case reader.CueAgain:
		light, long = yellow, 50*time.Millisecond
		beeps, pause = 2, long
	case reader.CueReset:
		tone, long = low, 150*time.Millisecond
	}
	if len(s.queue) > maxQueue-5 {
		return
	}
	if light != 0 {
		s.switchLight(now, light)
	}
	on, off := uint16(long/time.Millisecond), uint16(pause/time.Millisecond)
	for range beeps {
		s.queueCommand(long+pause, 0x04, 0x07, volume, byte(tone&0xFF), byte(tone>>8), byte(on), byte(on>>8), byte(off), byte(off>>8))
	}
}

// switchLight turns one light on and the others off.
func (s *show) switchLight(now time.Time, light byte) {
	if !s.ready {
		s.ready = true
		s.queueCommand(0, 0x04, 0x10, all)
	}
	s.queueCommand(0, 0x04, 0x12, all&^light)
	s.queueCommand(0, 0x04, 0x11, light)
	s.off = now.Add(lit)
}

func (s *show) queueCommand(takes time.Duration, message ...byte) {
	c := command{n: len(message), takes: takes}
	copy(c.message[:], message)
	s.queue = append(s.queue, c)
}

// nextCommand gives the command to send now.
func (s *show) nextCommand(now time.Time) (command, bool) {
	if s.lightsDue(now) {
		s.off = time.Time{}
		s.queueCommand(0, 0x04, 0x12, all)
	}
	if len(s.queue) == 0 {
		return command{}, false
	}
	c := s.queue[0]
	s.queue = slices.Delete(s.queue, 0, 1)
	return c, true
}

// isWaiting reports whether there is a command to send.
func (s *show) isWaiting() bool { return len(s.queue) > 0 }

// lightsDue reports whether the lights should go out.
func (s *show) lightsDue(now time.Time) bool { return !s.off.IsZero() && !now.Before(s.off) }

// deadline is when the lights go out; a reader that is busy is told when it has answered.
func (s *show) deadline(busy bool) time.Time {
	if busy {
		return time.Time{}
	}
	return s.off
}
