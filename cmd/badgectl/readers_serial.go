package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"badged/internal/cli"
	"badged/reader/detect"
	"badged/reader/protocols"
	"badged/reader/serialport"
)

// learnSerial finds out which protocol a serial reader speaks, and prints what to paste.
func (a *app) learnSerial(ctx context.Context, path string) error {
	f, err := detect.Find(ctx, detect.Config{Path: path, Tell: a.tellStep})
	if err != nil {
		return fmt.Errorf("learn the reader on %s: %w", path, err)
	}
	return a.proposeSerial(stablePath(path), f)
}

// tellStep tells what is done, and what to do.
func (a *app) tellStep(s detect.Step) {
	switch s.Kind {
	case detect.StepListen:
		fmt.Fprintf(a.io.Err, "Hold a badge to the reader, or type some digits on its keypad (%d baud) ...\n", s.Baud)
	case detect.StepStrange:
		fmt.Fprintf(a.io.Err, "What came is no badge at %d baud. Take the badge away; another speed is tried.\n", s.Baud)
	case detect.StepAsk:
		fmt.Fprintf(a.io.Err, "Nothing came. Asking whether it is a %s at %d baud ...\n", s.Protocol, s.Baud)
	}
}

// stablePath is the name of a port that does not change with the order of plugging, if it has one.
func stablePath(path string) string {
	adapters, err := serialport.List()
	if err != nil {
		return path
	}
	for _, ad := range adapters {
		if serialPort(ad).is(path) {
			return ad.Path
		}
	}
	return path
}

// proposeSerial prints the lines of each protocol that reads the badge. What was read goes to the
// terminal only: a configuration is no place for the number of a badge.
func (a *app) proposeSerial(path string, f detect.Found) error {
	several := len(f.Candidates) > 1
	if several {
		fmt.Fprintf(a.io.Err, "Ambiguous: %d protocols read this badge. Paste the one whose number is right, or that docs/readers.md has for your reader.\n", len(f.Candidates))
	}
	for i, c := range f.Candidates {
		if c.Number != "" {
			fmt.Fprintf(a.io.Err, "As %s, this badge is %s.\n", c.Protocol, c.Number)
		}
		if i > 0 {
			fmt.Fprint(a.io.Out, "\n# or:\n")
		}
		if _, err := a.io.Out.Write([]byte(serialLines(path, f.Baud, c))); err != nil {
			return written(err)
		}
	}
	if several {
		return cli.ErrReported
	}
	return nil
}

// serialLines are the lines of a configuration that make a reader of a candidate.
func serialLines(path string, baud int, c detect.Candidate) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[[reader]]\nname = \"reader-1\"\npoint = \"POINT\"   # the name of a [[point]]\nprotocol = %q\nport = %q\n", c.Protocol, path)
	if p, err := protocols.Find(c.Protocol); err != nil || p.DefaultBaud != baud {
		fmt.Fprintf(&b, "baud = %d\n", baud)
	}
	if c.Protocol == "osdp" {
		fmt.Fprintln(&b, "# then give it a key: badgectl osdp commission")
	}
	if len(c.Options) > 0 {
		fmt.Fprintln(&b, "[reader.options]")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		fmt.Fprintf(&b, "%s = %s\n", name, tomlString(c.Options[name]))
	}
	if c.Protocol == "line" {
		fmt.Fprintf(&b, "# add min and max, as narrow as the badges allow; this one has %d characters\n", len(c.Number))
	}
	return b.String()
}

// tomlString writes an option, in which a backslash stands for itself.
func tomlString(s string) string {
	if strings.Contains(s, `\`) && !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return fmt.Sprintf("%q", s)
}
