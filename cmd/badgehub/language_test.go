package main

import (
	"bytes"
	"errors"
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

	"badged/internal/cli"
)

// The tests in this file hold issue 8, 2: words, in French and English, belong to the command
// line as well. Each English text has its French one, and no French text is left in English.

// speaks runs a command without a hub, as somebody whose shell speaks a language.
func speaks(t *testing.T, lang string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"LANG": lang, "HOME": t.TempDir()}[name] }
	if err := Run(t.Context(), args, env, cli.Stdio{Out: &out, Err: &out}); err != nil {
		out.WriteString(err.Error())
	}
	return out.String()
}

// commands are the command lines of all commands, those of cobra too, from their own help.
func commands(t *testing.T, path ...string) (all [][]string) {
	t.Helper()
	all = append(all, path)
	_, below, _ := strings.Cut(speaks(t, "fr_FR.UTF-8", append(path, "--help")...), french["Available Commands:"]+"\n")
	below, _, _ = strings.Cut(below, "\n\n")
	for line := range strings.Lines(below) {
		if name := strings.Fields(line); len(name) > 0 && len(path) < 3 {
			all = append(all, commands(t, append(slices.Clone(path), name[0])...)...)
		}
	}
	return all
}

// TestTheHelpOfEveryCommandIsInFrench: as people read it.
func TestTheHelpOfEveryCommandIsInFrench(t *testing.T) {
	all := commands(t)
	if len(all) < 80 {
		t.Fatalf("only %d commands are found: %v", len(all), all)
	}
	for _, path := range all {
		help := speaks(t, "fr_FR.UTF-8", append(path, "--help")...)
		examples := regexp.MustCompile(`(?s)` + french["Examples:"] + `.*?\n\n`).FindString(help)
		for line := range strings.Lines(strings.Replace(help, examples, "", 1)) {
			if words := englishIn(commandName.ReplaceAllString(line, "")); len(words) > 0 {
				t.Errorf("badgehub %s --help has %q: %s", strings.Join(path, " "), words, line)
			}
		}
	}
	if help := speaks(t, "C", "door", "--help"); !strings.Contains(help, "Available Commands:") || !strings.Contains(help, "List doors") {
		t.Errorf("elsewhere the help is no longer in English:\n%s", help)
	}
}

// TestRefusalsOfTheCommandLineAreInFrench: those that come before any hub is asked.
func TestRefusalsOfTheCommandLineAreInFrench(t *testing.T) {
	for want, args := range map[string][]string{
		"badgehub door n’a pas de commande \"lits\" (pensiez-vous à list ? voir `badgehub door --help`)": {"door", "lits"},
		"`badgehub door add DOOR` prend 1 argument, pas 0 (voir `badgehub door add --help`)":             {"door", "add"},
		"option inconnue : --fronte (voir `badgehub door list --help`)":                                  {"door", "list", "--fronte"},
		"--limit -1 est moins que rien": {"door", "list", "--limit", "-1"},
		"le serveur ne tourne pas":      {"door", "list"},
		"il n’y a pas de base":          {"db", "copy", "--from", filepath.Join(t.TempDir(), "none.db"), "--to", "x"},
	} {
		got := strings.ReplaceAll(speaks(t, "fr_FR.UTF-8", args...), "\u00a0", " ")
		if !strings.Contains(got, want) {
			t.Errorf("%v: %s\nwant %s", args, got, want)
		}
	}
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"LANG": "fr", "HOME": t.TempDir()}[name] }
	err := Run(t.Context(), []string{"door", "list"}, env, cli.Stdio{Out: &out, Err: &out})
	if exitCode(err) != cli.ExitTemporary {
		t.Errorf("in French it ends with %d: %v", exitCode(err), err)
	}
	if err := Run(t.Context(), []string{"door", "add"}, env, cli.Stdio{Out: &out, Err: &out}); !cli.IsUsage(err) {
		t.Errorf("in French it is no error of usage: %v", err)
	}
}

// spoken finds the texts that the source says by the functions that translate.
func spoken(t *testing.T) map[string]bool {
	t.Helper()
	texts := map[string]bool{}
	for _, dir := range []string{".", "../../internal/cli"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "french") || strings.HasSuffix(name, "manual.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				collectTexts(t, name, n, texts)
				return true
			})
		}
	}
	return texts
}

// These functions translate the texts among their arguments; those print them as they are.
var (
	translates = []string{"printText", "tr", "p.tr", "done", "cli.Usagef", "cli.Errorf", "Usagef", "Errorf"}
	asTheyAre  = []string{"fmt.Fprintf", "fmt.Fprintln", "fmt.Fprint", "fmt.Errorf", "errors.New"}
	sentence   = regexp.MustCompile(`[a-z]{3,} [a-z]{2,}`)
)

