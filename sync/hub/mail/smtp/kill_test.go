package smtp_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"badged/sync/hub/mail"
	"badged/sync/hub/mail/smtp"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
)

// childEnv names the folder in which a process of its own sends mails until it is killed.
const childEnv = "BADGED_TEST_SENDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, sendIn(dir))
		os.Exit(1)
	}
	os.Exit(teststore.Main(m))
}

// sendIn sends from the store of a folder, as the hub does.
func sendIn(dir string) error {
	ctx := context.Background()
	s, err := teststore.Open(ctx, dir, time.Now)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "roots"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	s.UseMailKey(testKey)
	return smtp.New(smtp.Options{
		Store: s, Waiting: func() <-chan struct{} { return s.Changed(store.MailsWait) }, Roots: roots,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}).Run(ctx)
}

// Issue 9, 3: kill -9 between any two steps: no mail is lost, and the server takes one a second
// time only if the kill came when nobody could know that it had taken it: from the last dot
// until that was on disk. Both have the same Message-ID.
func TestKillsBetweenAnyTwoSteps(t *testing.T) {
	for _, c := range []struct {
		step string
		most int // mails that arrive
	}{{"connect", 1}, {"mail", 1}, {"rcpt", 1}, {"data", 1}, {"dot", 1}, {"taken", 2}, {"", 1}} {
		t.Run("at "+c.step, func(t *testing.T) {
			s, p := newSink(t, options{}), newPost(t)
			p.through(s.addr, "starttls")
			id := p.queue("ada@example.com")
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			pemText := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.TLSConfig.Certificates[0].Certificate[0]})
			if err := os.WriteFile(filepath.Join(p.dir, "roots"), pemText, 0o600); err != nil {
				t.Fatal(err)
			}
			killed := make(chan struct{})
			child := startChild(t, p.dir)
			s.failWith(func(step, _ string) error {
				if step == c.step {
					s.failWith(nil)
					_ = child.Process.Kill()
					_ = child.Wait()
					close(killed)
					return io.ErrUnexpectedEOF // nobody hears it
				}
				return nil
			})
			if c.step == "" {
				untilTaken(t, s, 1) // killed while it is kept that the mail was taken, or after
				_ = child.Process.Kill()
				_ = child.Wait()
				c.most = 2
			} else {
				<-killed
			}
			wait := func() mail.Mail {
				var err error
				if p.Store, err = teststore.Open(t.Context(), p.dir, p.now); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = p.Store.Close() })
				p.UseMailKey(testKey)
				p.roots = s.roots
				p.run()
				p.later(2 * time.Minute)
				return p.until(id, func(m mail.Mail) bool {
					if m.State == mail.Queued && m.Next.After(p.now()) { // it was on its way: its pause is over
						p.later(2 * time.Minute)
					}
					return m.State == mail.Sent
				})
			}
			m := wait()
			got := s.got()
			if len(got) < 1 || len(got) > c.most {
				t.Errorf("%d mails arrived: %+v", len(got), m)
			}
			first, _, _ := parts(t, got[0])
			last, _, _ := parts(t, got[len(got)-1])
			if id := first.Get("Message-ID"); id == "" || id != last.Get("Message-ID") {
				t.Errorf("Message-IDs %s and %s", id, last.Get("Message-ID"))
			}
		})
	}
}

func startChild(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childEnv+"="+dir)
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child
}

func untilTaken(t *testing.T, s *sink, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(s.got()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no mail arrived")
		}
	}
}
