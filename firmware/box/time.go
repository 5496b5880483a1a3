package box

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// How often a server is asked for the time.
const (
	askAgain  = 17 * time.Minute
	askSooner = 20 * time.Second // while no server has answered
	askWait   = 5 * time.Second
)

// ntpEra is where NTP's seconds begin (RFC 5905).
var ntpEra = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// keepTime sets the clock by servers, the first that answers, until ctx ends.
func keepTime(ctx context.Context, servers func() []string, log *slog.Logger) {
	wait := askSooner
	for ctx.Err() == nil {
		for _, s := range servers() {
			off, err := askTime(ctx, s)
			if err != nil {
				log.Debug("no time", "server", s, "err", err)
				continue
			}
			setClock(off, s, log)
			wait = askAgain
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// setClock moves the clock. A step of less than a second is left to the next time.
func setClock(off time.Duration, server string, log *slog.Logger) {
	if off.Abs() < time.Second {
		return
	}
	now := time.Now().Add(off)
	tv := unix.NsecToTimeval(now.UnixNano())
	if err := unix.Settimeofday(&tv); err != nil {
		log.Warn("the clock was not set", "err", err)
		return
	}
	log.Info("the clock was set", "by", off.Round(time.Second), "server", server)
}

// askTime asks a server how far the clock is off (RFC 4330).
func askTime(ctx context.Context, server string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", net.JoinHostPort(server, "123"))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	q, sent := make([]byte, 48), time.Now()
	q[0] = 4<<3 | 3 // version 4, a client
	binary.BigEndian.PutUint64(q[40:], uint64(sent.UnixNano()))
	if err := errors.Join(c.SetDeadline(deadline), second(c.Write(q))); err != nil {
		return 0, err
	}
	a := make([]byte, 128)
	n, err := c.Read(a)
	if err != nil {
		return 0, err
	}
	return offset(q, a[:n], sent, time.Now())
}

func second(_ int, err error) error { return err }

// offset reads an answer: how far this clock is behind the server's.
func offset(q, a []byte, sent, got time.Time) (time.Duration, error) {
	if len(a) < 48 || a[0]&7 != 4 || a[0]>>6 == 3 || a[1] == 0 || a[1] > 15 || string(a[24:32]) != string(q[40:48]) {
		return 0, errors.New("ask for the time: no answer of a server that knows it")
	}
	received, transmitted := ntpTime(a[32:]), ntpTime(a[40:])
	if received.IsZero() || transmitted.IsZero() {
		return 0, fmt.Errorf("ask for the time: the answer has none")
	}
	return (received.Sub(sent) + transmitted.Sub(got)) / 2, nil
}

func ntpTime(b []byte) time.Time {
	s, fraction := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if s == 0 {
		return time.Time{}
	}
	seconds := time.Duration(s)
	if s < 1<<31 {
		seconds += 1 << 32 // the era that begins in 2036
	}
	return ntpEra.Add(seconds * time.Second).Add(time.Duration(uint64(fraction) * 1e9 >> 32))
}
