package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/foreign"
	"badged/internal/health"
)

func (a *app) readers() *cobra.Command {
	cmd := a.asking(&cobra.Command{
		Use:   "readers",
		Short: "List readers and devices, what they are, and what to write in the configuration",
		Long: "readers lists the readers that the agent has, and what is the matter with them; then the\n" +
			"devices that are plugged in, what they are, and the lines of a configuration that make a\n" +
			"reader of each. It takes no device away from anybody, and works without an agent.",
		Example: "  badgectl readers\n  badgectl readers --json\n  badgectl readers learn\n  badgectl readers learn --port /dev/ttyUSB0",
		Args:    cli.OnlyCommands,
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
	_, err = fmt.Fprintf(a.io.Err, "badgectl: no agent answers, so only devices are listed:\n  %s\n", foreign.Text(err.Error()))
	return nil, written(err)
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
	var b bytes.Buffer
	if len(configured) > 0 {
		fmt.Fprintln(&b, a.paint(bold, "Readers of the agent"))
		for _, r := range configured {
			a.readerText(&b, r)
		}
		fmt.Fprintln(&b)
	}
	if len(list) == 0 {
		fmt.Fprintln(&b, "No USB device, serial adapter or GPIO chip that a reader can be is there.")
	} else {
		fmt.Fprintln(&b, a.paint(bold, "Devices that are there"))
	}
	for _, f := range list {
		a.foundText(&b, f)
	}
	if slices.ContainsFunc(list, func(f found) bool { return f.Protocol == "hid" }) {
		fmt.Fprintln(&b, "\nA reader that types: `badgectl readers learn` finds its layout and number rule.")
	}
	if slices.ContainsFunc(list, func(f found) bool { return filepath.IsAbs(f.Device) }) {
		fmt.Fprintln(&b, "\nA serial reader: `badgectl readers learn --port PATH` finds its protocol and speed.")
	}
	_, err := a.io.Out.Write(b.Bytes())
	return written(err)
}

// readerText tells of a reader of the agent.
func (a *app) readerText(b *bytes.Buffer, r ctl.Reader) {
	foreign.Clean(&r)
	state, colour := "warning", yellow
	switch r.State {
	case health.OK:
		state, colour = "well", green
	case health.Fail:
		state, colour = "FAILED", red
	}
	fmt.Fprintf(b, "\n  %s  %s at point %s: %s\n    %s\n", a.paint(bold, r.Name), r.Protocol, r.Point, a.paint(colour, state), r.Port)
	if r.Text != "" {
		below(b, r.Text)
	}
}

// foundText tells of a device, with the lines to paste unless it is a reader already.
func (a *app) foundText(b *bytes.Buffer, f found) {
	fmt.Fprintf(b, "\n  %s\n", a.paint(bold, foreign.Line(f.Device)))
	below(b, foreign.Line(f.What))
	if f.Reader != "" {
		below(b, "it is reader "+f.Reader)
	} else {
		fmt.Fprintf(b, "\n    %s\n", strings.ReplaceAll(strings.TrimSpace(foreign.Text(f.Config)), "\n", "\n    "))
	}
}

// below writes a text below a heading.
func below(b *bytes.Buffer, text string) { fill(b, "    ", "    ", text) }
