package smtp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/mail/smtp"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
)

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

// post is a hub's store with a sender.
type post struct {
	t       testing.TB
	dir     string
	secrets string
	roots   *x509.CertPool
	timeout time.Duration
	program string // sendmail
	log     *lines
	*store.Store

	mu  sync.Mutex // guards add
	add time.Duration
}

type lines struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func newPost(t testing.TB) *post {
	p := &post{t: t, dir: t.TempDir(), timeout: 2 * time.Minute, log: &lines{}}
	p.secrets = filepath.Join(p.dir, "secrets")
	if err := os.Mkdir(p.secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.Store, err = teststore.Open(t.Context(), p.dir, p.now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	p.UseMailKey(testKey)
	return p
}

var testKey = mail.NewKey([32]byte{7})

func (p *post) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.add)
}

func (p *post) do(fn func(fleet.Tx) error) {
	p.t.Helper()
	if err := p.Write(context.Background(), operator, fn); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) set(change map[string]string) {
	p.t.Helper()
	p.do(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, change)
		return err
	})
}

// through lets mails go out through a server.
func (p *post) through(addr, security string, more ...string) {
	p.t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		p.t.Fatal(err)
	}
	change := map[string]string{"mail_out": "smtp", "mail_server": host, "mail_port": port, "mail_security": security,
		"mail_from": "hub@hub.example.com", "name": `Musée "Orsay" 🎨`}
	for i := 0; i < len(more); i += 2 {
		change[more[i]] = more[i+1]
	}
	p.set(change)
}

// run runs a sender until the test ends, or stop is called.
func (p *post) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	ended := make(chan error, 1)
	s := smtp.New(smtp.Options{
		Store: p.Store, Waiting: func() <-chan struct{} { return p.Changed(store.MailsWait) }, Secrets: p.secrets, Roots: p.roots,
		Timeout: p.timeout, Sendmail: p.program, Log: slog.New(slog.NewTextHandler(p.log, nil)),
	})
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	})
	p.t.Cleanup(stop)
	return stop
}

const link = "https://hub.example.com/lien/topsecret"

func (p *post) queue(to string) mail.ID {
	p.t.Helper()
	return p.queueNew(mail.New{Purpose: mail.Reset, To: to, Lang: "fr", Fields: mail.Fields{
		"name": "Zoé Ünlü 李", "link": link, "until": mail.At(p.now().Add(time.Hour))}})
}

// queueNew gives the id of the mail: several may be queued in one millisecond.
func (p *post) queueNew(n mail.New) (id mail.ID) {
	p.t.Helper()
	p.do(func(tx fleet.Tx) error {
		before, _, err1 := tx.ListMails(mail.Query{Limit: 1000})
		err2 := mail.Queue(tx.Tx.Tx.Tx.Tx, n)
		after, _, err3 := tx.ListMails(mail.Query{Limit: 1000})
		for _, m := range after {
			if !slices.ContainsFunc(before, func(b mail.Mail) bool { return b.ID == m.ID }) {
				id = m.ID
			}
		}
		return errors.Join(err1, err2, err3)
	})
	return id
}

func (p *post) mail(id mail.ID) (m mail.Mail) {
	p.t.Helper()
	p.do(func(tx fleet.Tx) (err error) {
		m, err = tx.Mail(id)
		return err
	})
	return m
}

// until waits for a mail to be as a test wants it.
func (p *post) until(id mail.ID, ok func(mail.Mail) bool) mail.Mail {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		m := p.mail(id)
		if ok(m) {
			return m
		}
		if time.Now().After(end) {
			p.t.Fatalf("the mail is still %+v", m)
		}
	}
}

func isState(s mail.State) func(mail.Mail) bool {
	return func(m mail.Mail) bool { return m.State == s }
}

// tried is a mail that waits again after a try.
func tried(m mail.Mail) bool { return m.State == mail.Queued && m.Tries > 0 }

// later puts the clock forward and wakes the sender.
func (p *post) later(d time.Duration) {
	p.t.Helper()
	p.mu.Lock()
	p.add += d
	p.mu.Unlock()
	p.do(func(tx fleet.Tx) error { return tx.PutSetting("state.begun", "true") })
}

// parts reads a message.
func parts(t *testing.T, raw string) (h netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for _, into := range []*string{&text, &html} {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("%v", p.Header)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		*into = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	if _, err := r.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Errorf("a third part: %v", err)
	}
	return m.Header, text, html
}

