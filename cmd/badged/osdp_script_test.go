package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"badged/internal/ctl"
	"badged/internal/rig/sim"
)

// osdpText is a command that the readers of scripts refuse, though they claim a display.
const osdpText = 0x6B

// osdpCmds are the commands of scripts about OSDP readers.
var osdpCmds = map[string]func(*testscript.TestScript, bool, []string){
	"osdp": plugOSDP, "card": presentCard, "keys": pressKeys, "commission": commission,
	"keyed": keyed, "clear-key": clearKey, "tamper": tamper, "shows": shows, "unheard": unheard, "deaf": deaf,
	"lossy": lossy, "crowd": crowd,
}

// osdp PORT NAME=ADDRESS... plugs in a line with readers that have no key yet.
func plugOSDP(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	var readers []*sim.OSDPReader
	for _, arg := range args[1:] {
		name, at, _ := strings.Cut(arg, "=")
		address, err := strconv.ParseUint(at, 10, 7)
		ts.Check(err)
		r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: byte(address), Refuses: []byte{osdpText}})
		ts.Check(err)
		readers, w.osdp[name] = append(readers, r), r
	}
	bus, err := sim.NewOSDPBus(ts.MkAbs(args[0]), readers...)
	ts.Check(err)
	w.bus = bus
	ts.Defer(func() { _ = bus.Close() })
}

// osdpDevice is the reader that a script names first.
func osdpDevice(ts *testscript.TestScript, args []string) *sim.OSDPReader {
	r := worldOf(ts).osdp[args[0]]
	if r == nil {
		ts.Fatalf("there is no OSDP reader %s", args[0])
	}
	return r
}

// unheard READER waits until the terminal has spoken to it thrice, and wants that what
// it has to say was not asked for.
func unheard(ts *testscript.TestScript, _ bool, args []string) {
	r := osdpDevice(ts, args)
	before := r.Count().Commands
	await(ts, func() (bool, string) {
		n := r.Count().Commands
		return n >= before+3, fmt.Sprintf("%d commands, then %d", before, n)
	})
	if r.Count().Waiting == 0 {
		ts.Fatalf("the terminal has fetched what reader %s said in the clear", args[0])
	}
}

// lossy SHARE loses so many of the bytes of the line, both ways.
func lossy(ts *testscript.TestScript, _ bool, args []string) {
	share, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	worldOf(ts).bus.Lose(share, 1)
}

// crowd READER PEOPLE BITS HEX presents a badge that opens, so often, one after the other: each
// is granted once, and sees green; nothing else happens meanwhile.
func crowd(ts *testscript.TestScript, _ bool, args []string) {
	const colour, green = 5, 2 // in the data of LED
	r := osdpDevice(ts, args)
	people, err := strconv.Atoi(args[1])
	ts.Check(err)
	want := slices.Concat(outcomes(ts), slices.Repeat([]string{"granted known_card"}, people))
	for n := len(want) - people; n < len(want); n++ {
		presentCard(ts, false, []string{args[0], args[2], args[3]})
		await(ts, func() (bool, string) {
			got, s := outcomes(ts), r.Shown()
			seen := len(s.LED) > colour && s.LED[colour] == green
			return slices.Equal(got, want[:n+1]) && seen, fmt.Sprintf("events %q, green: %t", got, seen)
		})
	}
}

// outcomes are the events so far, but for those of sessions.
func outcomes(ts *testscript.TestScript) (list []string) {
	ts.Check(client(ts).Events(context.Background(), 1000, false, func(ev ctl.Event) error {
		if ev.Kind != "session" {
			list = append(list, ev.Outcome+" "+ev.Reason)
		}
		return nil
	}))
	return list
}

// card READER BITS HEX presents a badge.
func presentCard(ts *testscript.TestScript, _ bool, args []string) {
	bits, err := strconv.Atoi(args[1])
	ts.Check(err)
	packed, err := hex.DecodeString(args[2])
	ts.Check(err)
	ts.Check(osdpDevice(ts, args).Present(bits, packed))
}

// keys READER KEYS presses keys.
func pressKeys(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(osdpDevice(ts, args).Press(args[1]))
}

// tamper READER opens its housing; with ! it is closed.
func tamper(ts *testscript.TestScript, neg bool, args []string) { osdpDevice(ts, args).Tamper(!neg) }

// deaf READER lets it hear nothing; with ! it hears again.
func deaf(ts *testscript.TestScript, neg bool, args []string) {
	n := -1
	if neg {
		n = 0
	}
	osdpDevice(ts, args).Fail(sim.OSDPDeaf, n)
}

// clear-key READER puts it into install mode.
func clearKey(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(osdpDevice(ts, args).SetKey(nil))
}

// commission READER STEP [cleared] asks for it and wants this step to be the last; with
// ! the technician ends it at this step.
func commission(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req := ctl.CommissionRequest{Cleared: len(args) > 2}
	var last ctl.CommissionStep
	err := client(ts).Commission(ctx, args[0], req, func(s ctl.CommissionStep) error {
		if last = s; neg && s.Step == args[1] {
			cancel()
		}
		return nil
	})
	if last.Step != args[1] || (err != nil) != neg {
		ts.Fatalf("the last step is %+v, error %v; log:\n%s", last, err, worldOf(ts).log.String())
	}
}

// keyed READER waits until it has the key that the terminal keeps for it, and no other
// waits on disk; with ! it has none.
func keyed(ts *testscript.TestScript, neg bool, args []string) {
	r, path := osdpDevice(ts, args), filepath.Join(ts.MkAbs("state"), "osdp", args[0]+".key")
	if neg {
		if r.Key() != nil {
			ts.Fatalf("reader %s has a key", args[0])
		}
		return
	}
	await(ts, func() (bool, string) {
		_, waits := os.Stat(path + ".next")
		text, err := os.ReadFile(path)
		if err != nil || waits == nil {
			return false, fmt.Sprintf("key: %v, another that waits: %v", err, waits == nil)
		}
		key, err := hex.DecodeString(strings.TrimSpace(string(text)))
		return err == nil && len(key) == 16 && bytes.Equal(key, r.Key()), "another key"
	})
}

// shows READER waits until it has shown something.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	r := osdpDevice(ts, args)
	await(ts, func() (bool, string) {
		s := r.Shown()
		return s.LEDs > 0 && s.Buzzes > 0, fmt.Sprintf("%+v", s)
	})
}
