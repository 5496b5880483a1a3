package main

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"badged/sync/hub/api"
)

// letterbox is a mail server that keeps what it takes.
type letterbox struct{ mails chan string }

func (b *letterbox) NewSession(*smtp.Conn) (smtp.Session, error) { return b, nil }
func (b *letterbox) Reset()                                      {}
func (b *letterbox) Logout() error                               { return nil }
func (b *letterbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (b *letterbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (b *letterbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	b.mails <- string(text)
	return err
}

// untilMail waits for a mail to be in a state.
func (p *process) untilMail(id, state string) (m api.Mail) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if m = get[api.Mail](p, "mail", "show", id); m.State == state && m.Answer != "" {
			return m
		}
		if time.Now().After(end) {
			p.t.Fatalf("the mail is %+v", m)
		}
	}
}

// Issue 9, 3: from the command line to a mail server, across a kill -9: a mail that waits says
// why, is there after the kill, opens with the hub's own key, and goes out when the server is
// back.
func TestAMailGoesOutAfterAKill(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir)
	if _, err := p.run("mail", "test", "ada@example.com"); err == nil || !strings.Contains(err.Error(), "mail_out") {
		t.Errorf("without a server: %v", err)
	}
	get[api.Site](p, "site", "set", "mail_out=smtp", "mail_server=127.0.0.1", "mail_port=1", "mail_security=none", "mail_from=hub@hub.example.com")
	id := get[api.Mail](p, "mail", "test", "ada@example.com", "--lang", "en").ID[:8]
	if m := p.untilMail(id, "queued"); !strings.Contains(m.Answer, "connection refused") {
		t.Errorf("nobody listens: %+v", m)
	}
	p.stop(syscall.SIGKILL)
	p = serveIn(t, dir)
	box := &letterbox{make(chan string, 9)}
	server := smtp.NewServer(box)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	get[api.Site](p, "site", "set", "mail_port="+port)
	get[api.Mail](p, "mail", "retry", id)
	if m := p.untilMail(id, "sent"); !strings.HasPrefix(m.Answer, "2.0.0 OK") {
		t.Errorf("%+v", m)
	}
	if text := <-box.mails; !strings.Contains(text, "This mail is a test.") {
		t.Errorf("%s", text)
	}
	out, err := p.run("mail", "list")
	if err != nil || !strings.Contains(out, id) || !strings.Contains(out, "sent") || !strings.Contains(out, "ada@example.com") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = p.run("mail", "show", id)
	if err != nil || !strings.Contains(out, "answer") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
	if _, err := p.run("mail", "retry", id); err == nil || !strings.Contains(err.Error(), "sent") {
		t.Errorf("a sent mail again: %v", err)
	}
}
