package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"badged/sync/hub/api"
)

// PEOPLE §4.6: serve prints a set-up link as long as nobody can administer the site, and
// `badgehub admin link` is the way back in.
func TestTheFirstAdministratorGetsALink(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hub")
	p := serveIn(t, dir)
	if !strings.HasPrefix(p.SetUp, "https://"+p.Web+"/lien/") {
		t.Errorf("serve tells the link %.20q…", p.SetUp)
	}
	first := get[api.AdminLink](p, "admin", "link")
	if first.Link == p.SetUp || first.Account != "" {
		t.Errorf("another link for nobody yet: account %q", first.Account)
	}
	link := get[api.AdminLink](p, "admin", "link", "ada@example.com")
	if a := rows[api.Account](p, "account", "list"); len(a) != 1 || a[0].ID != link.Account || a[0].Role != "admin" || a[0].State != "created" {
		t.Errorf("the accounts are %+v", a)
	}
	if out, err := p.run("admin", "link", "ada@example.com"); err != nil || !strings.Contains(out, "https://"+p.Web+"/lien/") {
		t.Errorf("for a person: %v", err)
	}
	if out, err := p.run("account", "add", "Eve Roy", "--email", "eve@example.com", "--active"); err != nil {
		t.Fatal(err, out)
	}
	if _, err := p.run("admin", "link", "eve@example.com"); err == nil || !strings.Contains(err.Error(), "not an administrator") {
		t.Errorf("for a member: %v", err)
	}
	if out, err := p.run("account", "link", "eve@example.com", "--reset"); err != nil || !strings.Contains(out, "No mail goes out: hand this over.") {
		t.Errorf("the link for a member: %v", err)
	}
	if _, err := p.run("account", "link", "eve@example.com"); err == nil || !strings.Contains(err.Error(), "active already") {
		t.Errorf("an activation of an active account: %v", err)
	}
	if lines := rows[api.AuditEntry](p, "audit", "list", "--action", "link.issue"); len(lines) != 5 || strings.Contains(lines[0].Object, "lien") {
		t.Errorf("the audit log has %d lines of links", len(lines))
	}
	p.stop(syscall.SIGTERM)
	if strings.Contains(p.log.String(), "/lien/") {
		t.Error("the log has a link")
	}
}
