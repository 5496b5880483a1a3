//go:build lab

package lab_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"time"
)

// hand is something outside of the machine that a step may ask for.
type hand = func(with []string) error

// one takes the one argument of a hand.
func one(do func(string) error) hand {
	return func(with []string) error {
		if len(with) != 1 {
			return fmt.Errorf("want one argument, got %d", len(with))
		}
		return do(with[0])
	}
}

// rhythm is the time between two keys, or the halves of a key, of QEMU's keyboard: its
// queue holds 16 of them, and the guest takes one in 8 ms.
const rhythm = 10 * time.Millisecond

// keyboard types digits on QEMU's own keyboard, and Enter behind them.
func keyboard(q *qmp) hand {
	return one(func(text string) error {
		beat := time.NewTicker(rhythm)
		defer beat.Stop()
		for _, c := range text + "\n" {
			key := string(c)
			if c == '\n' {
				key = "ret"
			}
			for _, down := range []bool{true, false} {
				<-beat.C
				if err := q.do("input-send-event", keyEvent(key, down)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func keyEvent(key string, down bool) any {
	type object = map[string]any
	return object{"events": []object{{"type": "key", "data": object{
		"down": down, "key": object{"type": "qcode", "data": key},
	}}}}
}

// serialLine puts bytes, given in hex, on a line to the machine.
func serialLine(w io.Writer) hand {
	return one(func(digits string) error {
		p, err := hex.DecodeString(digits)
		if err == nil {
			_, err = w.Write(p)
		}
		return err
	})
}

// plug puts a device of QEMU's into the machine.
func plug(q *qmp, drivers map[string]string) hand {
	return one(func(id string) error {
		return q.do("device_add", map[string]string{"driver": drivers[id], "id": id, "bus": "usb.0"})
	})
}

// unplug takes it away.
func unplug(q *qmp) hand {
	return one(func(id string) error { return q.do("device_del", map[string]string{"id": id}) })
}

// qtest drives the pins of a machine.
type qtest struct {
	conn net.Conn
	in   *bufio.Reader
	chip string // its path in QEMU
}

// set gives a pin a level.
func (q *qtest) set(pin, level int) error {
	if err := q.conn.SetDeadline(time.Now().Add(bootBound)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(q.conn, "set_irq_in %s unnamed-gpio-in %d %d\n", q.chip, pin, level); err != nil {
		return err
	}
	answer, err := q.in.ReadString('\n')
	if err == nil && answer != "OK\n" {
		err = fmt.Errorf("drive a pin: QEMU says %q", answer)
	}
	return err
}

// The times of a Wiegand bit: longer than a reader's 50 µs and 1 ms, because an
// emulated processor must see both ends of each pulse. And those of a button.
const (
	pulse = 2 * time.Millisecond
	gap   = 5 * time.Millisecond
	press = 200 * time.Millisecond

	exitPin = 2
)

// pulse pulls a pin low for a while.
func (q *qtest) pulse(pin int, long time.Duration) error {
	if err := q.set(pin, 0); err != nil {
		return err
	}
	<-time.After(long)
	return q.set(pin, 1)
}

// wiegand sends bits as pulses on the pins 0 and 1.
func wiegand(q *qtest) hand {
	return one(func(bits string) error {
		for _, b := range bits {
			if err := q.pulse(int(b-'0'), pulse); err != nil {
				return err
			}
			<-time.After(gap)
		}
		return nil
	})
}
