// Package kmod finds the kernel modules that devices need. A module says itself which others it
// needs and which devices it is for; Describe reads that where an image is made, and Table holds it
// where the image runs, as lines:
//
//	module NAME NEEDED...      each behind those that it needs
//	alias PATTERN NAME         a device whose alias matches wants the module
package kmod

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Module is what a module says of itself.
type Module struct {
	Name    string
	Needs   []string // modules, those that it only asks for too
	Aliases []string // patterns of devices that it is for
}

// Canonical is the name of a module as the kernel writes it.
func Canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// Describe reads what a module says of itself, in its section .modinfo.
func Describe(name string, file io.ReaderAt) (m Module, err error) {
	m.Name = Canonical(name)
	f, err := elf.NewFile(file)
	if err != nil {
		return m, fmt.Errorf("read the module %s: %w", name, err)
	}
	section := f.Section(".modinfo")
	if section == nil {
		return m, fmt.Errorf("read the module %s: it says nothing of itself", name)
	}
	info, err := section.Data()
	if err != nil {
		return m, fmt.Errorf("read the module %s: %w", name, err)
	}
	for line := range bytes.SplitSeq(info, []byte{0}) {
		m.add(string(line))
	}
	return m, nil
}

func (m *Module) add(line string) {
	key, value, _ := strings.Cut(line, "=")
	switch {
	case key == "depends" && value != "":
		for need := range strings.SplitSeq(value, ",") {
			m.Needs = append(m.Needs, Canonical(need))
		}
	case key == "softdep":
		before, ok := strings.CutPrefix(value, "pre: ")
		if before, _, _ = strings.Cut(before, " post:"); ok {
			for need := range strings.FieldsSeq(before) {
				m.Needs = append(m.Needs, Canonical(need))
			}
		}
	case key == "alias" && !strings.ContainsAny(value, " \t"):
		m.Aliases = append(m.Aliases, value)
	}
}

// Table is the modules of an image.
type Table struct {
	modules map[string]Module
	aliases [][2]string // pattern and module
}

// NewTable holds modules of which each knows what it needs.
func NewTable(modules ...Module) *Table {
	t := &Table{modules: map[string]Module{}}
	for _, m := range modules {
		t.modules[m.Name] = m
		for _, a := range m.Aliases {
			t.aliases = append(t.aliases, [2]string{a, m.Name})
		}
	}
	return t
}

// Order gives the modules to load for one, each behind those that it needs. What the table does
// not have is part of the kernel, or of no use here.
func (t *Table) Order(name string) (order []string) {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		m, ok := t.modules[name]
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		for _, need := range m.Needs {
			visit(need)
		}
		order = append(order, name)
	}
	visit(Canonical(name))
	return order
}

// Match gives the modules that a device wants, by its alias.
func (t *Table) Match(alias string) (names []string) {
	for _, a := range t.aliases {
		if ok, err := path.Match(a[0], alias); err == nil && ok && !slices.Contains(names, a[1]) {
			names = append(names, a[1])
		}
	}
	return names
}

// Text is the table as Parse reads it. Only aliases of buses are in it: others are for programs
// that ask for a module by another name.
func (t *Table) Text() string {
	var lines []string
	for _, m := range t.modules {
		lines = append(lines, strings.Join(append([]string{"module", m.Name}, m.Needs...), " "))
		for _, a := range m.Aliases {
			if strings.Contains(a, ":") {
				lines = append(lines, "alias "+a+" "+m.Name)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// Parse reads a table.
func Parse(text []byte) (*Table, error) {
	t := &Table{modules: map[string]Module{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) >= 2 && words[0] == "module":
			t.modules[words[1]] = Module{Name: words[1], Needs: words[2:]}
		case len(words) == 3 && words[0] == "alias":
			t.aliases = append(t.aliases, [2]string{words[1], words[2]})
		default:
			return nil, fmt.Errorf("read the table of modules: %.80q is no line of it", lines.Text())
		}
	}
	return t, lines.Err()
}
