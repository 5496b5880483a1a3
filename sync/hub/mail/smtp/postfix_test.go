//go:build mail

package smtp_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/mail"
)

// postfix is Debian's mail server on loopback, in folders of the test's, with Dovecot for
// log-ins. Master and its children need root.
type postfix struct {
	t       testing.TB
	dir     string // of its configuration
	boxes   string // Maildirs
	addr    string
	tlsAddr string
	roots   *x509.CertPool
}

const mainCF = `
compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.hub.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
default_transport = error:this test sends nothing elsewhere
virtual_mailbox_domains = hub.test
virtual_mailbox_base = %[1]s/boxes
virtual_mailbox_maps = inline:{ ada@hub.test=ada/, later@hub.test=later/, zoé@hub.test=zoe/ }
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtputf8_enable = yes
smtpd_tls_cert_file = %[1]s/cert.pem
smtpd_tls_key_file = %[1]s/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_client_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{ { later@hub.test = 450 4.2.0 come back later } }
smtpd_error_sleep_time = 0
`

const masterCF = `
%[1]s inet n - n - - smtpd
%[2]s inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
showq unix n - n - - showq
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`

const dovecotConf = `
base_dir = %[1]s/dovecot
state_dir = %[1]s/dovecot
log_path = %[1]s/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = %[1]s/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service auth {
  unix_listener %[1]s/queue/private/auth {
    mode = 0600
    user = postfix
  }
}
`

func newPostfix(t *testing.T) *postfix {
	t.Helper()
	top, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	p := &postfix{t: t, dir: filepath.Join(top, "etc"), boxes: filepath.Join(top, "boxes"), addr: freePort(t), tlsAddr: freePort(t)}
	cert, roots := certificate(t, "127.0.0.1")
	p.roots = roots
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.Chmod(top, 0o755), os.Mkdir(p.dir, 0o755), os.Mkdir(p.boxes, 0o755), os.Chown(p.boxes, 65534, 65534),
		os.Mkdir(filepath.Join(top, "queue"), 0o755), os.Mkdir(filepath.Join(top, "data"), 0o755), os.Mkdir(filepath.Join(top, "queue", "private"), 0o755),
		own(filepath.Join(top, "data")), own(filepath.Join(top, "queue", "private")))
	for name, text := range map[string]string{
		"etc/main.cf": fmt.Sprintf(mainCF, top), "etc/master.cf": fmt.Sprintf(masterCF, p.addr, p.tlsAddr),
		"dovecot.conf": fmt.Sprintf(dovecotConf, top), "users": "hub:{PLAIN}correct horse::::::\n",
		"cert.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})),
		"key.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(top, name), []byte(text), 0o600))
	}
	for _, name := range []string{"etc/main.cf", "etc/master.cf", "users"} { // Dovecot reads users as a user of its own
		err = errors.Join(err, os.Chmod(filepath.Join(top, name), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	p.startDovecot(top)
	p.command("start")
	t.Cleanup(func() { p.command("stop") })
	return p
}

// own gives a folder to Postfix.
func own(path string) error {
	out, err := exec.Command("chown", "postfix", path).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return err
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *postfix) startDovecot(top string) {
	p.t.Helper()
	var said bytes.Buffer
	c := exec.Command("dovecot", "-F", "-c", filepath.Join(top, "dovecot.conf"))
	c.Stderr, c.Stdout = &said, &said
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	})
	socket := filepath.Join(top, "queue", "private", "auth")
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("unix", socket); err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(top, "dovecot.log"))
			p.t.Fatalf("Dovecot does not listen: %s%s", said.String(), log)
		}
	}
}

func (p *postfix) command(verb string) {
	p.t.Helper()
	out, err := exec.Command("postfix", "-c", p.dir, verb).CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(filepath.Dir(p.dir), "log"))
		p.t.Fatalf("postfix %s: %v\n%s\n%s", verb, err, out, log)
	}
}

