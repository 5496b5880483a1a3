package webtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"badged/sync/hub/web/page"
)

// Texts holds the texts of a part against its sources, which are in the present folder: both
// languages have every key that is used, none has one that is not, and both take the same
// arguments. A key is used where it stands as a string in a Go file or a template; a string
// that ends in a dot and begins keys uses them all.
func Texts(t *testing.T, part page.Part) {
	t.Helper()
	fr, en := part.Texts["fr"], part.Texts["en"]
	used := usedStrings(t)
	for _, key := range slices.Sorted(maps.Keys(fr)) {
		switch {
		case en[key] == "":
			t.Errorf("the text %s is not in English", key)
		case !slices.Equal(verbs(fr[key]), verbs(en[key])):
			t.Errorf("the text %s has other arguments in English: %q, %q", key, fr[key], en[key])
		}
		if !used.has(key) {
			t.Errorf("nothing uses the text %s", key)
		}
	}
	for key := range en {
		if fr[key] == "" {
			t.Errorf("the text %s is not in French", key)
		}
	}
	for key := range used {
		begins := func(k string) bool { return k == key || strings.HasPrefix(k, key+".") }
		if looksLikeKey(part.Name, key) && !slices.ContainsFunc(slices.Collect(maps.Keys(fr)), begins) {
			t.Errorf("the text %s is not there", key)
		}
	}
}

func looksLikeKey(part, s string) bool {
	return strings.HasPrefix(s, part+".") && keyShape.MatchString(s)
}

var (
	keyShape = regexp.MustCompile(`^[a-z]+(\.[a-z0-9_-]+)+$`)
	action   = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	quoted   = regexp.MustCompile(`"[^"\n]*"`)
	verb     = regexp.MustCompile(`%(\[\d+\])?[a-z]`)
)

func verbs(s string) []string { return slices.Sorted(slices.Values(verb.FindAllString(s, -1))) }

type literals map[string]bool

func (l literals) has(key string) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".many")
	if l[key] || l[base] {
		return true
	}
	for i := range key {
		if key[i] == '.' && l[key[:i+1]] {
			return true
		}
	}
	return slices.ContainsFunc([]string{".title", ".text", ".todo"}, func(end string) bool {
		return strings.HasSuffix(key, end) && l[strings.TrimSuffix(key, end)] && l[end]
	})
}

// usedStrings are all strings in the part's Go files, but those of its texts, and in its
// templates.
func usedStrings(t *testing.T) literals {
	t.Helper()
	found := literals{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "texts_") {
			addGoStrings(t, found, name)
		}
	}
	pages, _ := filepath.Glob("pages/*.html") // the pattern is well formed
	for _, name := range pages {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range action.FindAllString(string(b), -1) {
			addQuoted(found, a)
		}
	}
	return found
}

// addQuoted adds the strings of one action of a template. Options of fields name keys after
// an equals sign.
func addQuoted(found literals, action string) {
	for _, q := range quoted.FindAllString(action, -1) {
		q = strings.Trim(q, `"`)
		found[q] = true
		if _, value, ok := strings.Cut(q, "="); ok {
			found[value] = true
		}
	}
}

func addGoStrings(t *testing.T, found literals, name string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				found[s] = true
			}
		}
		return true
	})
}
