package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"badged/internal/ctl"
	"badged/internal/rig/lab"
)

// lines is a reader on two lines of the board's GPIO chip.
func lines(options string) device {
	return device{name: "lines", protocol: "wiegand", port: "gpiochip0:0,1", more: "options = { " + options + " }"}
}

// h10301 is the frame of 26 bits of a number of six hex digits: HID, «Understanding Card
// Data Formats»: an even parity bit of the first 12, the number, an odd one of the last 12.
func h10301(number string) string {
	n, _ := strconv.ParseUint(number, 16, 24) // it has
	even := bits.OnesCount64(n>>12) % 2
	odd := 1 - bits.OnesCount64(n&0xFFF)%2
	return fmt.Sprintf("%d%024b%d", even, n, odd)
}

// frames sends badges as pulses on the lines of a real chip.
func frames(g *guest) (_ string, err error) {
	a, err := startAgent(setup{devices: []device{lines("")}})
	if err != nil {
		return "", err
	}
	faults := 0
	for sent := 0; sent < fewBadges && err == nil; sent++ {
		n := lab.Wiegand + sent%(lab.UID-lab.Wiegand)
		cut, sendErr := a.presentCard("lines", n, func() error { return g.link.Ask("wiegand", h10301(lab.Number(n))) })
		faults, err = faults+cut, sendErr
	}
	return fmt.Sprintf("%d frames of 26 bits read by the kernel's time of their edges; %d were cut by the emulation", fewBadges, faults),
		errors.Join(err, a.wantNothing(), a.stop())
}

// tables are the kinds of keypad, by their names in testdata/vectors and in badged.
var tables = []struct{ vectors, option string }{
	{"4bit", "4bit"}, {"8bit", "8bit"}, {"6bit-rosslare", "6bit"}, {"6bit-nibble-parity", "6bit-parity"},
}

// keys types a claim code as bursts, of each kind of keypad, and presents an unknown card
// behind it: the card is bound only if every key was right.
func keys(g *guest) (string, error) {
	typed := 0
	for i, t := range tables {
		n, err := g.claim(t.vectors, t.option, i)
		if err != nil {
			return "", fmt.Errorf("keypad %s: %w", t.vectors, err)
		}
		typed += n
	}
	return fmt.Sprintf("%d bursts of %d kinds of keypad: each code was right, and bound a card", typed, len(tables)), nil
}

