package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"badged/firmware/flash"
	"badged/internal/cli"
	"badged/internal/foreign"
)

// app is what all commands share.
type app struct {
	env    func(string) string
	io     cli.Stdio
	socket string // --socket
	json   bool   // --json of the command that runs
	disks  func() ([]flash.Disk, error)
}

// Run is the program.
func Run(ctx context.Context, args []string, env func(string) string, stdio cli.Stdio) error {
	a := &app{env: env, io: stdio, disks: flash.ThisMachine}
	return cli.Execute(ctx, a.root(), args, stdio)
}

// root is the whole tree of commands.
func (a *app) root() *cobra.Command {
	root := cli.Group("badgectl", "Ask a badged agent what is wrong, and look at what readers say",
		a.status(), a.tail(), a.readers(), a.outbox(), a.panel(), a.metrics(), a.osdp(), a.support(), a.decode(), a.capture(), a.replay(), a.card(), a.board(), a.bundle(), a.flash(), a.site(), a.update(), a.rollback())
	root.Long = "badgectl is the technician's tool. status, tail, readers, outbox and panel ask the agent that\n" +
		"runs on this machine, update and rollback the card that it started from; decode, capture, replay, card, board, site, bundle and\n" +
		"flash work without one."
	root.Example = "  badgectl status\n  badgectl tail\n  badgectl decode --protocol rdm6300 capture.txt"
	root.Version = version
	return root
}

// withJSON gives the command its --json.
func (a *app) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.json, "json", false, "print JSON, one object a line")
	return cmd
}

// print writes one JSON object on a line of its own.
func (a *app) print(v any) error {
	if err := foreign.JSON(a.io.Out, v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