// Issue 9, 3, and S5.06: a mail goes out whole, by STARTTLS or TLS, with or without log-in; what
// it said is wiped then, and the server's answer stays.
func TestAMailGoesOut(t *testing.T) {
	for name, c := range map[string]struct {
		o        options
		security string
		user     string
		auth     string
	}{
		"STARTTLS":             {options{}, "starttls", "", ""},
		"STARTTLS with PLAIN":  {options{auth: []string{"PLAIN"}}, "starttls", "hub", "PLAIN hub correct horse"},
		"TLS with PLAIN first": {options{tls: true, auth: []string{"LOGIN", "PLAIN"}}, "tls", "hub", "PLAIN hub correct horse"},
		"TLS with LOGIN":       {options{tls: true, auth: []string{"LOGIN"}}, "tls", "hub", "LOGIN hub correct horse"},
		"on this machine":      {options{plain: true}, "none", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newSink(t, c.o), newPost(t)
			p.roots = s.roots
			if err := os.WriteFile(filepath.Join(p.secrets, "smtp"), []byte("correct horse\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			p.through(s.addr, c.security, "mail_user", c.user, "mail_password_file", "smtp")
			p.run()
			m := p.until(p.queue("zoe@example.com"), isState(mail.Sent))
			if m.Sealed != nil || !strings.HasPrefix(m.Answer, "2.0.0 OK") || m.Tries != 1 {
				t.Errorf("%+v", m)
			}
			got := s.got()
			if len(got) != 1 || len(s.to) != 1 || s.to[0] != "zoe@example.com" || strings.Join(s.auths, ";") != c.auth {
				t.Fatalf("%d mails to %v by %v", len(got), s.to, s.auths)
			}
			h, text, html := parts(t, got[0])
			var words mime.WordDecoder
			subject, err := words.DecodeHeader(h.Get("Subject"))
			if err != nil || subject != "Musée \"Orsay\" 🎨\u00a0: choisissez un nouveau mot de passe" {
				t.Errorf("subject %q, %v", subject, err)
			}
			from, err := h.AddressList("From")
			if err != nil || len(from) != 1 || from[0].Name != `Musée "Orsay" 🎨` || from[0].Address != "hub@hub.example.com" {
				t.Errorf("from %v, %v", from, err)
			}
			to, err := h.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Address != "zoe@example.com" {
				t.Errorf("to %v, %v", to, err)
			}
			if h.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(h.Get("Message-ID"), "@hub.example.com>") || h.Get("X-Mailer")+h.Get("User-Agent") != "" {
				t.Errorf("%v", h)
			}
			if !strings.Contains(text, "Bonjour Zoé Ünlü 李,\n") || !strings.Contains(text, link) || !strings.Contains(html, `href="`+link+`"`) {
				t.Errorf("%s\n%s", text, html)
			}
			if said := p.log.b.String(); strings.Contains(said, "topsecret") || strings.Contains(said, "zoe@") || strings.Contains(said, "horse") {
				t.Errorf("the log says %s", said)
			}
		})
	}
}

// A name that another program put into the database turns no header: it stands there as one
// line of what can be seen.
func TestTheSitesNameIsCleanInAHeader(t *testing.T) {
	s, p := newSink(t, options{}), newPost(t)
	p.roots = s.roots
	p.through(s.addr, "starttls")
	p.do(func(tx fleet.Tx) error {
		return tx.PutSetting("name", "Clos\r\nBcc: eve@example.com\u202e\t Marc"+strings.Repeat("é", 200))
	})
	p.run()
	p.until(p.queue("zoe@example.com"), isState(mail.Sent))
	h, _, _ := parts(t, s.got()[0])
	from, err := h.AddressList("From")
	want := "Clos Bcc: eve@example.com Marc" + strings.Repeat("é", 49) + "…"
	if err != nil || len(from) != 1 || from[0].Name != want || from[0].Address != "hub@hub.example.com" || h.Get("Bcc") != "" {
		t.Errorf("from %q, %v, bcc %q", from, err, h.Get("Bcc"))
	}
	var words mime.WordDecoder
	if subject, err := words.DecodeHeader(h.Get("Subject")); err != nil || !strings.HasPrefix(subject, want) {
		t.Errorf("subject %q, %v", subject, err)
	}
}

// refuse fails one step with a reply.
func refuse(step string, code int, text string) func(string, string) error {
	return func(s, _ string) error {
		if s != step {
			return nil
		}
		return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.EnhancedCode{code / 100, 1, 1}, Message: text}
	}
}