func (g *guest) claim(vectors, option string, n int) (typed int, err error) {
	bursts, err := burstsOf(vectors)
	if err != nil {
		return 0, err
	}
	a, err := startAgent(setup{devices: []device{lines(fmt.Sprintf("keypad = %q", option))}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	for range repeats {
		if err = g.typeCode(bursts, n); err != nil {
			return 0, err
		}
		bound, err := g.presentUntilBound(a, n)
		if err != nil || bound {
			return 1 + len(lab.Claims[n]), err
		}
		a.drain("lines") // a key was cut, or the card came too late
	}
	return 0, fmt.Errorf("no card was bound in %d tries", repeats)
}

// typeCode types a claim code.
func (g *guest) typeCode(bursts map[string]string, n int) error {
	for _, key := range strings.Split("*"+lab.Claims[n], "") {
		if err := g.link.Ask("wiegand", bursts[key]); err != nil {
			return err
		}
		time.Sleep(burstPause)
	}
	return nil
}

// presentUntilBound presents a card, again as long as its frame is cut, and reports whether
// the claim bound it.
func (g *guest) presentUntilBound(a *agent, n int) (bound bool, err error) {
	for range repeats {
		if err := g.link.Ask("wiegand", h10301(fmt.Sprintf("C0FFE%d", n))); err != nil {
			return false, err
		}
		ev, err := a.next("lines", presented, "an answer to the card", func(ev ctl.Event) bool {
			return ev.Outcome == "granted" || ev.Outcome == "refused" || ev.Outcome == "faulty"
		})
		if err != nil || ev.Outcome != "faulty" {
			return ev.Reason == "claim_bound" && ev.Account == lab.ClaimOf(n).String(), err
		}
		time.Sleep(2 * quiet)
	}
	return false, nil
}

// burstPause is the time between two keys.
const burstPause = 200 * time.Millisecond

// burstsOf reads the bits of each key from the vectors.
func burstsOf(table string) (map[string]string, error) {
	f, err := os.Open("/vectors/keypad-bursts.jsonl")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	bursts := map[string]string{}
	for in := bufio.NewScanner(f); in.Scan(); {
		var row struct{ Table, Key, Code string }
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("read the vectors of keypads: %w", err)
		}
		if row.Table == table {
			bursts[row.Key] = row.Code
		}
	}
	return bursts, nil
}

// relay opens a door whose relay and exit button are lines of the chip.
func relay(g *guest) (_ string, err error) {
	if err := mount("debugfs", "/sys/kernel/debug"); err != nil {
		return "", err
	}
	a, err := startAgent(setup{
		devices: []device{lines("")}, relay: "gpiochip0:5", door: `exit = "gpiochip0:2 active-low"`,
	})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	for _, open := range []struct{ what, with string }{{"wiegand", h10301(lab.Number(lab.Wiegand))}, {"press", ""}} {
		if err := g.openDoor(open.what, open.with); err != nil {
			return "", err
		}
		if err := until(presented, "the relay to fall", func() bool { return level("gpio-5") == "lo" }); err != nil {
			return "", err
		}
	}
	return "opened by a badge and by the exit button, and fell by itself", nil
}

// openDoor has the other side do what opens the door, again if the emulation cut it, until
// the relay is energised.
func (g *guest) openDoor(what, with string) (err error) {
	for range openings {
		done := make(chan error, 1)
		go func() { done <- g.link.Ask(what, with) }()
		late := until(presented/openings, "the relay to be energised", func() bool { return level("gpio-5") == "hi" })
		if err := <-done; err != nil {
			return err
		}
		if late == nil {
			return nil
		}
		err = late
	}
	return err
}

// openings is how often something is done anew before what should follow counts as dead.
const openings = 10

// relayGuard stops the agent while a relay on a line of the chip is energised, and kills it:
// the process beside it releases the line (issue 7, 4.7).
func relayGuard(g *guest) (_ string, err error) {
	if err := mount("debugfs", "/sys/kernel/debug"); err != nil && !errors.Is(err, syscall.EBUSY) {
		return "", err
	}
	a, err := startAgent(setup{
		devices: []device{lines("")}, relay: "gpiochip0:5", openFor: "5s", door: `exit = "gpiochip0:2 active-low"`,
	})
	if err != nil {
		return "", err
	}
	defer func() {
		a.child.Kill()
		a.cancel()
		err = errors.Join(err, a.pins.Close())
	}()
	energise := func() error { return g.openDoor("press", "") }
	if err := energise(); err != nil {
		return "", err
	}
	if err := syscall.Kill(a.child.PID(), syscall.SIGSTOP); err != nil {
		return "", err
	}
	began := time.Now()
	if err := until(2*presented, "the relay of a stopped agent to fall", func() bool { return level("gpio-5") == "lo" }); err != nil {
		return "", err
	}
	stood := time.Since(began).Round(time.Millisecond)
	if err := syscall.Kill(a.child.PID(), syscall.SIGCONT); err != nil {
		return "", err
	}
	if err := energise(); err != nil {
		return "", err
	}
	a.child.Kill()
	began = time.Now()
	if err := until(2*presented, "the relay of a killed agent to fall", func() bool { return level("gpio-5") != "hi" }); err != nil {
		return "", err
	}
	return fmt.Sprintf("fell %v after a stop, in a pulse of 5 s, and %v after kill -9", stood, time.Since(began).Round(time.Millisecond)), nil
}

// level reads from the kernel how a line is: "hi" or "lo". Lines are numbered from the
// end of the kernel's numbers.
func level(string) string {
	b, _ := os.ReadFile("/sys/kernel/debug/gpio")
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); strings.Contains(line, " out ") {
			for i, w := range f {
				if w == "out" {
					return f[i+1]
				}
			}
		}
	}
	return ""
}
