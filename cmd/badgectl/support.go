package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/config"
	"badged/internal/ctl"
	"badged/internal/support"
)

const (
	defaultConfig = "/etc/badged/badged.toml"
	maxOutput     = 16 << 20 // of a program, before it is cleaned and cut
)

func (a *app) support() *cobra.Command {
	var file string
	cmd := a.asking(&cobra.Command{
		Use:   "support-bundle [FILE]",
		Short: "Pack what somebody who helps from afar has to see into one file",
		Long: "support-bundle packs the state of the agent, its readers and its units, the log, counts of\n" +
			"events, the configuration without its comments, and what kind of machine this is. It works\n" +
			"without an agent too. In it are no names of people, no lines about who was where, no card\n" +
			"numbers, codes or keys. FILE must not exist yet; - is the standard output. As root it has more.",
		Example: "  sudo badgectl support-bundle\n  ssh root@hall badgectl support-bundle - > hall.tar.gz\n  tar -xzOf hall.tar.gz | less      # what is in it",
		Args:    cli.ArgsBetween(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, err := os.Hostname()
			if err != nil {
				host = "terminal"
			}
			now := time.Now()
			folder := "badged-support-" + host + now.UTC().Format("-20060102-150405")
			to := folder + ".tar.gz"
			if len(args) == 1 {
				to = args[0]
			}
			pack := func(w io.Writer) error { return support.Write(cmd.Context(), w, folder, now, a.pieces(file)) }
			if to == "-" {
				return pack(a.io.Out)
			}
			if err := writeNew(to, pack); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.io.Out, "%s is written. What is in it: tar -xzOf %s | less\n", to, to)
			return written(err)
		},
	})
	cmd.Flags().StringVar(&file, "config", defaultConfig, "configuration file of the agent")
	return cmd
}

// writeNew makes a file that only its owner reads; of one that fails nothing stays.
func writeNew(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the support bundle: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the support bundle %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// pieces are the files of a bundle.
func (a *app) pieces(file string) []support.Piece {
	state := "/var/lib/badged"
	if c, err := config.Load(file); err == nil {
		state = c.StateDir
	}
	return []support.Piece{
		{Name: "status.json", Fetch: a.statusPiece},
		{Name: "outbox.json", Fetch: func(ctx context.Context) ([]byte, error) { return asJSON(a.client().Outbox(ctx)) }},
		{Name: "events.json", Fetch: a.eventsPiece},
		{Name: "badged.toml", Fetch: func(context.Context) ([]byte, error) { return configPiece(file) }},
		{Name: "log.txt", Fetch: output("journalctl", "--no-pager", "--output=short-iso", "--lines=5000",
			"--unit=badged", "--unit=badged.socket", "--unit=badged-screen")},
		{Name: "units.txt", Fetch: output("systemctl", "--no-pager", "show", "badged.service", "badged.socket", "badged-screen.service",
			"--property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,ExecMainStatus,ExecMainStartTimestamp,WatchdogUSec,FragmentPath,DropInPaths,MemoryCurrent")},
		{Name: "machine.txt", Fetch: machinePiece(state)},
		{Name: "files.txt", Fetch: output("ls", "-ln", state, "/run/badged", filepath.Dir(file), "/dev/serial/by-id")},
		{Name: "version.txt", Fetch: func(context.Context) ([]byte, error) { return []byte("badgectl " + version + "\n"), nil }},
	}
}

func asJSON(v any, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(v, "", "  ")
}

// statusPiece is the agent's status without addresses that carry a token.
func (a *app) statusPiece(ctx context.Context) ([]byte, error) {
	s, err := a.client().Status(ctx)
	s.HideAddresses()
	return asJSON(s, err)
}

// happened is what a bundle tells of events: those of devices and doors one by one, and how
// many of the others had which outcome. Who was there, and when, is left out.
type happened struct {
	Events []ctl.Event               `json:"events"`
	Counts map[string]map[string]int `json:"counts"` // by reader, by outcome and reason
}

func (a *app) eventsPiece(ctx context.Context) ([]byte, error) {
	h := happened{Counts: map[string]map[string]int{}}
	err := a.client().Events(ctx, 1000, false, func(ev ctl.Event) error {
		h.add(ev)
		return nil
	})
	return asJSON(h, err)
}

func (h *happened) add(ev ctl.Event) {
	if ev.Account == "" && ev.Kind == "device" {
		h.Events = append(h.Events, ev)
		return
	}
	where := ev.Point + " " + ev.Device
	if h.Counts[where] == nil {
		h.Counts[where] = map[string]int{}
	}
	h.Counts[where][ev.Kind+" "+ev.Outcome+" "+ev.Reason+" "+ev.Why]++
}

// configPiece is the configuration without its comments, and what is wrong with it.
func configPiece(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	_, err = config.Parse(file, text)
	return support.WithoutComments(text), err
}

// machinePiece tells what kind of machine this is, and how full it is.
func machinePiece(state string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) (all []byte, err error) {
		for _, command := range [][]string{
			{"uname", "-srvm"}, {"cat", "/etc/os-release"}, {"cat", "/proc/device-tree/model"}, {"date", "--iso-8601=seconds"}, {"uptime"},
			{"df", "-h", state}, {"free"}, {"dpkg-query", "--show", "badged", "badged-screen"},
		} {
			text, failed := output(command[0], command[1:]...)(ctx)
			all = append(append(all, text...), '\n')
			err = errors.Join(err, failed)
		}
		return all, err
	}
}

// output gives what a program says, on both streams.
func output(name string, args ...string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		var said bounded
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		cmd.Stdout, cmd.Stderr = &said, &said
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			return said.Bytes(), fmt.Errorf("%s: %w", name, err)
		}
		return said.Bytes(), nil
	}
}

// bounded keeps the first maxOutput bytes of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), maxOutput-b.Len())])
	return len(p), nil
}
