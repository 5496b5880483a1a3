package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed table/*.txt
var builtin embed.FS

// mutant is one fault, and the test that must notice it.
//
// A table is text. A block of lines is one mutant, an empty line ends it, a line that
// begins with # is a remark:
//
//	mutant  a used claim can be used again
//	file    enroll/bind.go
//	test    enroll TestS207_ACodeWorksOnce
//	-	the old text, exactly; several lines are several of these
//	+	the new text; without it the old text is taken away
//
// A test name may name a subtest: TestX/some_case.
type mutant struct {
	name     string
	file     string // in the module, with slashes
	old, new string
	pkg      string // folder of the test
	test     string
	at       string // where it stands in the table
}

// readTable reads all tables of a file system, in the order of their names.
func readTable(from fs.FS) (all []mutant, err error) {
	paths, err := fs.Glob(from, "table/*.txt")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return nil, err
		}
		more, err := parseTable(path, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, checkNames(all)
}

// checkNames refuses two mutants of one name, because a name must say which.
func checkNames(all []mutant) error {
	seen := map[string]string{}
	for _, m := range all {
		if other, twice := seen[m.name]; twice {
			return fmt.Errorf("%s: %s has the name %q already", m.at, other, m.name)
		}
		seen[m.name] = m.at
	}
	return nil
}

func parseTable(path, text string) (all []mutant, err error) {
	var block []string
	lines := append(strings.Split(text, "\n"), "")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "#"):
		case line != "":
			block = append(block, line)
		case len(block) > 0:
			m, err := parseMutant(block)
			m.at = fmt.Sprintf("internal/rig/mutants/%s:%d", path, i+1-len(block))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.at, err)
			}
			all, block = append(all, m), nil
		}
	}
	return all, nil
}

func parseMutant(block []string) (m mutant, err error) {
	var removed, added []string
	for _, line := range block {
		if rest, ok := strings.CutPrefix(line, "-"); ok {
			removed = append(removed, rest)
			continue
		}
		if rest, ok := strings.CutPrefix(line, "+"); ok {
			added = append(added, rest)
			continue
		}
		if err := m.setField(strings.Fields(line)); err != nil {
			return m, err
		}
	}
	m.old, m.new = strings.Join(removed, "\n"), strings.Join(added, "\n")
	if slices.Contains([]string{m.name, m.file, m.pkg, m.test, m.old}, "") {
		return m, errors.New("a mutant needs the lines mutant, file, test and -")
	}
	return m, nil
}

func (m *mutant) setField(words []string) error {
	switch {
	case words[0] == "mutant":
		m.name = strings.Join(words[1:], " ")
	case words[0] == "file" && len(words) == 2:
		m.file = words[1]
	case words[0] == "test" && len(words) == 3:
		m.pkg, m.test = words[1], words[2]
	default:
		return fmt.Errorf("a line begins with mutant, file FILE, test FOLDER TEST, - or +, not %q", words[0])
	}
	return nil
}

// apply gives the faulty text of the file.
func (m mutant) apply(text string) (string, error) {
	switch n := strings.Count(text, m.old); {
	case n == 0:
		return "", fmt.Errorf("%s: the old text is not in %s any more: if the code changed, write the same fault for the new code; "+
			"if what could be wrong is gone, take the mutant out", m.at, m.file)
	case n > 1:
		return "", fmt.Errorf("%s: the old text is in %s %d times: give more of the line, or the line before it", m.at, m.file, n)
	case m.old == m.new:
		return "", fmt.Errorf("%s: old and new text are the same", m.at)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}
