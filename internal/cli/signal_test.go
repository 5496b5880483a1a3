package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"badged/internal/cli"
)

// asProgram makes the test binary one of these programs.
const asProgram = "BADGED_CLI_TEST_PROGRAM"

func TestMain(m *testing.M) {
	run := map[string]func(context.Context, io.Reader) error{
		// It waits in a read that no context ends.
		"deaf": func(_ context.Context, in io.Reader) error { _, err := in.Read(make([]byte, 1)); return err },
		// It ends in order.
		"orderly": func(ctx context.Context, _ io.Reader) error { <-ctx.Done(); return errors.New("tidied up") },
	}[os.Getenv(asProgram)]
	if run == nil {
		os.Exit(m.Run())
	}
	grace := time.Millisecond
	if os.Getenv(asProgram) == "orderly" {
		grace = time.Hour
	}
	cli.Program{Name: "tool", Grace: grace, Run: func(ctx context.Context, _ []string, _ func(string) string, stdio cli.Stdio) error {
		fmt.Fprintln(stdio.Out, "runs")
		return run(ctx, stdio.In)
	}, Code: func(error) int { return cli.ExitConfig }}.Main()
}

// Issue 7, 6: a program that waits in a read ends at the first signal. It was deaf to Ctrl-C
// and SIGTERM until the read returned, which it never did on a quiet pipe.
func TestASignalEndsAProgramThatWaitsInARead(t *testing.T) {
	for _, tt := range []struct {
		program string
		signal  syscall.Signal
		code    int
	}{
		{"deaf", syscall.SIGINT, 130}, {"deaf", syscall.SIGTERM, 143},
		{"orderly", syscall.SIGINT, cli.ExitConfig}, {"orderly", syscall.SIGTERM, cli.ExitConfig},
	} {
		if code := endBySignal(t, tt.program, tt.signal); code != tt.code {
			t.Errorf("%s after %v: code %d, want %d", tt.program, tt.signal, code, tt.code)
		}
	}
}

// endBySignal starts a program, sends it one signal once it runs, and gives its exit code.
func endBySignal(t *testing.T, program string, s syscall.Signal) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"="+program)
	in, err := cmd.StdinPipe() // quiet until the end
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the code says how
	return cmd.ProcessState.ExitCode()
}
