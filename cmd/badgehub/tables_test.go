package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

// Who reads events looks down a column: `event list` wrote the words of each line side by
// side, so that "front front" was a terminal and a door, or a terminal and a reader.
func TestEventsStandInColumns(t *testing.T) {
	var out bytes.Buffer
	p := &program{env: func(string) string { return "" }, stdio: cli.Stdio{Out: &out}}
	each, end := lines(p, eventHeadings, func(e api.Event) string { return tabbed(inEnglish.eventColumns(e)...) })
	for _, e := range []api.Event{
		{ID: 12, Terminal: "front", Point: "back", Device: "back-badge", Kind: "presentation", Outcome: "faulty", Reason: "bad_read", Why: "digit"},
		{ID: 11, Terminal: "front", Point: "front", Kind: "presentation", Outcome: "refused", Reason: "out_of_hours", AccountName: "Ada Byron", Card: "981d08d5"},
		{ID: 9, Terminal: "front", Kind: "device", Outcome: "none", Reason: "terminal_started"},
	} {
		if err := each(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	want := `ID  AT  OUTCOME  TERMINAL  WHERE            REASON            CARD      WHO
12  -   faulty   front     back back-badge  bad_read (digit)            
11  -   refused  front     front            out_of_hours      981d08d5  Ada Byron
9   -   device   front                      terminal_started            
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// `event follow` prints the same columns, one event at a time.
func TestEventsThatComeStandInTheSameColumns(t *testing.T) {
	var out bytes.Buffer
	p := &program{env: func(string) string { return "" }, stdio: cli.Stdio{Out: &out}}
	for _, e := range []api.Event{
		{ID: 7, Terminal: "hall", Kind: "session", Reason: "signed_out", AccountName: "Ada Byron"},
		{ID: 123, Terminal: "front", Point: "front", Outcome: "granted", Reason: "known_card", Card: "981d08d5", AccountName: "Ada Byron"},
	} {
		if err := p.printEvent(e); err != nil {
			t.Fatal(err)
		}
	}
	rows := strings.Split(out.String(), "\n")
	if len(rows) != 3 || strings.Index(rows[0], "Ada") != strings.Index(rows[1], "Ada") {
		t.Errorf("%q", rows)
	}
}

// A list that has nothing says so: `event list --door frnt` printed nothing at all.
func TestAListOfNothingSaysSo(t *testing.T) {
	p := serveIn(t, t.TempDir())
	for _, args := range [][]string{{"event", "list", "--door", "frnt"}, {"account", "list", "--search", "nobody"}} {
		var out, errs bytes.Buffer
		err := Run(t.Context(), append(args, "--socket", p.Socket), func(string) string { return "" }, cli.Stdio{Out: &out, Err: &errs})
		if err != nil || out.Len() > 0 || errs.String() != "none\n" {
			t.Errorf("%v: %v, %q, %q", args, err, &out, &errs)
		}
	}
}

// The audit log says what changed as before -> after, and nothing as Go writes it: it had
// two columns, as wide as the longest value, and Windows=[map[Days:31 From:480]].
func TestALineOfTheAuditLogSaysWhatChanged(t *testing.T) {
	window := []any{map[string]any{"Days": 31.0}}
	for _, c := range []struct {
		before, after map[string]any
		want          string
	}{
		{nil, nil, ""},
		{nil, map[string]any{"state": "active", "email": nil}, "state=active"},
		{map[string]any{"state": "active", "account": "0e3f"}, map[string]any{"state": "lost", "account": "0e3f"}, "state=active -> lost"},
		{map[string]any{"code_digits": "4"}, nil, "code_digits=4 -> (none)"},
		{map[string]any{"Windows": nil}, map[string]any{"Windows": window}, `Windows=[{"Days":31}]`},
	} {
		if got := inEnglish.changes(c.before, c.after); got != c.want {
			t.Errorf("%v, %v: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}

// inEnglish is a program of somebody whose shell says nothing of a language.
var inEnglish = &program{env: func(string) string { return "" }}

// A grant with one end says that end alone, not "from - to", and that it is over.
func TestAGrantSaysItsEnds(t *testing.T) {
	day := api.Time{Time: time.Date(2000, 1, 31, 0, 0, 0, 0, time.Local)}
	later := api.Time{Time: time.Date(9000, 1, 31, 0, 0, 0, 0, time.Local)}
	for _, c := range []struct {
		from, to api.Time
		want     string
	}{
		{api.Time{}, api.Time{}, "Ada may use lab"},
		{day, api.Time{}, "Ada may use lab, from 2000-01-31 00:00:00"},
		{api.Time{}, later, "Ada may use lab, until 9000-01-31 00:00:00"},
		{day, day, "Ada may use lab, from 2000-01-31 00:00:00, until 2000-01-31 00:00:00 (over)"},
	} {
		if got := inEnglish.grantLine(api.Grant{AccountName: "Ada", Door: "lab", From: c.from, To: c.to}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A backup that cannot be written says why: the hub said that its log tells.
func TestABackupThatCannotBeWrittenSaysWhy(t *testing.T) {
	p := serveIn(t, t.TempDir())
	there := filepath.Join(t.TempDir(), "hub.db")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		there:                                  "give another file name",
		filepath.Dir(there):                    "give another file name",
		filepath.Join(t.TempDir(), "no", "db"): "give a folder that exists",
	} {
		if _, err := p.run("backup", path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "precious" {
		t.Errorf("the file that was there: %q, %v", b, err)
	}
}

// What the programs and the documents advise is a command that works: badgectl status said
// `badgehub site set --quota-day NUMBER`, which takes no such flag.
func TestSettingsAreAdvisedAsTheyAreWritten(t *testing.T) {
	root := filepath.Join("..", "..")
	flag := regexp.MustCompile("badgehub site set +--[a-z]+-[a-z]+")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "dist"):
			return fs.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".go" && ext != ".md" || path == filepath.Join(root, "cmd", "badgehub", "tables_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if found := flag.Find(b); found != nil {
			t.Errorf("%s: %q: settings are written NAME=VALUE", path, found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// An import took a column "Dernier jour" for none and said nothing, so that whoever left kept
// the account. Columns that stand for nothing are told, and each line says whose it is.
func TestAnImportTellsColumnsThatItDoesNotUse(t *testing.T) {
	p := serveIn(t, t.TempDir())
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte("Nom;Prénom;Téléphone;Dernier jour\r\nDupré;Amélie;0612;31/12/2099\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--preview"}, {}} {
		out, err := p.run(append([]string{"account", "import", file}, args...)...)
		if err != nil || !strings.Contains(out, "line 1  unused") || !strings.Contains(out, "Téléphone") || strings.Contains(out, "Dernier") ||
			!strings.Contains(out, "Amélie Dupré") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	if a := get[api.Account](p, "account", "show", "Amélie Dupré"); a.Expires.Year() != 2099 && a.Expires.Year() != 2100 {
		t.Errorf("expires %v", a.Expires)
	}
}

// A refusal says what the thing may be, or where that is written.
func TestWrongWordsAreToldWithWhatIsRight(t *testing.T) {
	p := serveIn(t, t.TempDir())
	get[api.Account](p, "account", "add", "Ada Byron", "--email", "ada@example.com", "--active")
	get[api.Account](p, "account", "add", "Bob Li")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"account", "add", "Eve", "--email", "eve"}, "Example: ada@example.com"},
		{[]string{"account", "link", "Ada Byron"}, "account link ACCOUNT --reset"},
		{[]string{"account", "link", "Bob Li"}, "account edit ACCOUNT --email"},
		{[]string{"admin", "link", "ada@example.com"}, "role set ACCOUNT admin"},
		{[]string{"mail", "test", "ada@example.com"}, "site set mail_out=smtp mail_server="},
		{[]string{"mail", "retry", "99"}, "mail list"},
		{[]string{"site", "set", "mail_from=x"}, "Example: badges@example.com"},
		{[]string{"service", "add", "copy"}, "--fr and --en"},
		{[]string{"notice", "publish", "texts_test.go", "texts_test.go"}, "--short-fr and --short-en"},
		{[]string{"grant", "remove", "99"}, "`list` beside this one"},
		{[]string{"schedule", "set", "office", "mon/08:00-25:00"}, "25:00 is not a time from 00:00 to 24:00 (to)"},
		{[]string{"event", "list", "--since", "yesterday"}, "nor a moment (2030-01-31T08:00:00+01:00) (since)."},
		{[]string{"account", "state", "Ada Byron", "supended"}, "account state --help"},
		{[]string{"account", "list", "--kind", "anon"}, "See `badgehub account list --help`."},
		{[]string{"door", "list", "--order", "size"}, "See `badgehub door list --help`."},
	} {
		if _, err := p.run(c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}

// A flag that wants a number says so in words of its own: it named strconv.ParseInt.
func TestAFlagThatIsNoNumberIsToldInPlainWords(t *testing.T) {
	for _, value := range []string{"x", "99999999999999999999", `a"b`} {
		_, err := runHub(t, "claim", "add", "ada", "--minutes", value)
		if err == nil || !cli.IsUsage(err) || strings.Contains(err.Error(), "strconv") || !strings.Contains(err.Error(), "--minutes") {
			t.Errorf("%s: %v", value, err)
		}
	}
}
