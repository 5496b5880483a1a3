// Command rig is the program of those who develop badged: it runs the workbench, plays
// the story, and measures. The rooms beside it hold the rigs that it and the tests use:
// virtual devices, processes, machines. Nothing here is part of what a site installs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/internal/rig/workbench"
)

func main() { cli.Program{Name: "rig", Run: Run}.Main() }

// rig is what all commands share.
type rig struct {
	io   cli.Stdio
	bin  string // --bin
	json bool   // --json
}

// Run is the program.
func Run(ctx context.Context, args []string, _ func(string) string, stdio cli.Stdio) error {
	return cli.Execute(ctx, (&rig{io: stdio}).root(), args, stdio)
}

func (r *rig) root() *cobra.Command {
	root := cli.Group("rig", "Run, play and measure badged on virtual devices", r.runCommand(), r.storyCommand(), r.benchCommand())
	root.Example = "  rig run\n  rig story\n  rig bench path --json"
	flags := root.PersistentFlags()
	flags.StringVar(&r.bin, "bin", "bin", "folder of badged and badgehub")
	flags.BoolVar(&r.json, "json", false, "print JSON, one object a line")
	return root
}

// print writes one JSON object on a line of its own.
func (r *rig) print(v any) error {
	if err := foreign.JSON(r.io.Out, v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func (r *rig) runCommand() *cobra.Command {
	var listen, dir string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the workbench: a hub, a print terminal and a door on virtual devices",
		Long: "run starts a hub and two terminals as real processes, on virtual readers, a keypad and a\n" +
			"relay, and prints one address. The page there shows the panel, the door and the hub, and lets\n" +
			"a visitor tap badges, type codes, pull the network and cut the power. Ctrl-C ends everything.",
		Example: "  rig run\n  rig run --listen 127.0.0.1:8700 --dir /tmp/site",
		Args:    cli.Args(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.runWorkbench(cmd.Context(), listen, dir) },
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address of the page, on loopback")
	addDir(cmd, &dir)
	return cmd
}

func addDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "empty folder for databases and logs, kept afterwards (default: a temporary one, removed)")
}

// runWorkbench shows the workbench to a person until ctx ends.
func (r *rig) runWorkbench(ctx context.Context, listen, dir string) error {
	log := slog.New(slog.NewTextHandler(r.io.Err, nil))
	page, err := workbench.NewPage(listen, log)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.io.Err, "starting a hub, a print terminal and a door ...")
	w, err := workbench.Start(ctx, workbench.Options{BinDir: r.bin, Dir: dir, Frame: page.Origin(), Log: log})
	if err != nil {
		page.Close()
		if ctx.Err() != nil {
			return nil // a person broke the start off
		}
		return err
	}
	return errors.Join(r.printAddress(page.URL(), w.Dir()), page.Serve(ctx, w), w.Close())
}

func (r *rig) printAddress(url, dir string) error {
	if r.json {
		return r.print(map[string]string{"url": url, "dir": dir})
	}
	_, err := fmt.Fprintf(r.io.Out, "\n  The workbench is open at\n\n    %s\n\n  Ctrl-C ends it. Databases and logs are in %s\n\n", url, dir)
	return err
}
