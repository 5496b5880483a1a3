package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/rig/workbench"
)

func TestCommandLinesThatMakeNoSense(t *testing.T) {
	for _, line := range []string{"demo", "run x", "story --check", "bench frob", "bench path --cards 1", "bench size --swipes 2"} {
		var out strings.Builder
		err := Run(t.Context(), strings.Fields(line), nil, cli.Stdio{Out: &out, Err: &out})
		if !cli.IsUsage(err) {
			t.Errorf("rig %s: %v", line, err)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	var all func(*cobra.Command)
	all = func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Example == "" && !cmd.Hidden {
			t.Errorf("%s has no example, or says nothing", cmd.CommandPath())
		}
		for _, below := range cmd.Commands() {
			all(below)
		}
	}
	all((&rig{}).root())
}

// A step that is wrong says so, with what was seen, for people and for programs.
func TestStepsArePrinted(t *testing.T) {
	var out strings.Builder
	r := &rig{io: cli.Stdio{Out: &out}}
	show := func() {
		r.printStep(workbench.Step{Number: 1, Name: "a badge", Took: 1500 * time.Millisecond})
		r.printStep(workbench.Step{Number: 2, Name: "a door", Took: 20 * time.Microsecond, Err: errors.New("it stays shut")})
	}
	show()
	if want := "ok 01 a badge  1.5s\nWRONG 02 a door  1ms\n   it stays shut\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	r.json = true
	show()
	want := fmt.Sprintln(`{"step":1,"name":"a badge","ok":true,"ms":1500}`) + fmt.Sprintln(`{"step":2,"name":"a door","ok":false,"ms":0.02,"error":"it stays shut"}`)
	if out.String() != want {
		t.Errorf("%q", out.String())
	}
}

// Without the programs nothing can be shown, and the error says how to get them.
func TestProgramsThatAreNotBuilt(t *testing.T) {
	for _, command := range []string{"run", "story"} {
		var out strings.Builder
		err := Run(t.Context(), []string{command, "--bin", t.TempDir()}, nil, cli.Stdio{Out: &out, Err: &out})
		if err == nil || !strings.Contains(err.Error(), "make build") {
			t.Errorf("rig %s: %v, %q", command, err, out.String())
		}
	}
}
