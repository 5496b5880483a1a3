package words

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// code is a constant of the domain that names a refusal or a warning.
type code struct{ value, comment string }

var codeName = regexp.MustCompile(`^(Code|Warn)[A-Z]`)

// codes are those of all packages of the hub, from their source.
func codes(t *testing.T) map[string]code {
	found := make(map[string]code)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || !codeName.MatchString(spec.Names[0].Name) {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				value, _ := strconv.Unquote(lit.Value)
				found[value] = code{value, spec.Comment.Text()}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Issue 8, 2: errors are codes with fields; words, in French and English, belong to CLI, API
// and web.
func TestEveryCodeHasWordsInBothLanguages(t *testing.T) {
	all := codes(t)
	if len(all) < 50 {
		t.Fatalf("only %d codes are found in the source", len(all))
	}
	for value, c := range all {
		words, ok := catalogue[value]
		if !ok || words.fr == "" || words.en == "" {
			t.Errorf("the code %s has no words in French and English", value)
			continue
		}
		fr, en := placeholders(words.fr), placeholders(words.en)
		if !slices.Equal(fr, en) {
			t.Errorf("%s: the French words show %v, the English ones %v", value, fr, en)
		}
		for _, p := range en {
			if !regexp.MustCompile(`\b` + p + `\b`).MatchString(c.comment) {
				t.Errorf("%s: {%s} is none of its fields: %s", value, p, c.comment)
			}
		}
	}
	for value := range catalogue {
		if _, ok := all[value]; !ok {
			t.Errorf("there are words for %s, which nobody gives", value)
		}
	}
}

func placeholders(s string) (names []string) {
	for _, p := range placeholder.FindAllString(s, -1) {
		names = append(names, strings.Trim(p, "{}"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// No words name a command: they are the same on the web.
func TestWordsNameNoCommand(t *testing.T) {
	for value, words := range catalogue {
		if strings.Contains(words.fr+words.en, "badgehub") || strings.Contains(words.fr+words.en, "`") {
			t.Errorf("%s names a command", value)
		}
	}
}

// Issue 8, 3: ambiguity lists every candidate with kind, name, state, since when. The words
// are the same on both sides of the API.
func TestCandidatesAreListed(t *testing.T) {
	since := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	e := &refusal.Error{Kind: refusal.Conflict, Code: people.CodeAmbiguous, Fields: refusal.Fields{
		"ref": "Ada Byron", "more": false, "candidates": []people.Candidate{
			{ID: "41c0ffee", Kind: people.Person, Name: "Ada Byron", State: people.Active, Since: since},
			{ID: "5c2f8b60", Kind: people.Anonymous, Name: "active", State: people.Suspended, Since: since},
		},
	}}
	wantText(t, "en", e, `It is not certain which account Ada Byron is. Say which one by its id:
  41c0ffee  Ada Byron (person, active, since 2026-05-04 03:02 UTC)
  5c2f8b60  active (anonymous, suspended, since 2026-05-04 03:02 UTC)`)
	wantText(t, "fr", e, "«\u00a0Ada Byron\u00a0» ne désigne pas un compte avec certitude. Dites lequel par son identifiant\u00a0:"+`
  41c0ffee  Ada Byron (personne, actif, depuis 2026-05-04 03:02 UTC)
  5c2f8b60  active (anonyme, suspendu, depuis 2026-05-04 03:02 UTC)`)
}

func wantText(t *testing.T, lang string, e *refusal.Error, want string) {
	t.Helper()
	b, err := json.Marshal(e.Fields)
	if err != nil {
		t.Fatal(err)
	}
	behind := &refusal.Error{Kind: e.Kind, Code: e.Code}
	if err := json.Unmarshal(b, &behind.Fields); err != nil {
		t.Fatal(err)
	}
	if got := Text(lang, e); got != want {
		t.Errorf("at the hub:\n%s\nwant\n%s", got, want)
	}
	if got := Text(lang, behind); got != want {
		t.Errorf("behind the API:\n%s\nwant\n%s", got, want)
	}
}

func TestNumbersListsAndStatesAreShown(t *testing.T) {
	wantText(t, "en", &refusal.Error{Code: people.CodeNameLong, Fields: refusal.Fields{"most": 200}}, "This name is longer than 200 bytes.")
	wantText(t, "fr", &refusal.Error{Code: people.CodeStateArrow, Fields: refusal.Fields{
		"account": "41c0ffee", "from": people.Active, "to": people.Created,
	}}, "Le compte 41c0ffee est actif et ne peut pas devenir créé.")
	wantText(t, "en", &refusal.Error{Code: "door_policy", Fields: refusal.Fields{"policy": "x", "choices": []string{"deny", "staff"}}},
		"A door follows deny, staff, not x.")
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	if got := Text("fr", errors.New("disk full")); got != "disk full" {
		t.Error(got)
	}
	if got := Text("en", &refusal.Error{Code: "new_code"}); got != "new_code" {
		t.Error(got)
	}
}
