//go:build postgres

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"badged/internal/rig/pgserver"
	"badged/sync/hub/api"
	"badged/sync/hub/store/postgres"
)

// startServer starts a PostgreSQL for a test and gives what makes an empty database there.
func startServer(t *testing.T) (newDatabase func() string) {
	t.Helper()
	server, err := pgserver.Start(context.Background(), pgserver.NoSync)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return func() string {
		url, err := server.NewDatabase(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return url
	}
}

// What the hub does on SQLite it does on PostgreSQL too.
func TestOnPostgreSQL(t *testing.T) {
	newDatabase := startServer(t)
	for name, test := range map[string]func(*testing.T){
		"an operator manages the hub":            TestAnOperatorManagesTheHub,
		"a terminal talks to its hub":            TestATerminalTalksToItsHub,
		"a removed terminal is locked out":       TestARemovedTerminalIsLockedOut,
		"kill -9 loses nothing acknowledged":     TestKillNineLosesNothingAcknowledged,
		"every setting of the site takes effect": TestEverySettingOfTheSiteTakesEffect,
	} {
		t.Run(name, func(t *testing.T) {
			url := newDatabase()
			t.Setenv(databaseEnv, url)
			test(t)
			wantSite(t, url)
		})
	}
}

// wantSite holds a test to it that its hub was on this database: it has a site, or the hub
// has it still.
func wantSite(t *testing.T, url string) {
	t.Helper()
	st, err := postgres.Open(t.Context(), url)
	if errors.Is(err, postgres.ErrInUse) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if site, err := st.SiteID(t.Context(), ""); err != nil || site == "" {
		t.Errorf("there is no site in the database: %v", err)
	}
}

// A key that is lost, and a database that is lost or of another site, are asked for.
func TestASiteOnPostgreSQLIsWholeOrRefused(t *testing.T) {
	newDatabase := startServer(t)
	dir, url := t.TempDir(), newDatabase()
	t.Setenv(databaseEnv, url)
	serveIn(t, dir).stop(syscall.SIGTERM)
	if _, err := os.Lstat(filepath.Join(dir, "hub.db")); err == nil {
		t.Error("there is a hub.db too")
	}
	serve := []string{"serve", "--dir", dir, "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0", "--db"}
	refuses(t, "there is no site in", append(serve, newDatabase())...)
	another := newDatabase()
	t.Setenv(databaseEnv, another)
	serveIn(t, t.TempDir()).stop(syscall.SIGTERM)
	refuses(t, "another site", append(serve, another)...)
	for _, name := range []string{"ca.key", "ca.crt", "hub.key", "site.key"} {
		path := filepath.Join(dir, name)
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		refuses(t, name, append(serve, url)...)
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(databaseEnv, url)
	p := serveIn(t, dir)
	refuses(t, "stop that hub first", "serve", "--dir", t.TempDir(), "--db", url)
	refuses(t, "pg_restore", "restore", "x", "--dir", dir, "--db", url)
	if _, err := p.run("backup", filepath.Join(t.TempDir(), "x.db")); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("backup: %v", err)
	}
}

// A site moves to PostgreSQL and back: every list is the same, the terminal goes on.
func TestASiteMovesToPostgreSQLAndBack(t *testing.T) {
	newDatabase := startServer(t)
	dir, url := t.TempDir(), newDatabase()
	p := serveIn(t, dir)
	front := p.join("front")
	connectAndSend(t, front)
	for _, args := range [][]string{
		{"account", "add", "Ada Byron", "--email", "ada@example.com", "--active"}, {"account", "add", "Zoë 田中", "--active"},
		{"door", "add", "front"}, {"grant", "add", "ada@example.com", "front"}, {"claim", "add", "ada@example.com"}, {"group", "add", "Staff"},
		{"schedule", "set", "office", "mon-fri/08:00-18:30"}, {"holiday", "add", "2030-12-25", "Noël"}, {"site", "set", "code_digits=6"},
	} {
		if out, err := p.run(args...); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	back := filepath.Join(t.TempDir(), "back.db")
	for _, to := range []string{url, back} {
		before, audit := everyList(t, p), auditOf(t, p)
		refuses(t, "stop", append(copyArgs(dir, to), "--dir", t.TempDir())...) // by the database, wherever the hub is
		p.stop(syscall.SIGTERM)
		if out, err := runHub(t, copyArgs(dir, to)...); err != nil {
			t.Fatalf("copy: %v\n%s", err, out)
		}
		t.Setenv(databaseEnv, to)
		p = serveIn(t, dir, p.MQTT, p.Web)
		if after := everyList(t, p); after != before {
			t.Errorf("before:\n%s\non %s:\n%s", before, to, after)
		}
		if after := auditOf(t, p); !strings.HasSuffix(after, audit) { // the start has added a line: its set-up link
			t.Errorf("audit before:\n%s\non %s:\n%s", audit, to, after)
		}
		connectAndSend(t, front)
	}
}

func copyArgs(dir, to string) []string {
	from := os.Getenv(databaseEnv)
	if from == "" {
		from = filepath.Join(dir, "hub.db")
	}
	return []string{"db", "copy", "--dir", dir, "--from", from, "--to", to}
}

// auditOf is the audit of the hub, newest first, which is verified.
func auditOf(t *testing.T, p *process) string {
	t.Helper()
	if out, err := p.run("audit", "verify"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := p.run("audit", "list", "--limit", "0", "--json")
	if err != nil || strings.Count(out, "\n") < 10 {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

// everyList is what all lists of the hub say, but its audit.
func everyList(t *testing.T, p *process) string {
	t.Helper()
	var all strings.Builder
	for _, args := range []string{
		"account list", "account show ada@example.com", "group list", "card list", "claim list", "door list", "grant list", "schedule list",
		"holiday list", "event list --limit 0", "site show",
	} {
		out, err := p.run(append(strings.Fields(args), "--json")...)
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		all.WriteString(args + "\n" + out)
	}
	if n := strings.Count(all.String(), "\n"); n < 30 {
		t.Fatalf("only %d lines:\n%s", n, &all)
	}
	return all.String()
}

// A hub that stood still while another one took over ends, and says why.
func TestAHubThatWasReplacedEndsOnPostgreSQL(t *testing.T) {
	newDatabase := startServer(t)
	dir, other := t.TempDir(), t.TempDir()
	t.Setenv(databaseEnv, newDatabase())
	former := serveIn(t, dir)
	for _, name := range []string{"ca.key", "ca.crt", "hub.key", "site.key"} {
		key, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(other, name), key, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := former.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	next := serveIn(t, other)
	if next.Site != former.Site {
		t.Errorf("site %s, not %s", next.Site, former.Site)
	}
	late := time.AfterFunc(patience, func() { _ = former.cmd.Process.Kill() })
	defer late.Stop()
	if code := former.stop(syscall.SIGCONT); code != 1 || !strings.Contains(former.log.String(), "another hub has taken over this site (stop this hub") {
		t.Errorf("the former hub ends with %d\n%s", code, former.log)
	}
	get[api.Account](next, "account", "add", "Ada Byron", "--active")
}

// A password in the environment reaches neither the command line nor the log.
func TestAPasswordOfPostgreSQLIsNotShown(t *testing.T) {
	const password = "correct-horse"
	t.Setenv(databaseEnv, startServer(t)()+"&password="+password)
	p := serveIn(t, t.TempDir())
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid))
	if err != nil || bytes.Contains(line, []byte(password)) {
		t.Errorf("the command line is %q, %v", line, err)
	}
	get[api.Account](p, "account", "add", "Ada Byron", "--active")
	p.stop(syscall.SIGTERM)
	if strings.Contains(p.log.String(), password) {
		t.Error("the password is in the log")
	}
}
