package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/reader"
	"badged/reader/hid"
	"badged/reader/number"
	"badged/reader/usbport"
)

// swipeEnds is how long a reader is quiet when its badge is over.
const swipeEnds = time.Second

func (a *app) readersLearn() *cobra.Command {
	var port string
	cmd := &cobra.Command{
		Use:   "learn [PORT]",
		Short: "Find out how a reader speaks: what it types, or its serial protocol and speed",
		Long: "learn finds out how a reader is to be configured, and prints the lines to paste.\n\n" +
			"Of a reader that types, it asks for the number that is printed on a badge, then for a swipe of\n" +
			"it, and proposes the layout, the end and the number rule of the reader. Three badges or more\n" +
			"tell the rule for sure. PORT is a device as `badgectl readers` lists it; it may be left out if\n" +
			"there is one reader only. What is typed reaches no other program.\n\n" +
			"Of a serial reader, it asks for a swipe and has every decoder look at what came, at each of the\n" +
			"usual speeds in turn. If nothing comes, it asks readers that speak only then (TWN4, PN532,\n" +
			"OSDP). PORT is a path. If several protocols read the badge, it prints all and ends with 1.\n\n" +
			"Stop the agent first if it has the reader.",
		Example: "  badgectl readers learn\n  badgectl readers learn 'usb:08ff:0009 path=1-1.2'\n  badgectl readers learn --port /dev/ttyUSB0",
		Args:    cli.ArgsBetween(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if port != "" {
				args = append(args, port)
			}
			if len(args) > 1 {
				return cli.Usagef("name the port once")
			}
			if len(args) == 1 && filepath.IsAbs(args[0]) {
				return a.learnSerial(cmd.Context(), args[0])
			}
			port, err := typist(args)
			if err != nil {
				return err
			}
			swipes, err := a.swipes(cmd.Context(), port)
			if err != nil {
				return err
			}
			return a.propose(port, swipes)
		},
	}
	cmd.Flags().StringVar(&port, "port", "", "the `PORT`, also of a serial reader: /dev/ttyUSB0")
	return cmd
}

// typist is the reader that is meant.
func typist(args []string) (spec usbport.Spec, err error) {
	if len(args) == 1 {
		if spec, err = usbport.ParseSpec(args[0]); err != nil {
			return spec, cli.Usage(err)
		}
		return spec, nil
	}
	devices, err := usbport.List()
	if err != nil {
		return spec, err
	}
	devices = slices.DeleteFunc(devices, func(d usbport.Device) bool { return !d.Keyboard })
	if len(devices) == 0 {
		return spec, errors.New("no device that types is plugged in: plug the reader in, and try again")
	}
	if len(devices) != 1 {
		return spec, fmt.Errorf("%d devices that type are plugged in: name one, as `badgectl readers` lists it", len(devices))
	}
	return devices[0].Spec, nil
}

// swipe is one badge: what is printed on it, and what the reader typed.
type swipe struct {
	printed    string
	descriptor []byte
	reports    []hid.Report
}

// swipes asks for badges until an empty line.
func (a *app) swipes(ctx context.Context, port usbport.Spec) (list []swipe, err error) {
	in := bufio.NewScanner(a.io.In)
	for {
		fmt.Fprintf(a.io.Err, "Badge %d: type the number that is printed on it, then Enter (nothing: no more badges): ", len(list)+1)
		if !in.Scan() || strings.TrimSpace(in.Text()) == "" {
			fmt.Fprintln(a.io.Err)
			return list, in.Err()
		}
		fmt.Fprintf(a.io.Err, "Now hold this badge to %s ... ", port)
		s, err := record(ctx, port)
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(a.io.Err, "read.")
		s.printed = strings.TrimSpace(in.Text())
		list = append(list, s)
	}
}

// record takes one swipe.
func record(ctx context.Context, port usbport.Spec) (swipe, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := recorder{stop: stop}
	err := usbport.New(usbport.Config{Name: "learn", Spec: port}, &r).Run(ctx, func(reader.Event) {})
	if err == nil && !r.done {
		err = errors.New("stopped before a badge was read")
	}
	return r.swipe, err
}

// recorder is a decoder that writes reports down until there were some and then none
// for a while.
type recorder struct {
	swipe
	stop  func()
	quiet time.Time
	done  bool
}

// Describe implements reader.Describer.
func (r *recorder) Describe(descriptor []byte) error {
	r.descriptor, r.reports, r.quiet = slices.Clone(descriptor), nil, time.Time{}
	return nil
}

// Feed implements reader.Decoder.
func (r *recorder) Feed(at time.Time, p []byte, _ func(reader.Event)) {
	const most = 4096 // a swipe has some dozens
	if len(r.reports) < most {
		r.reports = append(r.reports, hid.Report{At: at, Data: slices.Clone(p)})
		r.quiet = at.Add(swipeEnds)
	}
}

