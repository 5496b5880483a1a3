package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/reader"
	"badged/reader/capture"
	"badged/reader/number"
	"badged/reader/serialport"
)

func (a *app) replay() *cobra.Command {
	var o decoding
	var to string
	var speed float64
	cmd := &cobra.Command{
		Use:   "replay FILE (--protocol P | --to PORT)",
		Short: "Play a capture to a decoder, or to a port in its own time",
		Long: "replay gives a capture to a decoder, with the pauses that it had, and prints what it means.\n" +
			"With --to it sends the bytes to a port instead, in the time that they took. A PORT that does\n" +
			"not exist is made as a virtual one, for an agent to open; each Enter then plays once.",
		Example: "  badgectl replay hall.txt --protocol rdm6300\n  badgectl replay hall.txt --to /tmp/reader",
		Args:    cli.Args(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (o.protocol == "") == (to == "") {
				return cli.Usagef("give either --protocol or --to")
			}
			if !(speed > 0) {
				return cli.Usagef("--speed %v: must be above 0", speed)
			}
			if to != "" {
				return a.send(cmd.Context(), args[0], to, speed)
			}
			dec, rule, err := o.decoder()
			if err != nil {
				return err
			}
			return a.playback(args[0], dec, rule)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "port to send to, or path of a virtual one to make")
	cmd.Flags().Float64Var(&speed, "speed", 1, "times as fast as it was, for --to")
	return cmd
}

// playback prints what a capture means.
func (a *app) playback(file string, dec reader.Decoder, rule number.Rule) error {
	return withCapture(file, func(r *capture.Reader) error {
		fmt.Fprintf(a.io.Err, "%s: %s\n", file, foreign.Line(origin(r.Header())))
		out := &printer{app: a, rule: rule}
		if err := r.Decode(dec, time.Unix(0, 0), out.event); err != nil {
			return err
		}
		return out.end()
	})
}

// origin says where a capture comes from, as far as it does itself.
func origin(h capture.Header) string {
	return fmt.Sprintf("sent by %s, firmware %s, on %s; taken by %s",
		cmp.Or(h.Device, "an unknown device"), cmp.Or(h.Firmware, "unknown"), cmp.Or(h.Date, "an unknown day"), cmp.Or(h.How, "unknown means"))
}

func withCapture(file string, fn func(*capture.Reader) error) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read the capture: %w", err)
	}
	defer f.Close()
	r, err := capture.NewReader(f)
	if err != nil {
		return err
	}
	return fn(r)
}

// send plays a capture to a port, or to a virtual one as often as somebody wants.
func (a *app) send(ctx context.Context, file, to string, speed float64) error {
	play := func(out func([]byte) error) error {
		return withCapture(file, func(r *capture.Reader) error { return r.Replay(ctx, speed, out) })
	}
	if err := withCapture(file, func(*capture.Reader) error { return nil }); err != nil {
		return err
	}
	free, err := vacant(to)
	if err != nil {
		return fmt.Errorf("replay to %s: %w", to, err)
	}
	if free {
		return a.serve(ctx, to, play)
	}
	port, err := serialport.OpenFile(to)
	if err != nil {
		return err
	}
	return errors.Join(play(func(p []byte) error { _, err := port.Write(p); return err }), port.Close())
}

// serve plays through a virtual port at path, once at every Enter.
func (a *app) serve(ctx context.Context, path string, play func(out func([]byte) error) error) (err error) {
	port, remove, err := virtualPort(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	fmt.Fprintf(a.io.Err, "%s is there: let the agent open it, then press Enter to play; Ctrl-D ends\n", path)
	for ctx.Err() == nil && a.enter(ctx) {
		if err := play(port.Send); err != nil {
			return err
		}
		fmt.Fprintln(a.io.Err, "played; Enter plays again")
	}
	return nil
}

// enter waits for a line of standard input, and reports whether one came.
func (a *app) enter(ctx context.Context) bool {
	came := make(chan bool, 1)
	go func() { // ends with the line, or with the process
		_, err := bufio.NewReaderSize(a.io.In, 16).ReadString('\n')
		came <- err == nil || !errors.Is(err, io.EOF)
	}()
	select {
	case ok := <-came:
		return ok
	case <-ctx.Done():
		return false
	}
}
