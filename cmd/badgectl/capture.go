package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
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
		Args:    cli.ArgsBetween(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if baud < minBaud || baud > maxBaud {
				return cli.Usagef("--baud %d: must be %d to %d", baud, minBaud, maxBaud)
			}
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

// The speeds of a port, as in the configuration.
const minBaud, maxBaud = 50, 4_000_000

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

// listen captures until ctx ends, and gives the number of chunks. Nothing is written
// before the port is open.
func (a *app) listen(ctx context.Context, c capturing, out io.Writer) (int, error) {
	c.header.Date = time.Now().Format(time.DateOnly)
	c.header.How = fmt.Sprintf("badgectl capture at %d baud", c.baud)
	if _, err := capture.NewWriter(io.Discard, c.header, time.Now()); err != nil {
		return 0, err // a header that cannot be
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var w *capture.Writer // of an open port
	var full error
	tap := func(p []byte, at time.Time) {
		if w != nil {
			w.Tap(p, at)
		}
	}
	events := &printer{app: &app{io: cli.Stdio{Out: a.io.Err}}, rule: c.rule}
	port := serialport.New(serialport.Config{Name: "capture", Path: c.path, Baud: c.baud, Tap: tap}, cmp.Or[reader.Decoder](c.dec, nothing{}))
	err := port.Run(ctx, func(ev reader.Event) {
		switch ev.Kind {
		case reader.KindUp:
			if w, full = capture.NewWriter(out, c.header, time.Now()); full != nil {
				stop()
				return
			}
			fmt.Fprintf(a.io.Err, "%s is open; present a badge; Ctrl-C ends\n", c.path)
		case reader.KindDown: // the error tells
		default:
			events.event(ev)
		}
	})
	if w == nil {
		return 0, errors.Join(err, full)
	}
	fmt.Fprintf(a.io.Err, "%d chunks captured\n", w.Chunks())
	return w.Chunks(), errors.Join(err, w.Err(), events.err)
}

// nothing is the decoder of who only wants the bytes.
type nothing struct{}

func (nothing) Feed(time.Time, []byte, func(reader.Event)) {}
func (nothing) Deadline() time.Time                        { return time.Time{} }
func (nothing) Tick(time.Time, func(reader.Event))         {}