// Issue 9, 3: 4xx, 5xx, a hang, a failure of TLS, no route: each ends in a state that can be
// seen, with what the server said; nothing is lost, and all goes out once the trouble is over.
func TestTroubleCanBeSeenAndEnds(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, c := range map[string]struct {
		fail   func(string, string) error
		hangs  string // the step at which the server hangs
		state  mail.State
		unsure int
		answer string
	}{
		"greylisted":                {refuse("rcpt", 451, "greylisted"), "", mail.Queued, 0, "451 4.1.1 greylisted"},
		"no such user":              {refuse("rcpt", 550, "no such user"), "", mail.Failed, 0, "550 5.1.1 no such user"},
		"full for now":              {refuse("dot", 452, "full"), "", mail.Queued, 0, "452 4.1.1 full"},
		"spam":                      {refuse("dot", 554, "spam: "+link), "", mail.Failed, 0, "554 5.1.1 spam: [hidden]"},
		"the sender may not":        {refuse("mail", 530, "log in first"), "", mail.Queued, 0, "530 5.1.1 log in first"},
		"closing":                   {refuse("rcpt", 421, "closing"), "", mail.Queued, 0, "421 4.1.1 closing"},
		"a hang at the start":       {hangAt("connect", hang), "connect", mail.Queued, 0, "i/o timeout"},
		"a hang before the text":    {hangAt("rcpt", hang), "rcpt", mail.Queued, 0, "i/o timeout"},
		"a hang after the last dot": {hangAt("dot", hang), "dot", mail.Queued, 1, "i/o timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait := 2 * time.Minute
			if c.hangs != "" {
				wait = 300 * time.Millisecond
			}
			s, p, id, stop := tryOnce(t, wait, c.fail)
			for c.hangs != "" && !s.reached(c.hangs) { // the machine is too busy for that
				stop()
				wait *= 2
				s, p, id, stop = tryOnce(t, wait, c.fail)
			}
			m := p.mail(id)
			if m.State != c.state || m.Unsure != c.unsure || !strings.Contains(m.Answer, c.answer) || m.Sealed == nil || len(s.got()) != 0 {
				t.Errorf("%+v, %d taken", m, len(s.got()))
			}
			stop()
			p.timeout = 2 * time.Minute
			s.failWith(nil)
			p.run()
			if m.State == mail.Failed {
				p.do(func(tx fleet.Tx) error { _, err := mail.Retry(tx.Tx.Tx.Tx.Tx, id); return err })
			} else {
				p.later(2 * time.Minute)
			}
			p.until(id, isState(mail.Sent))
			if len(s.got()) != 1 {
				t.Errorf("%d taken", len(s.got()))
			}
		})
	}
}

// tryOnce lets a mail meet trouble at a server once, within a time.
func tryOnce(t *testing.T, wait time.Duration, trouble func(string, string) error) (s *sink, p *post, id mail.ID, stop func()) {
	t.Helper()
	s, p = newSink(t, options{}), newPost(t)
	p.roots, p.timeout = s.roots, wait
	s.failWith(trouble)
	p.through(s.addr, "starttls")
	id = p.queue("ada@example.com")
	stop = p.run()
	p.until(id, func(m mail.Mail) bool { return m.State == mail.Failed || tried(m) })
	return s, p, id, stop
}

func hangAt(step string, until <-chan struct{}) func(string, string) error {
	return func(s, _ string) error {
		if s == step {
			<-until
		}
		return errors.Join(nil)
	}
}

