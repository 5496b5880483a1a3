package kiosk

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"badged/enroll"
	"badged/internal/profile"
)

// Every text exists in every language, with the same places to fill.
func TestCatalogueIsComplete(t *testing.T) {
	verbs := regexp.MustCompile(`%.`)
	for lang, msgs := range texts {
		for other, theirs := range texts {
			for key, msg := range msgs {
				if strings.TrimSpace(theirs[key]) == "" {
					t.Errorf("text %q of %s is missing in %s", key, lang, other)
				}
				if !slices.Equal(verbs.FindAllString(msg, -1), verbs.FindAllString(theirs[key], -1)) {
					t.Errorf("text %q of %s takes other values than in %s", key, lang, other)
				}
			}
		}
	}
}

// A key stands in a source by itself, and in a template as what T says.
var (
	keyInSource   = regexp.MustCompile(`"([a-z]+\.[a-z._]+)"`)
	keyInTemplate = regexp.MustCompile(`\.T "([a-z._]+)"`)
)

// usedKeys are the texts that the pages ask for.
func usedKeys(t *testing.T) map[string]bool {
	used := map[string]bool{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob("pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(sources, templates...) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "texts") || name == "pages.go" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		key := keyInSource
		if strings.HasSuffix(name, ".html") {
			key = keyInTemplate
		}
		for _, m := range key.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
	}
	for _, f := range []string{"error.closed", "error.missing", "error.form"} {
		used[f+".title"], used[f+".text"] = true, true
	}
	for _, p := range problems {
		used["problem."+p] = true
	}
	return used
}

// What the engine can say of each field.
var problems = []string{
	"name." + string(profile.TooLong), "name." + string(profile.BadText),
	"name." + string(profile.Reserved), "name." + string(profile.Empty),
	"email." + string(profile.TooLong), "email." + string(profile.BadEmail),
	"lang." + string(profile.BadLang),
}

func TestEveryTextIsUsedAndEveryUsedTextExists(t *testing.T) {
	used := usedKeys(t)
	if len(used) < 40 {
		t.Fatalf("only %d keys found in the sources", len(used))
	}
	for key := range used {
		if _, ok := french[key]; !ok {
			t.Errorf("text %q is asked for and does not exist", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(french)) {
		if !used[key] {
			t.Errorf("text %q is not used", key)
		}
	}
}

func TestTextsComeFromTheCatalogue(t *testing.T) {
	for lang, msgs := range texts {
		p := printerFor(lang)
		for key, msg := range msgs {
			if got := p.Sprintf(key, "X", "X"); !strings.HasPrefix(got, strings.ReplaceAll(msg, "%s", "X")) {
				t.Errorf("%s %s: %q, want %q", lang, key, got, msg)
			}
		}
	}
}

func TestEveryReasonHasItsWords(t *testing.T) {
	for r := range enroll.Reason(200) {
		b := noticeOf(r)
		if b == nil {
			continue
		}
		for _, key := range []string{b.Title, b.Text} {
			if french[key] == "" || english[key] == "" {
				t.Errorf("reason %d: no text %q", r, key)
			}
		}
	}
}
