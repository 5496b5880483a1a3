package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/sim"
	"badged/reader"
	"badged/reader/capture"
	"badged/reader/number"
	"badged/reader/serialport"
)

func (a *app) capture() *cobra.Command {
	var o decoding
	var baud int
	var device, firmware string
	cmd := &cobra.Command{
		Use:   "capture PORT [FILE]",
		Short: "Write down what a reader sends, until Ctrl-C",
		Long: "capture opens a serial port for itself alone and writes every chunk with its time to FILE or\n" +
			"standard output, until Ctrl-C. With --protocol it also says on standard error what the bytes\n" +
			"mean. An agent that uses the port must be stopped first.",
		Example: "  badgectl capture /dev/serial/by-id/usb-FTDI_1234-if00-port0 hall.txt --protocol rdm6300",
		Args:    takes(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := capturing{path: args[0], baud: baud, header: capture.Header{Device: device, Firmware: firmware}}
			if o.protocol != "" {
				dec, rule, err := o.decoder()
				if err != nil {
					return err
				}
				c.dec, c.rule = dec, rule
			}
			return a.record(cmd.Context(), c, args[1:])
		},
	}
	cmd.Flags().IntVar(&baud, "baud", serialport.DefaultBaud, "speed of the port")
	cmd.Flags().StringVar(&device, "device", "unknown", "make and model of the reader, for the header")
	cmd.Flags().StringVar(&firmware, "firmware", "unknown", "its firmware, for the header")
	o.flags(cmd)
	return cmd
}

// capturing is one capture.
type capturing struct {
	path   string
	baud   int
	header capture.Header
	dec    reader.Decoder // nil: nobody wants to know what it means
	rule   number.Rule
}

// record captures until ctx ends, to the file that is named or to standard output.
func (a *app) record(ctx context.Context, c capturing, file []string) error {
	if len(file) == 0 {
		_, err := a.listen(ctx, c, a.io.Out)
		return err
	}
	f, err := os.OpenFile(file[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the capture: %w", err)
	}
	chunks, err := a.listen(ctx, c, f)
	if err = errors.Join(err, f.Close()); err != nil && chunks == 0 {
		err = errors.Join(err, os.Remove(file[0])) // there is nothing in it
	}
	return err
}

// listen captures until ctx ends, and gives the number of chunks.
func (a *app) listen(ctx context.Context, c capturing, out io.Writer) (int, error) {
	now := time.Now()
	c.header.Date = now.Format(time.DateOnly)
	c.header.How = fmt.Sprintf("badgectl capture at %d baud", c.baud)
	w, err := capture.NewWriter(out, c.header, now)
	if err != nil {
		return 0, err
	}
	events := &printer{app: &app{io: Stdio{Out: a.io.Err}}, rule: c.rule}
	port := serialport.New(serialport.Config{Name: "capture", Path: c.path, Baud: c.baud, Tap: w.Tap}, cmp.Or[reader.Decoder](c.dec, nothing{}))
	err = port.Run(ctx, func(ev reader.Event) {
		switch ev.Kind {
		case reader.KindUp:
			fmt.Fprintf(a.io.Err, "%s is open; present a badge; Ctrl-C ends\n", c.path)
		case reader.KindDown: // the error tells
		default:
			events.event(ev)
		}
	})
	fmt.Fprintf(a.io.Err, "%d chunks captured\n", w.Chunks())
	return w.Chunks(), errors.Join(err, w.Err(), events.err)
}

// nothing is the decoder of who only wants the bytes.
type nothing struct{}

func (nothing) Feed(time.Time, []byte, func(reader.Event)) {}
func (nothing) Deadline() time.Time                        { return time.Time{} }
func (nothing) Tick(time.Time, func(reader.Event))         {}

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
		Args:    takes(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (o.protocol == "") == (to == "") {
				return usageError{errors.New("give either --protocol or --to")}
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
		out := &printer{app: a, rule: rule}
		if err := r.Decode(dec, time.Unix(0, 0), out.event); err != nil {
			return err
		}
		return out.end()
	})
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
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		port, err := os.OpenFile(to, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("replay to %s: %w", to, err)
		}
		return errors.Join(play(func(p []byte) error { _, err := port.Write(p); return err }), port.Close())
	}
	port, err := sim.NewLineReader(to)
	if err != nil {
		return err
	}
	defer port.Close()
	fmt.Fprintf(a.io.Err, "%s is there: let the agent open it, then press Enter to play; Ctrl-D ends\n", to)
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