// Deadline implements reader.Decoder.
func (r *recorder) Deadline() time.Time { return r.quiet }

// Tick implements reader.Decoder.
func (r *recorder) Tick(now time.Time, _ func(reader.Event)) {
	if !r.quiet.IsZero() && !now.Before(r.quiet) {
		r.done = true
		r.stop()
	}
}

// propose prints the configuration that explains the swipes.
func (a *app) propose(port usbport.Spec, swipes []swipe) error {
	if len(swipes) == 0 {
		return errors.New("no badge was read")
	}
	how, pairs, err := explain(swipes)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.io.Out, "[[reader]]\nname = \"reader-1\"\npoint = \"POINT\"   # the name of a [[point]]\nprotocol = \"hid\"\nport = %q\n", port)
	rule, note := ruleOf(pairs)
	if rule != "" {
		fmt.Fprintf(a.io.Out, "number = %q\n", rule)
	}
	if note != "" {
		fmt.Fprintf(a.io.Out, "# %s\n", note)
	}
	fmt.Fprintln(a.io.Out, "[reader.options]")
	for _, o := range optionLines(how) {
		fmt.Fprintln(a.io.Out, o)
	}
	return nil
}

// explain finds what reads every swipe, and gives what it reads of each.
func explain(swipes []swipe) (how hid.Proposal, pairs []number.Pair, err error) {
	var all [][]hid.Proposal
	for i, s := range swipes {
		list, err := hid.Learn(s.descriptor, s.reports, s.printed)
		if err != nil {
			return how, nil, fmt.Errorf("badge %d: %w", i+1, err)
		}
		all = append(all, list)
	}
	for _, how := range all[0] {
		if pairs := reads(how, all, swipes); pairs != nil {
			return how, pairs, nil
		}
	}
	return how, nil, errors.New("no layout explains all of the badges: were all of them read by this reader?")
}

// reads gives what the proposal reads of each swipe, with what is printed; nil if it
// does not read one.
func reads(how hid.Proposal, all [][]hid.Proposal, swipes []swipe) (pairs []number.Pair) {
	for i, list := range all {
		n := slices.IndexFunc(list, func(p hid.Proposal) bool { return same(p, how) })
		if n < 0 {
			return nil
		}
		pairs = append(pairs, number.Pair{Read: list[n].Text, Want: swipes[i].printed})
	}
	return pairs
}

// same compares without the times, which no two swipes share.
func same(p, q hid.Proposal) bool {
	a, b := p.Options, q.Options
	a.KeyTimeout, a.Timeout, b.KeyTimeout, b.Timeout = 0, 0, 0, 0
	return a == b
}

// ruleOf is the number rule that the pairs prove, and a word for the technician.
func ruleOf(pairs []number.Pair) (rule, note string) {
	if !slices.ContainsFunc(pairs, func(p number.Pair) bool { return p.Read != p.Want }) {
		return "", "the reader types what is printed: no number rule is needed"
	}
	found, err := number.Learn(pairs)
	switch {
	case err != nil:
		return "", "the reader types another number than is printed; for the rule: " + err.Error()
	case len(found.Rules) == 0:
		return "", "no number rule makes the printed numbers of what the reader types: check each of them"
	case found.OneSite:
		return "", "no number rule yet, these badges share digits that it would pass over: swipe a badge of another facility as well"
	case len(found.Rules) > 1:
		return found.Rules[0], "these rules explain the badges as well, another badge tells: " + strings.Join(found.Rules[1:], "   ")
	}
	return found.Rules[0], ""
}

// optionLines are the options of the protocol hid, without those that are usual.
func optionLines(p hid.Proposal) (lines []string) {
	add := func(name, value string, usual bool) {
		if !usual {
			lines = append(lines, fmt.Sprintf("%s = %q", name, value))
		}
	}
	o := p.Options
	layout := fmt.Sprintf("layout = %q", o.Layout)
	if len(p.Layouts) > 1 {
		layout += fmt.Sprintf("   # %v read the same here", p.Layouts)
	}
	lines = append(lines, layout)
	add("terminator", string(o.Terminator), o.Terminator == "" || o.Terminator == hid.Auto)
	add("prefix", o.Prefix, o.Prefix == "")
	add("suffix", o.Suffix, o.Suffix == "")
	add("checksum", string(o.Checksum), o.Checksum == "" || o.Checksum == hid.Keep)
	add("key_timeout", o.KeyTimeout.String(), o.KeyTimeout == 0)
	add("timeout", o.Timeout.String(), o.Timeout == 0)
	return lines
}
