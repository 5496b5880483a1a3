package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/ctl"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

func (a *app) readers() *cobra.Command {
	cmd := a.asking(&cobra.Command{
		Use:   "readers",
		Short: "List readers and devices, what they are, and what to write in the configuration",
		Long: "readers lists the readers that the agent has, and what is the matter with them; then the devices that\n" +
			"are plugged in, what they are, and the lines of a configuration that makes a reader of each. It opens\n" +
			"no device, and works without an agent.",
		Example: "  badgectl readers\n  badgectl readers --json\n  badgectl readers learn",
		Args:    known,
		RunE: func(cmd *cobra.Command, _ []string) error {
			configured, err := a.configured(cmd.Context())
			if err != nil {
				return err
			}
			found, err := plugged(configured)
			if err != nil {
				return err
			}
			if a.json {
				return a.readersJSON(configured, found)
			}
			return a.readersText(configured, found)
		},
	})
	cmd.AddCommand(a.readersLearn())
	return cmd
}

// configured is what the agent has; nothing, and a word about it, if none runs.
func (a *app) configured(ctx context.Context) ([]ctl.Reader, error) {
	list, err := a.client().Readers(ctx)
	if err == nil {
		return list, nil
	}
	if ctx.Err() != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(a.io.Err, "badgectl: no agent answers, so only devices are listed: %v\n", err)
	return nil, written(err)
}

// found is a device that is plugged in.
type found struct {
	Device   string `json:"device"`             // as a port is written
	What     string `json:"what"`               // for people
	Node     string `json:"node,omitempty"`     // in /dev
	Protocol string `json:"protocol,omitempty"` // that it likely speaks
	Reader   string `json:"reader,omitempty"`   // that it is
	Config   string `json:"config"`             // lines to paste
}

// plugged lists devices of all kinds of port.
func plugged(configured []ctl.Reader) (list []found, err error) {
	hid, err := usbport.List()
	if err != nil {
		return nil, err
	}
	for _, d := range hid {
		if f, ok := hidDevice(d); ok {
			list = append(list, f)
		}
	}
	adapters, err := serialport.List()
	if err != nil {
		return nil, err
	}
	for _, p := range adapters {
		list = append(list, found{Device: p.Path, What: "serial port " + cmp.Or(p.Name, p.Node), Node: p.Node, Protocol: "rdm6300"})
	}
	for i := range list {
		list[i].complete(i+1, configured)
	}
	return list, nil
}

// complete adds which reader a device is, and the lines to paste.
func (f *found) complete(n int, configured []ctl.Reader) {
	for _, r := range configured {
		if r.Port == f.Device || r.Port == f.Node {
			f.Reader = r.Name
		}
	}
	note := ""
	if strings.HasPrefix(f.Device, "/") {
		note = "   # or another of `badgectl decode --help`; `badgectl capture` shows what it sends"
	}
	f.Config = fmt.Sprintf("[[reader]]\nname = \"reader-%d\"\npoint = \"POINT\"   # the name of a [[point]]\nprotocol = %q%s\nport = %q\n",
		n, f.Protocol, note, f.Device)
}

// Devices whose number says more than their descriptor. RF IDeas and SYC sell the same
// device as a keyboard and with feature reports only.
var makers = map[uint16]struct{ name, protocol string }{
	0x0c27: {"RF IDeas pcProx", "pcprox"},
	0xffff: {"SYC badge reader", "sycreader"},
}

// hidDevice says what a HID interface is; false for mice and the like.
func hidDevice(d usbport.Device) (found, bool) {
	f := found{Device: d.Spec.String(), Node: d.Hidraw}
	maker, known := makers[d.Vendor]
	name := cmp.Or(d.Name, maker.name, "without a name")
	switch {
	case d.Keyboard:
		f.What, f.Protocol = "USB keyboard or reader that types: "+name, "hid"
	case known:
		f.What, f.Protocol = "USB badge reader: "+name, maker.protocol
	default:
		return found{}, false
	}
	return f, true
}

func (a *app) readersJSON(configured []ctl.Reader, list []found) error {
	for _, r := range configured {
		if err := a.print(r); err != nil {
			return err
		}
	}
	for _, f := range list {
		if err := a.print(f); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) readersText(configured []ctl.Reader, list []found) error {
	if len(configured) > 0 {
		if err := a.table(func(w io.Writer) { readerRows(w, configured) }); err != nil {
			return err
		}
		fmt.Fprintln(a.io.Out)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(a.io.Out, "No USB or serial device is plugged in.")
		return written(err)
	}
	for _, f := range list {
		fmt.Fprintf(a.io.Out, "%s\n  %s", f.Device, f.What)
		if f.Reader != "" {
			fmt.Fprintf(a.io.Out, ": reader %s\n\n", f.Reader)
			continue
		}
		fmt.Fprintf(a.io.Out, "\n\n    %s\n\n", strings.ReplaceAll(strings.TrimSpace(f.Config), "\n", "\n    "))
	}
	_, err := fmt.Fprintln(a.io.Out, "A reader that types: `badgectl readers learn` finds its layout and number rule.")
	return written(err)
}

func readerRows(w io.Writer, list []ctl.Reader) {
	fmt.Fprintln(w, "READER\tPOINT\tPROTOCOL\tPORT\tSTATE\t")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Point, r.Protocol, r.Port, r.State, r.Text)
	}
}