// inbox waits for n mails of somebody and gives them.
func (p *postfix) inbox(who string, n int) (mails []string) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(p.boxes, who, "new", "*"))
		if len(files) >= n {
			for _, f := range files {
				text, err := os.ReadFile(f)
				if err != nil {
					p.t.Fatal(err)
				}
				mails = append(mails, string(text))
			}
			return mails
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(filepath.Dir(p.dir), "log"))
			p.t.Fatalf("%d mails for %s\n%s", len(files), who, log)
		}
	}
}

// Issue 9, 3: real servers: Debian's Postfix takes mails by STARTTLS and TLS after a log-in
// that Dovecot checks, and puts them whole into a mailbox. What it refuses, for now or for
// good, its user is told; what was to go out while it was away goes out when it is back.
func TestPostfixDelivers(t *testing.T) {
	server, p := newPostfix(t), newPost(t)
	p.roots = server.roots
	for name, text := range map[string]string{"smtp": "correct horse", "wrong": "battery staple"} {
		if err := os.WriteFile(filepath.Join(p.secrets, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.through(server.addr, "starttls", "mail_user", "hub", "mail_password_file", "smtp")
	p.run()

	m := p.until(p.queue("ada@hub.test"), isState(mail.Sent))
	if !strings.HasPrefix(m.Answer, "2.0.0 Ok: queued as ") {
		t.Errorf("%+v", m)
	}
	h, text, html := parts(t, server.inbox("ada", 1)[0])
	if h.Get("Return-Path") != "<hub@hub.example.com>" || !strings.Contains(h.Get("Received"), "ESMTPSA") || !strings.Contains(text, link) || !strings.Contains(html, link) ||
		!strings.Contains(text, "Bonjour Zoé Ünlü 李,") {
		t.Errorf("%v\n%s", h, text)
	}

	if m := p.until(p.queue("nobody@hub.test"), isState(mail.Failed)); !strings.Contains(m.Answer, "550 5.1.1") || !strings.Contains(m.Answer, "unknown") {
		t.Errorf("an unknown user: %+v", m)
	}
	if m := p.until(p.queue("ada@elsewhere.test"), isState(mail.Failed)); !strings.Contains(m.Answer, "554 5.7.1") {
		t.Errorf("no relay: %+v", m)
	}
	if m := p.until(p.queue("later@hub.test"), tried); !strings.Contains(m.Answer, "450 4.2.0") {
		t.Errorf("later: %+v", m)
	}
	p.until(p.queue("zoé@hub.test"), isState(mail.Sent))
	server.inbox("zoe", 1)

	p.through(server.tlsAddr, "tls", "mail_user", "hub", "mail_password_file", "wrong")
	id := p.queue("ada@hub.test")
	if m := p.until(id, tried); !strings.Contains(m.Answer, "535 5.7.8") {
		t.Errorf("a wrong password: %+v", m)
	}
	p.set(map[string]string{"mail_password_file": "smtp"})
	server.command("stop")
	p.later(2 * time.Minute)
	p.until(id, func(m mail.Mail) bool {
		return m.State == mail.Queued && strings.Contains(m.Answer, "connection refused")
	})
	server.command("start")
	p.later(10 * time.Minute)
	p.until(id, isState(mail.Sent))
	if n := len(server.inbox("ada", 2)); n != 2 {
		t.Errorf("%d mails for ada", n)
	}
}

// By Postfix's own sendmail.
func TestPostfixSendmail(t *testing.T) {
	server, p := newPostfix(t), newPost(t)
	t.Setenv("MAIL_CONFIG", server.dir)
	p.set(map[string]string{"mail_out": "sendmail", "mail_from": "hub@hub.example.com"})
	p.run()
	p.until(p.queue("ada@hub.test"), isState(mail.Sent))
	if h, text, _ := parts(t, server.inbox("ada", 1)[0]); h.Get("Return-Path") != "<hub@hub.example.com>" || !strings.Contains(text, link) {
		t.Errorf("%v\n%s", h, text)
	}
	t.Setenv("MAIL_CONFIG", "/nonexistent")
	if m := p.until(p.queue("ada@hub.test"), tried); !strings.Contains(m.Answer, "fatal") || strings.Contains(m.Answer, "@") {
		t.Errorf("not set up: %+v", m)
	}
}
