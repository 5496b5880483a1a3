package main

import (
	"bufio"
	"errors"
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
			"it), a comma, semicolon or tab, and the number that it must have; from FILE or standard input. Empty lines,\n" +
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

// maxPairLine is the bytes of a line; what Learn takes and quotes are far below.
const maxPairLine = 4096

// readPairs reads lines of what was read, a comma, and what is wanted, which may have
// commas of its own.
func readPairs(in io.Reader) (pairs []number.Pair, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxPairLine)
	n := 1
	for ; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), capture.Mark))
		read, want, ok := columns(text)
		if text == "" || strings.HasPrefix(text, "#") || read == "read" && want == "expected" {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("line %d: must be what the reader says, a comma (or a semicolon or a tab), and the badge's number", n)
		}
		pairs = append(pairs, number.Pair{Read: cell(read), Want: cell(want)})
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("read the badges: line %d is longer than %d bytes: give a line for each badge", n, maxPairLine)
	case err != nil:
		return nil, fmt.Errorf("read the badges: %w", err)
	}
	return pairs, nil
}

// columns splits a line at its first tab, as tables are pasted, else at its first comma,
// or its first semicolon as some spreadsheets have it, behind what stands in quotes.
func columns(line string) (read, want string, ok bool) {
	quoted := ""
	if strings.HasPrefix(line, `"`) {
		if n := strings.IndexByte(line[1:], '"'); n >= 0 {
			quoted, line = line[:n+2], line[n+2:]
		}
	}
	for _, between := range []string{"\t", ",", ";"} {
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
	switch n := len(found.Rules); {
	case n == 0:
		result = resultNone
	case n > 1 || found.OneSite:
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
			Ended  bool     `json:"ended,omitempty"` // before all rules were tried
		}{result, append([]string{}, found.Rules...), found.Ended})
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
	case found.Ended:
		return "the search ended early, since so many or so long texts take too much memory: other rules may exist. Try with four badges, and hold the result against the others"
	case result == resultNone:
		return "no rule explains all of them: check each line against its badge, and whether all were read by the same reader"
	case found.OneSite:
		return "these badges share digits, as those of one facility do, and a rule may pass them over: the badge of a stranger would be somebody's number. Add a badge of another facility"
	case result == resultAmbiguous:
		return "add a badge whose number looks different, for example one without zeros in front; then only one rule is left"
	case strings.Contains(found.Rules[0], "group("):
		return "a number needs no separators: leave group out at every reader of the site, or at none"
	case found.Rules[0] == "":
		return "the reader says the badges' numbers already: no rule is needed"
	}
	return ""
}
