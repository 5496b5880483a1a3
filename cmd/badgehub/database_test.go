package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"badged/internal/cli"
	"badged/sync/hub/api"
	"badged/sync/hub/store/sqlite"
)

// A password on a command line is refused, and no error repeats one.
func TestAPasswordStandsOnNoCommandLineAndInNoError(t *testing.T) {
	const password = "corre/ct-h%zzorse"
	dir := t.TempDir()
	urls := []string{
		"postgres://hub:" + password + "@db.example.com/badged", "postgres://hub@db.example.com/badged?PASSWORD=" + password,
		"mysql://hub:" + password + "@db.example.com/badged", "host=db.example.com password=" + password,
		"postgresql://hub:corre@127.0.0.1:1/badged?connect_timeout=1",
	}
	for _, url := range urls {
		for _, args := range [][]string{{"serve", "--db", url}, {"restore", "x", "--db", url}, {"db", "copy", "--from", url}, {"db", "copy", "--to", url}} {
			_, err := runHub(t, append(args, "--dir", dir)...)
			if err == nil || strings.Contains(err.Error(), "corre") || !strings.Contains(err.Error(), databaseEnv) || command.Exit(err, io.Discard) != cli.ExitUsage {
				t.Errorf("badgehub %s: %v", strings.Join(args, " "), err)
			}
		}
		env := func(name string) string { return map[string]string{databaseEnv: url}[name] }
		var said strings.Builder
		err := Run(t.Context(), []string{"serve", "--dir", dir, "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0"}, env, cli.Stdio{Out: &said, Err: &said})
		if err == nil || strings.Contains(err.Error()+said.String(), "corre") {
			t.Errorf("with %s in the environment: %v\n%s", url, err, &said)
		}
	}
}

func TestWhatNamesADatabase(t *testing.T) {
	for text, want := range map[string]database{
		"/srv/hub.db": {path: "/srv/hub.db"}, "hub.db": {path: "hub.db"}, "a:b@c.db": {path: "a:b@c.db"},
		"postgres://h:5432/x?user=me@corp": {url: "postgres://h:5432/x?user=me@corp"}, "postgresql:///x": {url: "postgresql:///x"},
	} {
		if got, err := databaseOfFlag("db", text); got != want || err != nil {
			t.Errorf("--db %s: %+v, %v", text, got, err)
		}
	}
	p := &program{dir: "/d", env: func(name string) string { return map[string]string{databaseEnv: "/e.db"}[name] }}
	if d, err := p.ownDatabase(); d.path != "/e.db" || err != nil {
		t.Errorf("from the environment: %+v, %v", d, err)
	}
	p.db = "/f.db"
	if d, err := p.ownDatabase(); d.path != "/f.db" || err != nil {
		t.Errorf("--db beside the environment: %+v, %v", d, err)
	}
}

// The keys in a folder belong to one database: another one is refused, and none is begun.
func TestKeysGoWithTheirDatabaseOnly(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	serveIn(t, dir).stop(syscall.SIGTERM)
	serveIn(t, other).stop(syscall.SIGTERM)
	empty := filepath.Join(t.TempDir(), "empty.db")
	st, err := sqlite.Open(t.Context(), empty)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		filepath.Join(other, "hub.db"): "another site", empty: "there is no site in", filepath.Join(t.TempDir(), "none.db"): "missing",
	} {
		_, err := runHub(t, "serve", "--dir", dir, "--db", path, "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0")
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--db") {
			t.Errorf("with %s: %v", path, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "hub.db")); err != nil {
		t.Error(err)
	}
	serveIn(t, dir).stop(syscall.SIGTERM)
}

// A copy is the same site; a hub that runs, a target with a site, and a source without one
// are refused.
func TestTheSiteIsCopiedIntoAnotherDatabase(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir)
	get[api.Account](p, "account", "add", "Ada Byron", "--active")
	from, to := filepath.Join(dir, "hub.db"), filepath.Join(t.TempDir(), "copy.db")
	copying := []string{"db", "copy", "--dir", dir, "--to", to}
	refuses(t, "stop it first", copying...)
	refuses(t, "stop it", "db", "copy", "--dir", t.TempDir(), "--from", from, "--to", to) // by the lock of the file
	p.stop(syscall.SIGTERM)
	var out, progress strings.Builder
	err := Run(t.Context(), copying, func(string) string { return "" }, cli.Stdio{Out: &out, Err: &progress})
	if err != nil || !strings.Contains(out.String(), "The site is copied") || !strings.Contains(out.String(), from) {
		t.Fatalf("%v\n%s", err, &out)
	}
	if !strings.Contains(progress.String(), "copied account: 1\n") {
		t.Errorf("it tells\n%s", &progress)
	}
	refuses(t, "--to", copying...)
	refuses(t, "same database", "db", "copy", "--dir", dir, "--to", from)
	refuses(t, "--from or --to", "db", "copy", "--dir", dir)
	none := filepath.Join(t.TempDir(), "none.db")
	refuses(t, none, "db", "copy", "--from", none, "--to", to, "--dir", dir)
	if _, err := os.Lstat(none); err == nil {
		t.Error("the source was made")
	}
	t.Setenv(databaseEnv, to)
	again := serveIn(t, dir)
	if l := rows[api.Account](again, "account", "list"); len(l) != 1 || again.Site != p.Site {
		t.Errorf("on the copy: %+v, site %s, not %s", l, again.Site, p.Site)
	}
}

func refuses(t *testing.T, says string, args ...string) {
	t.Helper()
	if _, err := runHub(t, args...); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("badgehub %s: %v; want %q", strings.Join(args, " "), err, says)
	}
}
