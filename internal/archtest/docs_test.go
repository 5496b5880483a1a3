package archtest

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"badged/internal/config"
	"badged/reader/protocols"
)

// documents are the texts for people, from the root of the module.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "firmware/*.md", "sync/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			rel, err := filepath.Rel(root(t), p)
			if err != nil {
				t.Fatal(err)
			}
			docs[rel] = read(t, rel)
		}
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/configuration.md", "docs/operations.md"} {
		if docs[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	return docs
}

func read(t *testing.T, rel string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), rel))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	linkRE    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingRE = regexp.MustCompile(`(?m)^#+ (.*)$`)
	makeRE    = regexp.MustCompile("(?m)(?:`|^)make ([a-z]+)")
	targetRE  = regexp.MustCompile(`(?m)^([a-z]+):`)
	rowRE     = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
	commandRE = regexp.MustCompile("(?m)(?:`|^|-- )(badge(?:ctl|hub|d)) ([a-z][^`#\n|]*)")
	plainRE   = regexp.MustCompile(`^[a-z]+$`)
)

// TestLinksResolve: every link inside the repository leads to a file and, with a
// "#", to a heading of it.
func TestLinksResolve(t *testing.T) {
	for doc, text := range documents(t) {
		for _, m := range linkRE.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := doc
			if file != "" {
				target = filepath.Join(filepath.Dir(doc), file)
			}
			if _, err := os.Stat(filepath.Join(root(t), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
			} else if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, and there is no such heading", doc, m[1])
			}
		}
	}
}

func anchors(text string) (list []string) {
	drop := regexp.MustCompile(`[^a-z0-9 _-]`)
	for _, m := range headingRE.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

// TestMakeTargetsExist: every make command in a document is one of the Makefile.
func TestMakeTargetsExist(t *testing.T) {
	var targets []string
	for _, m := range targetRE.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets = append(targets, m[1])
	}
	for doc, text := range documents(t) {
		for _, m := range makeRE.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(targets, m[1]) {
				t.Errorf("%s speaks of make %s, which the Makefile does not have", doc, m[1])
			}
		}
	}
}

// TestCommandsExist: every command of ours in a document is one that the program has.
func TestCommandsExist(t *testing.T) {
	sources := map[string]string{}
	for _, f := range loadModule(t) {
		if !f.test {
			sources[f.pkg] += string(f.src)
		}
	}
	for doc, text := range documents(t) {
		for _, m := range commandRE.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[0], "badged") {
				continue // a sentence about badged
			}
			for _, word := range strings.Fields(m[2])[:min(2, len(strings.Fields(m[2])))] {
				word = strings.Trim(word, "`")
				has := regexp.MustCompile(`(Use: *|[gG]roup\(|list\(p, )"` + word + `[ "]`)
				if plainRE.MatchString(word) && !has.MatchString(sources["cmd/"+m[1]]) {
					t.Errorf("%s speaks of %s: there is no %s", doc, strings.TrimSpace(m[0]), word)
				}
			}
		}
	}
}

// TestEveryKeyIsDocumented holds docs/configuration.md against the keys that the
// agent takes, both ways.
func TestEveryKeyIsDocumented(t *testing.T) {
	text := read(t, "docs/configuration.md")
	for heading, header := range map[string]string{
		"## The file itself": "", "## [log]": "[log]", "## [kiosk]": "[kiosk]", "## [usb]": "[usb]", "## [print]": "[print]",
		"## [[point]]": "[[point]]", "## [[reader]]": "[[reader]]",
	} {
		compare(t, heading, rows(t, text, heading), keysOf(t, header))
	}
}

// TestEveryOptionIsDocumented does the same for the options of each protocol.
func TestEveryOptionIsDocumented(t *testing.T) {
	text := read(t, "docs/configuration.md")
	for _, p := range protocols.All() {
		var names []string
		for _, o := range p.Options {
			names = append(names, o.Name)
		}
		heading := "### Options of `" + p.Name + "`"
		compare(t, heading, rows(t, text, heading), names)
		if !strings.Contains(read(t, "docs/readers.md"), "| `"+p.Name+"` |") {
			t.Errorf("docs/readers.md does not speak of %s", p.Name)
		}
	}
}

func compare(t *testing.T, heading string, documented, taken []string) {
	t.Helper()
	for _, key := range taken {
		if !slices.Contains(documented, key) {
			t.Errorf("docs/configuration.md, %s: %s is missing", heading, key)
		}
	}
	for _, key := range documented {
		if !slices.Contains(taken, key) {
			t.Errorf("docs/configuration.md, %s: %s is not a key that the agent takes", heading, key)
		}
	}
}

// rows gives the keys in the table below a heading.
func rows(t *testing.T, text, heading string) (keys []string) {
	t.Helper()
	_, section, found := strings.Cut(text, "\n"+heading+"\n")
	if !found {
		t.Errorf("docs/configuration.md has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	for _, m := range rowRE.FindAllStringSubmatch(section, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// keysOf asks the configuration itself which keys a table has, by giving it one
// that it cannot know.
func keysOf(t *testing.T, header string) []string {
	t.Helper()
	_, err := config.Parse("keys.toml", []byte(header+"\nno_such_key = 1\n"))
	var problems config.Problems
	errors.As(err, &problems)
	i := slices.IndexFunc(problems, func(p config.Problem) bool { return strings.HasSuffix(p.Key, "no_such_key") })
	if i < 0 || problems[i].Allowed == "" {
		t.Fatalf("ask for the keys of %q: got %v", header, err)
	}
	return strings.Split(problems[i].Allowed, ", ")
}

// maxLine is how long a line of a document may be: longer ones cannot be read in a diff.
const maxLine = 120

// TestDocumentsHaveShortLines holds every document to it, but for tables and code, which
// cannot be broken.
func TestDocumentsHaveShortLines(t *testing.T) {
	for path, text := range documents(t) {
		for _, n := range longLines(text) {
			t.Errorf("%s:%d: longer than %d characters", path, n, maxLine)
		}
	}
	if got := longLines("```\n" + strings.Repeat("x", 130) + "\n```\n| " + strings.Repeat("x", 130) + "\n" + strings.Repeat("é", 121)); !slices.Equal(got, []int{5}) {
		t.Errorf("the long lines of an example are %v", got)
	}
}

func longLines(text string) (numbers []int) {
	code := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		if !code && !strings.HasPrefix(line, "|") && utf8.RuneCountInString(line) > maxLine {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}
