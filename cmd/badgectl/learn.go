package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/reader/capture"
	"badged/reader/number"
)

func (a *app) learn() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "learn [FILE]",
		Short: "Find the number rule that explains what readers say of known badges",
		Long: "learn reads a badge a line, three different ones or more: what this reader says (badgectl decode shows\n" +
			"it), a comma, and the number that the badge must have; from FILE or standard input. Empty lines,\n" +
			"lines that start with # and a first line «read,expected» are left out.\n\n" +
			"It prints the shortest rule that explains every badge; or «ambiguous» and the rules that do, one a line,\n" +
			"if the badges do not tell which; or «none». It ends with 0 if there is one rule, else with 1.",
		Example: "  printf '%s\\n' 01026F6C3A,0040856634 62E3086CED,3808980205 0000D507D0,0013961168 | badgectl card learn\n" +
			"  badgectl card learn badges.csv",
		Args: cli.ArgsBetween(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			in, err := a.input(args, "read the badges")
			if err != nil {
				return err
			}
			defer in.Close()
			pairs, err := readPairs(in)
			if err != nil {
				return err
			}
			found, err := number.Learn(pairs)
			if err != nil {
				return fmt.Errorf("learn a number rule: %w", err)
			}
			return a.learned(found)
		},
	})
}

// readPairs reads lines of what was read, a comma, and what is wanted, which may have
// commas of its own.
func readPairs(in io.Reader) (pairs []number.Pair, err error) {
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), capture.Mark))
		if text == "" || strings.HasPrefix(text, "#") || text == "read,expected" {
			continue
		}
		read, want, ok := columns(text)
		if !ok {
			return nil, fmt.Errorf("line %d: must be what the reader says, a comma, and the badge's number", n)
		}
		pairs = append(pairs, number.Pair{Read: cell(read), Want: cell(want)})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the badges: %w", err)
	}
	return pairs, nil
}

// columns splits a line at its first comma, or its first semicolon as some spreadsheets
// have it, behind what stands in quotes.
func columns(line string) (read, want string, ok bool) {
	quoted := ""
	if strings.HasPrefix(line, `"`) {
		if n := strings.IndexByte(line[1:], '"'); n >= 0 {
			quoted, line = line[:n+2], line[n+2:]
		}
	}
	for _, between := range []string{",", ";"} {
		if read, want, ok = strings.Cut(line, between); ok {
			return quoted + read, want, true
		}
	}
	return "", "", false
}

// cell is a cell of a table, without its quotes.
func cell(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return s
}

// The results of learn.
const (
	resultRule      = "rule"
	resultAmbiguous = "ambiguous"
	resultNone      = "none"
)

// learned prints what was found.
func (a *app) learned(found number.Learned) error {
	result := resultRule
	switch len(found.Rules) {
	case 0:
		result = resultNone
	case 1:
	default:
		result = resultAmbiguous
	}
	if err := a.printLearned(result, found); err != nil {
		return err
	}
	if result != resultRule {
		return cli.ErrReported
	}
	return nil
}

func (a *app) printLearned(result string, found number.Learned) error {
	if a.json {
		return a.print(struct {
			Result string   `json:"result"`
			Rules  []string `json:"rules"`
			Also   string   `json:"also,omitempty"`
		}{result, append([]string{}, found.Rules...), found.Also})
	}
	lines := found.Rules
	if result != resultRule {
		lines = append([]string{result}, lines...)
	}
	for _, l := range lines {
		if _, err := fmt.Fprintln(a.io.Out, l); err != nil {
			return written(err)
		}
	}
	if hint := advice(result, found); hint != "" {
		fmt.Fprintf(a.io.Err, "badgectl: %s\n", hint)
	}
	return nil
}

// advice is what to do next.
func advice(result string, found number.Learned) string {
	switch {
	case result == resultNone:
		return "no rule explains all of them: check each line against its badge, and whether all were read by the same reader"
	case result == resultAmbiguous:
		return "add a badge whose number looks different, for example one without zeros in front; then only one rule is left"
	case found.Also != "":
		return "if numbers of this site always have that many digits, use " + found.Also + " instead: no badge here had a short number, which would tell"
	case strings.Contains(found.Rules[0], "group("):
		return "a number needs no separators: leave group out at every reader of the site, or at none"
	case found.Rules[0] == "":
		return "the reader says the badges' numbers already: no rule is needed"
	}
	return ""
}
