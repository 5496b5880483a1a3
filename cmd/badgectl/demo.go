package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/rig/workbench"
)

type demoOptions struct {
	check  bool
	listen string
	dir    string
	bin    string
}

func (a *app) demo() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the workbench: a hub, a print terminal and a door on virtual devices",
		Long: "demo starts a hub and two terminals as real processes, on virtual readers, a keypad and a\n" +
			"relay, and prints one address. The page there shows the panel, the door and the hub, and lets\n" +
			"a visitor tap badges, type codes, pull the network and cut the power. Ctrl-C ends everything.\n" +
			"With --check it plays the whole story by itself and fails at the first step that is wrong.",
		Example: "  badgectl demo\n  badgectl demo --check",
		Args:    takes(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.check {
				return a.check(cmd.Context(), o)
			}
			return a.show(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "play the story without a person")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the page, on loopback")
	cmd.Flags().StringVar(&o.dir, "dir", "", "empty folder for databases and logs, kept afterwards (default: a temporary one, removed)")
	cmd.Flags().StringVar(&o.bin, "bin", "", "folder of badged and badgehub (default: that of badgectl)")
	return a.withJSON(cmd)
}

// binDir is where the other programs are: where somebody said, or next to this one.
func binDir(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the folder of badged and badgehub: %w (name it with --bin)", err)
	}
	return filepath.Dir(self), nil
}

func (a *app) show(ctx context.Context, o demoOptions) error {
	bin, err := binDir(o.bin)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(a.io.Err, nil))
	page, err := workbench.NewPage(o.listen, log)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.io.Err, "starting a hub, a print terminal and a door ...")
	w, err := workbench.Start(ctx, workbench.Options{BinDir: bin, Dir: o.dir, Frame: page.Origin(), Log: log})
	if err != nil {
		page.Close()
		return stopped(ctx, err)
	}
	if a.json {
		err = a.print(map[string]string{"url": page.URL(), "dir": w.Dir()})
	} else {
		_, err = fmt.Fprintf(a.io.Out, "\n  The workbench is open at\n\n    %s\n\n  Ctrl-C ends it. Databases and logs are in %s\n\n", page.URL(), w.Dir())
	}
	return errors.Join(err, page.Serve(ctx, w), w.Close())
}

// stopped forgives a start that a person broke off.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// stepLine is a step of the story in JSON.
type stepLine struct {
	Step  int     `json:"step"`
	Name  string  `json:"name"`
	OK    bool    `json:"ok"`
	MS    float64 `json:"ms"`
	Error string  `json:"error,omitempty"`
}

func (a *app) check(ctx context.Context, o demoOptions) error {
	bin, err := binDir(o.bin)
	if err != nil {
		return err
	}
	start := time.Now()
	w, err := workbench.Start(ctx, workbench.Options{BinDir: bin, Dir: o.dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if !a.json {
		fmt.Fprintf(a.io.Out, "a hub, a print terminal and a door are up  %s\n", short(time.Since(start)))
	}
	err = w.Story(ctx, a.step)
	if err != nil && ctx.Err() == nil {
		w.Keep()
		fmt.Fprintf(a.io.Err, "badgectl: the story is wrong; databases and logs are in %s\n", w.Dir())
		return errors.Join(errFaulty, w.Close())
	}
	return errors.Join(err, w.Close())
}

// step prints one step of the story.
func (a *app) step(s workbench.Step) {
	line := stepLine{Step: s.Number, Name: s.Name, OK: s.Err == nil, MS: float64(s.Took.Microseconds()) / 1000}
	if s.Err != nil {
		line.Error = s.Err.Error()
	}
	switch {
	case a.json:
		_ = a.print(line) // a closed pipe ends us with SIGPIPE
	case s.Err == nil:
		fmt.Fprintf(a.io.Out, "ok %02d %s  %s\n", s.Number, s.Name, short(s.Took))
	default:
		fmt.Fprintf(a.io.Out, "WRONG %02d %s  %s\n   %v\n", s.Number, s.Name, short(s.Took), s.Err)
	}
}

// short is a duration as people read it: 8ms, 1.2s.
func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%dms", max(d.Milliseconds(), 1))
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