// The settings are wrong or the server is away: mails wait and say why; no password goes over
// a line that others can read.
func TestAServerThatCannotBeUsed(t *testing.T) {
	const nobody = "127.0.0.1:1" // no system gives this port to a program that asks for any
	_, strangers := certificate(t, "127.0.0.1")
	for name, c := range map[string]struct {
		o      options
		addr   string
		set    []string
		spoil  func(*post)
		answer string
	}{
		"nobody listens":      {options{}, nobody, nil, nil, "connection refused"},
		"no STARTTLS":         {options{plain: true}, "", nil, nil, "does not support STARTTLS"},
		"a strange server":    {options{}, "", nil, func(p *post) { p.roots = strangers }, "certificate signed by unknown authority"},
		"TLS with a stranger": {options{tls: true}, "", []string{"mail_security", "tls"}, func(p *post) { p.roots = strangers }, "certificate signed by unknown authority"},
		"TLS where is none":   {options{plain: true}, "", []string{"mail_security", "tls"}, nil, "first record does not look like a TLS handshake"},
		"a wrong password":    {options{auth: []string{"PLAIN"}}, "", []string{"mail_user", "hub", "mail_password_file", "wrong"}, nil, "535 5.7.8 wrong user or password"},
		"no password file":    {options{auth: []string{"PLAIN"}}, "", []string{"mail_user", "hub", "mail_password_file", "none"}, nil, "there is no file"},
		"an open file":        {options{auth: []string{"PLAIN"}}, "", []string{"mail_user", "hub", "mail_password_file", "open"}, nil, "chmod"},
		"no log-in offered":   {options{}, "", []string{"mail_user", "hub", "mail_password_file", "wrong"}, nil, "offers no log-in"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newSink(t, c.o), newPost(t)
			p.roots = s.roots
			err := errors.Join(os.WriteFile(filepath.Join(p.secrets, "wrong"), []byte("battery staple"), 0o600),
				os.WriteFile(filepath.Join(p.secrets, "open"), []byte("battery staple"), 0o644), os.Chmod(filepath.Join(p.secrets, "open"), 0o644))
			if err != nil {
				t.Fatal(err)
			}
			if c.spoil != nil {
				c.spoil(p)
			}
			if c.addr == "" {
				c.addr = s.addr
			}
			p.through(c.addr, "starttls", c.set...)
			first, second := p.queue("ada@example.com"), p.queue("eve@example.com")
			p.run()
			for _, id := range []mail.ID{first, second} {
				m := p.until(id, func(m mail.Mail) bool { return m.Answer != "" })
				if m.State != mail.Queued || !strings.Contains(m.Answer, c.answer) || strings.Contains(m.Answer, "staple") {
					t.Errorf("%+v", m)
				}
			}
			if n := p.mail(first).Tries + p.mail(second).Tries; n != 1 || len(s.got()) != 0 {
				t.Errorf("%d tries, %d taken", n, len(s.got()))
			}
		})
	}
}

