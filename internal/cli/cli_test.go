package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"badged/internal/cli"
)

var errBusy = errors.New("the hub is away")

// tool is a program with one command, which does what a test says.
func tool(act func(*cobra.Command) error) cli.Program {
	return cli.Program{
		Name: "tool",
		Run: func(ctx context.Context, args []string, _ func(string) string, stdio cli.Stdio) error {
			run := func(c *cobra.Command, _ []string) error { return act(c) }
			status := &cobra.Command{Use: "status", Args: cli.Args(0), RunE: run}
			status.Flags().Int("lines", 0, "")
			pack := &cobra.Command{Use: "pack", Args: cli.Args(0), RunE: run}
			pack.Flags().String("from", "", "")
			pack.Flags().String("cert", "", "")
			pack.Flags().String("key", "", "")
			pack.MarkFlagsRequiredTogether("cert", "key")
			_ = pack.MarkFlagRequired("from")
			root := cli.Group("tool", "A tool", status, pack,
				&cobra.Command{Use: "open NAME HOURS...", Args: cli.ArgsAtLeast(2), RunE: run},
				&cobra.Command{Use: "copy FROM [TO]", Args: cli.ArgsBetween(1, 2), RunE: run},
				&cobra.Command{Use: "show [WHAT]", Args: cli.ArgsBetween(0, 1), RunE: run})
			return cli.Execute(ctx, root, args, stdio)
		},
		Code: func(err error) int {
			if errors.Is(err, errBusy) {
				return cli.ExitTemporary
			}
			return cli.ExitConfig
		},
	}
}

// run gives the exit code of a command line and what it printed.
func run(t *testing.T, p cli.Program, args ...string) (code int, out, stderr string) {
	t.Helper()
	var o, e strings.Builder
	err := p.Run(t.Context(), args, nil, cli.Stdio{In: strings.NewReader(""), Out: &o, Err: &e})
	code = p.Exit(err, &e)
	return code, o.String(), e.String()
}

// Issue 8, 6: what is wrong with a command line is said the same way by all programs, on one
// line of stderr, and ends with 64.
func TestCommandLinesThatMakeNoSense(t *testing.T) {
	p := tool(func(*cobra.Command) error { return nil })
	for _, tt := range []struct{ line, want string }{
		{"stauts", "tool: tool has no command \"stauts\" (did you mean status? see `tool --help`)\n"},
		{"xyz", "tool: tool has no command \"xyz\" (see `tool --help`)\n"},
		{"status now", "tool: `tool status` takes no arguments, not 1 (see `tool status --help`)\n"},
		{"status --lines x", "(see `tool status --help`)\n"},
		{"status --colour", "tool: unknown flag: --colour (see `tool status --help`)\n"},
		{"copy", "tool: `tool copy FROM [TO]` takes 1 to 2 arguments, not 0 (see `tool copy --help`)\n"},
		{"pack", "tool: required flag(s) \"from\" not set (see `tool pack --help`)\n"},
		{"pack --from a --cert b", "missing [key] (see `tool pack --help`)\n"},
		{"open a", "tool: `tool open NAME HOURS...` takes at least 2 arguments, not 1 (see `tool open --help`)\n"},
		{"show a b", "tool: `tool show [WHAT]` takes at most 1 argument, not 2 (see `tool show --help`)\n"},
	} {
		code, out, stderr := run(t, p, strings.Fields(tt.line)...)
		if code != cli.ExitUsage || out != "" || !strings.HasSuffix(stderr, tt.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: code %d, stdout %q, stderr %q", tt.line, code, out, stderr)
		}
	}
	for _, line := range []string{"status", "copy a", "copy a b", "show", "show a", "pack --from a", "open a b", "open a b c"} {
		if code, out, stderr := run(t, p, strings.Fields(line)...); code != 0 || out+stderr != "" {
			t.Errorf("%s: code %d, %q %q", line, code, out, stderr)
		}
	}
	if code, out, stderr := run(t, p); code != 0 || !strings.Contains(out, "Available Commands") || stderr != "" {
		t.Errorf("without arguments: code %d, %q %q", code, out, stderr)
	}
}

// The code says what kind of error it was, however it is wrapped, and each is printed once.
func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		err    error
		code   int
		stderr string
	}{
		{nil, 0, ""},
		{errBusy, cli.ExitTemporary, "tool: the hub is away\n"},
		{errors.New("x"), cli.ExitConfig, "tool: x\n"},
		{cli.Usage(errBusy), cli.ExitUsage, "tool: the hub is away\n"},
		{fmt.Errorf("read it: %w", cli.Usagef("--n %d: too small", 0)), cli.ExitUsage, "tool: read it: --n 0: too small\n"},
		{errors.Join(cli.ErrReported, io.EOF), cli.ExitFailed, ""},
	} {
		code, _, stderr := run(t, tool(func(*cobra.Command) error { return tt.err }), "status")
		if code != tt.code || stderr != tt.stderr {
			t.Errorf("%v: code %d, stderr %q", tt.err, code, stderr)
		}
	}
	plain := cli.Program{Name: "tool"}
	if code := plain.Exit(errBusy, io.Discard); code != cli.ExitFailed {
		t.Errorf("without codes of its own: %d", code)
	}
	if !errors.Is(cli.Usage(errBusy), errBusy) {
		t.Error("an error of usage hides what it is about")
	}
}

// An error quotes what a device or a hub said; the screen gets visible characters.
func TestErrorsReachTheScreenEscaped(t *testing.T) {
	_, _, stderr := run(t, tool(func(*cobra.Command) error { return errors.New("it calls itself \x1b[2J\u202e") }), "status")
	if stderr != `tool: it calls itself \x1b[2J\u202e`+"\n" {
		t.Errorf("%q", stderr)
	}
}

// A command has the streams that its program was given.
func TestStreamsAreTheProgramsOwn(t *testing.T) {
	p := tool(func(c *cobra.Command) error {
		_, err := fmt.Fprint(c.OutOrStdout(), "out")
		fmt.Fprint(c.ErrOrStderr(), "err")
		return err
	})
	if code, out, stderr := run(t, p, "status"); code != 0 || out != "out" || stderr != "err" {
		t.Errorf("code %d, %q %q", code, out, stderr)
	}
}
