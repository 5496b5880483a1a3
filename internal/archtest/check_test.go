package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// check holds a tree against the tables. It knows nothing but what it is given.
func check(files []file) []violation {
	var vs []violation
	add := func(path, format string, args ...any) {
		vs = append(vs, violation{path, fmt.Sprintf(format, args...)})
	}
	for _, f := range files {
		if why, forbidden := noGo[f.pkg]; forbidden {
			add(f.path, "no Go file may lie in %s: %s", f.pkg, why)
			continue
		}
		line, ok := lookup(f.pkg)
		if !ok {
			add(f.path, "package %s has no level: give it a line in the table of internal/archtest/rules_test.go", f.pkg)
			continue
		}
		for _, imp := range f.imports {
			if p, ours := own(imp); ours {
				checkOwn(f, line, p, add)
			} else if outside(imp) {
				checkOutside(f, imp, add)
			}
		}
	}
	for _, a := range aparts {
		vs = append(vs, checkApart(files, a)...)
	}
	return vs
}

func lookup(pkg string) (folder, bool) {
	for _, line := range folders {
		if match(line.name, pkg) {
			return line, true
		}
	}
	return folder{}, false
}

type adder func(path, format string, args ...any)

func checkOwn(f file, line folder, p string, add adder) {
	if f.external {
		return // a test from outside may bring in the real neighbours, at any level
	}
	for _, n := range nevers {
		if (n.from == "..." || match(n.from, f.pkg)) && match(n.to, p) {
			add(f.path, "%s must never import %s: %s", f.pkg, p, n.why)
			return
		}
	}
	if f.test {
		return
	}
	if slices.Contains(helpers, p) && !slices.Contains(helpers, f.pkg) {
		add(f.path, "%s is for tests only", p)
		return
	}
	to, known := lookup(p)
	switch {
	case !known:
		add(f.path, "imports %s, which has no level in internal/archtest/rules_test.go", p)
	case !allowed(line, p):
		add(f.path, "%s (%s) may not import %s (%s); it may import %s", f.pkg, line.level, p, to.level, mayText(line))
	case to.level > line.level || to.level == line.level && !slices.Contains(line.may, p):
		add(f.path, "%s (%s) may not import %s (%s): the level must be lower", f.pkg, line.level, p, to.level)
	}
}

func allowed(line folder, p string) bool {
	return matchAny(line.may, p) || line.level > base && slices.Contains(plain, p)
}

func mayText(line folder) string {
	may := slices.Clone(line.may)
	if line.level > base {
		may = append(may, plain...)
	}
	if len(may) == 0 {
		return "nothing of ours"
	}
	return strings.Join(may, ", ")
}

func checkOutside(f file, imp string, add adder) {
	for _, lib := range libraries {
		if !under(imp, lib.module) {
			continue
		}
		switch {
		case f.test, slices.Contains(helpers, f.pkg), matchAny(lib.from, f.pkg):
		case len(lib.from) == 0:
			add(f.path, "%s is for tests only: %s", lib.module, lib.why)
		default:
			add(f.path, "%s may be imported by %s only: %s", lib.module, strings.Join(lib.from, ", "), lib.why)
		}
		return
	}
	add(f.path, "imports %s, which no line of the table of libraries in internal/archtest/rules_test.go names", imp)
}

// linker follows the imports of a command through our packages, tests left out.
type linker struct {
	apart
	imports map[string][]string // of each of our packages
	seen    map[string]bool
	found   []violation
}

func checkApart(files []file, a apart) []violation {
	l := linker{apart: a, imports: map[string][]string{}, seen: map[string]bool{}}
	for _, f := range files {
		if !f.test {
			l.imports[f.pkg] = append(l.imports[f.pkg], f.imports...)
		}
	}
	l.walk(a.command, []string{a.command})
	return l.found
}

func (l *linker) walk(pkg string, way []string) {
	for _, imp := range l.imports[pkg] {
		p, ours := own(imp)
		if l.seen[p] {
			continue
		}
		l.seen[p] = true
		through := append(slices.Clone(way), p)
		switch {
		case ours && matchAny(l.folders, p), slices.ContainsFunc(l.modules, func(m string) bool { return under(imp, m) }):
			problem := fmt.Sprintf("links %s: %s (%s)", p, l.why, strings.Join(through, " -> "))
			l.found = append(l.found, violation{l.command, problem})
		case ours:
			l.walk(p, through)
		}
	}
}

// String is the name of the level in messages.
func (l level) String() string {
	if l == base {
		return "base"
	}
	return fmt.Sprintf("level %d", int(l))
}