// A password never goes in the clear over the network.
func TestNoPasswordInTheClear(t *testing.T) {
	s, p := newSink(t, options{plain: true, auth: []string{"PLAIN"}}), newPost(t)
	if err := os.WriteFile(filepath.Join(p.secrets, "smtp"), []byte("correct horse"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(s.addr)
	p.through(net.JoinHostPort("127.0.0.2", port), "none", "mail_user", "hub", "mail_password_file", "smtp")
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", port)) // the same sink under a name that is not this machine's
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.server.Serve(l) }()
	id := p.queue("ada@example.com")
	p.run()
	m := p.until(id, tried)
	if len(s.auths) != 0 || !strings.Contains(m.Answer, "unencrypted") {
		t.Errorf("%v, %s", s.auths, m.Answer)
	}
}

// Addresses outside ASCII: the domain goes as every server knows it, the rest with SMTPUTF8.
func TestAddressesOfTheWorld(t *testing.T) {
	s, p := newSink(t, options{}), newPost(t)
	p.roots = s.roots
	p.through(s.addr, "starttls")
	p.run()
	p.until(p.queue("zoé@exämple.fr"), isState(mail.Sent))
	p.until(p.queue("ada@exämple.fr"), isState(mail.Sent))
	if got := strings.Join(s.to, " "); got != "zoé@xn--exmple-cua.fr ada@xn--exmple-cua.fr" {
		t.Errorf("to %s", got)
	}
	s.server.EnableSMTPUTF8 = false
	m := p.until(p.queue("zoë@example.com"), isState(mail.Failed))
	if !strings.Contains(m.Answer, "SMTPUTF8") {
		t.Errorf("%+v", m)
	}
}

// S5.06: a mail is in its own language or the site's, by the template that is in force.
func TestTheTemplateInForceCounts(t *testing.T) {
	s, p := newSink(t, options{}), newPost(t)
	p.roots = s.roots
	p.through(s.addr, "starttls", "lang", "en")
	p.do(func(tx fleet.Tx) error {
		return mail.SetTemplate(tx.Tx.Tx.Tx.Tx, mail.Template{Purpose: mail.Test, Lang: "fr", Subject: "Essai", Body: "Texte de {{.site}}"})
	})
	p.run()
	for i, c := range []struct{ lang, want string }{{"", "Hello,"}, {"en", "Hello,"}, {"fr", "Texte de Musée"}} {
		p.until(p.queueNew(mail.New{Purpose: mail.Test, To: "ada@example.com", Lang: c.lang}), isState(mail.Sent))
		if _, text, _ := parts(t, s.got()[i]); !strings.HasPrefix(text, c.want) {
			t.Errorf("%q: %s", c.lang, text)
		}
	}
}

// With no mail server mails wait without a try, and go out once there is one.
func TestMailsWaitForAServer(t *testing.T) {
	s, p := newSink(t, options{}), newPost(t)
	p.roots = s.roots
	id := p.queue("ada@example.com")
	lost := p.queueNew(mail.New{Purpose: mail.Test, To: "ada@example.com", Ends: p.now().Add(time.Minute)})
	p.run()
	p.later(2 * time.Minute)
	if m := p.until(lost, isState(mail.GivenUp)); m.Tries != 0 || m.Sealed != nil {
		t.Errorf("%+v", m)
	}
	if m := p.mail(id); m.Tries != 0 || m.State != mail.Queued {
		t.Errorf("%+v", m)
	}
	p.through(s.addr, "starttls")
	p.until(id, isState(mail.Sent))
}

// A mail that was sealed with other keys fails, and says so.
func TestAMailOfOtherKeysFails(t *testing.T) {
	s, p := newSink(t, options{}), newPost(t)
	p.roots = s.roots
	p.through(s.addr, "starttls")
	id := p.queue("ada@example.com")
	p.UseMailKey(mail.RandomKey())
	p.run()
	if m := p.until(id, isState(mail.Failed)); !strings.Contains(m.Answer, "other keys") || len(s.got()) != 0 {
		t.Errorf("%+v", m)
	}
}

// Many mails share a connection, and one that the server closes between two is opened again.
func TestManyMailsShareAConnection(t *testing.T) {
	s, p := newSink(t, options{}), newPost(t)
	p.roots = s.roots
	p.through(s.addr, "starttls")
	var ids []mail.ID
	for range 10 {
		ids = append(ids, p.queue("ada@example.com"))
	}
	p.run()
	for _, id := range ids {
		p.until(id, isState(mail.Sent))
	}
	connects := strings.Count(strings.Join(s.steps, " "), "connect")
	if connects != 2 || len(s.got()) != 10 { // go-smtp begins a session before and after STARTTLS
		t.Errorf("%d sessions for %d mails", connects, len(s.got()))
	}
}

// By sendmail: what its exit code says becomes of the mail, which it gets whole, with its
// sender and one addressee.
func TestSendmail(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		state  mail.State
		unsure int
		answer string
	}{
		"taken":      {"exit 0", mail.Sent, 0, "taken by sendmail"},
		"no user":    {"echo unknown user >&2; exit 67", mail.Failed, 0, "unknown user (exit code 67)"},
		"later":      {"exit 75", mail.Queued, 0, "(exit code 75)"},
		"not set up": {"echo fatal: no main.cf; exit 78", mail.Queued, 0, "fatal: no main.cf (exit code 78)"},
		"killed":     {"kill -9 $$", mail.Queued, 1, "signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			p.program = filepath.Join(p.dir, "sendmail")
			script := "#!/bin/sh\necho \"$@\" > " + p.dir + "/args\ncat > " + p.dir + "/mail\n" + c.script + "\n"
			if err := os.WriteFile(p.program, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			p.set(map[string]string{"mail_out": "sendmail", "mail_from": "hub@hub.example.com"})
			id := p.queue("-oQ/tmp@example.com")
			p.run()
			m := p.until(id, func(m mail.Mail) bool { return m.State == mail.Sent || m.State == mail.Failed || tried(m) })
			if m.State != c.state || m.Unsure != c.unsure || !strings.Contains(m.Answer, c.answer) {
				t.Errorf("%+v", m)
			}
			args, err1 := os.ReadFile(filepath.Join(p.dir, "args"))
			text, err2 := os.ReadFile(filepath.Join(p.dir, "mail"))
			if err := errors.Join(err1, err2); err != nil || string(args) != "-i -f hub@hub.example.com -- -oQ/tmp@example.com\n" {
				t.Errorf("called with %q, %v", args, err)
			}
			if h, _, _ := parts(t, string(text)); h.Get("To") != "<-oQ/tmp@example.com>" {
				t.Errorf("to %q", h.Get("To"))
			}
		})
	}
	p := newPost(t)
	p.program = filepath.Join(p.dir, "none")
	p.set(map[string]string{"mail_out": "sendmail", "mail_from": "hub@hub.example.com"})
	id := p.queue("ada@example.com")
	p.run()
	if m := p.until(id, tried); !strings.Contains(m.Answer, "no such file") || m.Unsure != 0 {
		t.Errorf("%+v", m)
	}
}
