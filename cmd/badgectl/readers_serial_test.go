package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/internal/config"
	"badged/internal/rig/sim"
	"badged/reader/detect"
	"badged/reader/protocols"
)

// holder holds a badge to the reader as soon as it is asked to.
type holder struct {
	bytes.Buffer
	hold func()
}

func (h *holder) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), "Hold a badge") {
		h.hold()
	}
	return h.Buffer.Write(p)
}

// TestReadersLearnSerial (issue 7, 2.11): the command, over a pseudo-terminal, prints lines that can
// be pasted.
func TestReadersLearnSerial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ttyUSB0")
	d, err := sim.NewReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var out bytes.Buffer
	stderr := &holder{hold: func() {
		if err := d.Tap("62E3086CED"); err != nil {
			t.Error(err)
		}
	}}
	if err := Run(ctx, []string{"readers", "learn", "--port", path}, os.Getenv, cli.Stdio{In: strings.NewReader(""), Out: &out, Err: stderr}); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	want := "[[reader]]\nname = \"reader-1\"\npoint = \"POINT\"   # the name of a [[point]]\nprotocol = \"rdm6300\"\nport = \"" + path + "\"\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if !strings.Contains(stderr.String(), "As rdm6300, this badge is 62E3086CED.") {
		t.Errorf("it does not say what it read:\n%s", stderr)
	}
}

// TestSerialLines: whatever is found can be pasted, and says what was found.
func TestSerialLines(t *testing.T) {
	for _, tt := range []struct {
		c    detect.Candidate
		baud int
		want []string
	}{
		{detect.Candidate{Protocol: "parallax", Number: "62E3086CED"}, 2400, []string{`protocol = "parallax"`}},
		{detect.Candidate{Protocol: "rdm6300"}, 19200, []string{"baud = 19200"}},
		{detect.Candidate{Protocol: "osdp"}, 9600, []string{"badgectl osdp commission"}},
		{detect.Candidate{Protocol: "line", Number: "12", Options: map[string]string{"prefix": `\x02`, "suffix": "?", "charset": "digits"}}, 9600,
			[]string{`prefix = '\x02'`, `suffix = "?"`, `charset = "digits"`, "this one has 2 characters"}},
	} {
		lines := serialLines("/dev/ttyUSB0", tt.baud, tt.c)
		for _, want := range tt.want {
			if !strings.Contains(lines, want) {
				t.Errorf("%s is missing:\n%s", want, lines)
			}
		}
		file := strings.ReplaceAll(lines, "POINT", "hall") + "[[point]]\nname = \"hall\"\nkind = \"print\"\n"
		cfg, err := config.Parse("x.toml", []byte(file))
		if err != nil {
			t.Fatalf("%v:\n%s", err, file)
		}
		r := cfg.Readers[0]
		if _, err := protocols.New(r.Protocol, r.Options); err != nil || strings.Contains(lines, "62E3086CED") {
			t.Errorf("%v:\n%s", err, lines)
		}
		if strings.Contains(lines, "baud") != (tt.baud == 19200) {
			t.Errorf("the speed:\n%s", lines)
		}
	}
}

// TestSeveralProtocols (issue 7, 2.11): what is ambiguous is said, with all candidates.
func TestSeveralProtocols(t *testing.T) {
	var out, stderr bytes.Buffer
	a := &app{io: cli.Stdio{Out: &out, Err: &stderr}}
	f := detect.Found{Baud: 9600, Candidates: detect.Explain([]detect.Chunk{{Bytes: []byte("1A808001C0\r")}})}
	if err := a.proposeSerial("/dev/ttyUSB0", f); !errors.Is(err, cli.ErrReported) {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{`protocol = "twn3"`, `mode = "prox"`, "# or:", `protocol = "line"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing:\n%s", want, out.String())
		}
	}
	for _, want := range []string{"Ambiguous: 2 protocols", "As twn3, this badge is 010003.", "As line, this badge is 1A808001C0."} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%s is missing:\n%s", want, stderr.String())
		}
	}
}

func TestLearnNamesThePortOnce(t *testing.T) {
	if got := run(t, "", "readers", "learn", "--port", "/dev/x", "/dev/y"); got.code != 64 {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
	if got := run(t, "", "readers", "learn", "/nowhere/tty"); got.code != 1 || !strings.Contains(got.stderr, "learn the reader on /nowhere/tty: open /nowhere/tty") {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
}