// collectTexts adds the texts of a call, and refuses one that no French reader understands.
func collectTexts(t *testing.T, name string, n ast.Node, texts map[string]bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		fn := nameOf(n.Fun)
		for _, arg := range n.Args {
			text, ok := literal(arg)
			switch {
			case !ok:
			case slices.Contains(translates, fn):
				texts[text] = true
			case slices.Contains(asTheyAre, fn) && sentence.MatchString(text) && !strings.HasPrefix(name, ".."): // cli is of other programs too
				t.Errorf("%s: %q is said in English only: use printText, p.tr or cli.Errorf", name, text)
			}
		}
	case *ast.CompositeLit:
		if base := nameOf(n.Type); (base == "Phrase" || base == "cli.Phrase") && len(n.Elts) > 0 {
			first := n.Elts[0]
			if kv, ok := first.(*ast.KeyValueExpr); ok {
				first = kv.Value
			}
			if text, ok := literal(first); ok {
				texts[text] = true
			}
		}
	}
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	}
	return ""
}

// literal is the value of a text in the source, also of one in several parts.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok1 := literal(e.X)
		right, ok2 := literal(e.Y)
		return left + right, ok1 && ok2
	}
	return "", false
}

// TestEveryTextHasItsFrenchOne: each that the source says, with the same fields in the same
// order.
func TestEveryTextHasItsFrenchOne(t *testing.T) {
	texts := spoken(t)
	if len(texts) < 120 {
		t.Fatalf("only %d texts are found in the source", len(texts))
	}
	for text := range texts {
		if french[text] == "" {
			t.Errorf("%q is not in French", text)
		}
	}
	fields := regexp.MustCompile(`%[-.0-9]*[a-z]`)
	for en, fr := range french {
		if !slices.Equal(fields.FindAllString(en, -1), fields.FindAllString(fr, -1)) {
			t.Errorf("%q has other fields than %q", fr, en)
		}
	}
}

// TestNoTextIsInTheCatalogueInVain: what the source no longer says is taken out.
func TestNoTextIsInTheCatalogueInVain(t *testing.T) {
	source := ""
	for _, dir := range []string{".", "../../internal/cli", "../../sync/hub/api"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "french") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source += string(b)
		}
	}
	joined := regexp.MustCompile(`" \+\s*"`).ReplaceAllString(source, "")
	said := spoken(t)
	for en := range maps.Keys(allOf(frenchHelp, frenchSays)) {
		quoted := strconv.Quote(en)
		if !said[en] && !strings.Contains(joined, quoted[1:len(quoted)-1]) && !strings.Contains(en, "BADGEHUB_DB") && !strings.Contains(source, en) &&
			!slices.Contains(flagTexts, en) {
			t.Errorf("no command says %q", en)
		}
	}
}

// flagTexts are put together by the library of the flags.
var flagTexts = []string{"unknown flag: %s", "unknown shorthand flag: %s", "flag needs an argument: %s"}

// TestNoFrenchTextContainsEnglish: beyond what is typed as it stands.
func TestNoFrenchTextContainsEnglish(t *testing.T) {
	all := maps.Clone(french)
	for name, a := range advice {
		all[name] = a.fr
	}
	maps.Copy(all, headings)
	for en, fr := range all {
		if words := englishIn(fr); len(words) > 0 {
			t.Errorf("the French of %q has %q: %s", en, words, fr)
		}
	}
	if len(englishIn("the door of who is there")) < 4 {
		t.Error("English is not noticed")
	}
}

var (
	commandName = regexp.MustCompile(`^  [a-z-]+  `)
	typedAsIs   = regexp.MustCompile("`[^`]*`|'[^']*'|--[a-z-]+|badgehub [a-z-]+ [a-z-]+|\\S+[./]\\S+")
	english     = strings.Fields("the of and with is are this that these those what which who whose when where from by only not for to be been was were has have " +
		"it its their they one any nobody somebody at in until since without than also into such there here other list show make remove")
)

// englishIn finds the words that only English has.
func englishIn(text string) (found []string) {
	for _, word := range regexp.MustCompile(`[\p{L}’-]+`).FindAllString(typedAsIs.ReplaceAllString(text, " "), -1) {
		if slices.Contains(english, word) {
			found = append(found, word)
		}
	}
	return found
}

// An error keeps what it wraps when it is said in another language.
func TestAnErrorInFrenchIsStillThatError(t *testing.T) {
	cause := errors.New("cause")
	p := &program{env: func(string) string { return "fr" }}
	err := p.inWords(cli.Errorf("read %s: %w", "x", cause))
	if !errors.Is(err, cause) || err.Error() != "lire x\u00a0: cause" {
		t.Errorf("%v", err)
	}
}
