package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/rig/workbench"
)

func (r *rig) storyCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "story",
		Short: "Play the way of a badge, step by step, and fail at the first step that is wrong",
		Long: "story starts what run starts and does by itself what a visitor would: unknown badges, an edit,\n" +
			"a claim, wrong codes, a stop of the hub and a kill in the middle of a swipe. It prints each step\n" +
			"as it ends. At the first one that is wrong it fails and keeps databases and logs.",
		Example: "  rig story\n  rig story --json",
		Args:    cli.Args(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.playStory(cmd.Context(), dir) },
	}
	addDir(cmd, &dir)
	return cmd
}

func (r *rig) playStory(ctx context.Context, dir string) error {
	start := time.Now()
	w, err := workbench.Start(ctx, workbench.Options{BinDir: r.bin, Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if !r.json {
		fmt.Fprintf(r.io.Out, "a hub, a print terminal and a door are up  %s\n", roundTime(time.Since(start)))
	}
	err = w.Story(ctx, r.printStep)
	if err != nil && ctx.Err() == nil {
		w.Keep()
		fmt.Fprintf(r.io.Err, "rig: the story is wrong; databases and logs are in %s\n", w.Dir())
		err = cli.ErrReported // the step has printed it
	}
	return errors.Join(err, w.Close())
}

// stepLine is a step of the story in JSON.
type stepLine struct {
	Step  int     `json:"step"`
	Name  string  `json:"name"`
	OK    bool    `json:"ok"`
	MS    float64 `json:"ms"`
	Error string  `json:"error,omitempty"`
}

// printStep prints one step of the story.
func (r *rig) printStep(s workbench.Step) {
	line := stepLine{Step: s.Number, Name: s.Name, OK: s.Err == nil, MS: float64(s.Took.Microseconds()) / 1000}
	if s.Err != nil {
		line.Error = s.Err.Error()
	}
	switch {
	case r.json:
		_ = r.print(line) // a closed pipe ends us with SIGPIPE
	case s.Err == nil:
		fmt.Fprintf(r.io.Out, "ok %02d %s  %s\n", s.Number, s.Name, roundTime(s.Took))
	default:
		fmt.Fprintf(r.io.Out, "WRONG %02d %s  %s\n   %v\n", s.Number, s.Name, roundTime(s.Took), s.Err)
	}
}

// roundTime gives a duration as people read it: 8ms, 1.2s.
func roundTime(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%dms", max(d.Milliseconds(), 1))
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
