package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// statement is one line of the list.
type statement struct {
	code  string // "S1.03", "T4", "O10"
	where string // "A" terminal, "H" hub, "A H" both
	text  string
}

var (
	codePattern      = regexp.MustCompile(`\b(?:S[1-5]\.[0-9]{2}|[TO][0-9]{1,2})\b`)
	statementPattern = regexp.MustCompile(`^- (S[1-5]\.[0-9]{2}|[TO][0-9]{1,2}) ((?:[AH] )+)(.+)$`)
)

// readStatements reads the list: every item of it is a statement.
func readStatements(path string) (out []statement, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the statements: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "- ") {
			continue
		}
		m := statementPattern.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("%s: %q is no statement: a code, A or H or both, a sentence", path, line)
		}
		out = append(out, statement{m[1], strings.TrimSpace(m[2]), m[3]})
	}
	return out, nil
}

// checkCodes refuses a test that names a statement which is not there.
func checkCodes(statements []statement, tests []test) error {
	known := map[string]bool{}
	for _, s := range statements {
		known[s.code] = true
	}
	for _, t := range tests {
		for code := range strings.FieldsSeq(t.codes) {
			if !known[code] {
				return fmt.Errorf("%s %s names %s, which is not in %s", t.pkg, t.name, code, list)
			}
		}
	}
	return nil
}
