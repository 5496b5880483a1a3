package mail_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

// box is a hub's store with a clock and a key of the test's.
type box struct {
	t   testing.TB
	now time.Time
	key mail.Key
	*store.Store
}

func newBox(t testing.TB) *box {
	b := &box{t: t, now: time.Date(2030, 1, 31, 8, 0, 0, 0, time.UTC), key: mail.RandomKey()}
	var err error
	if b.Store, err = teststore.Open(t.Context(), t.TempDir(), func() time.Time { return b.now }); err != nil {
		t.Fatal(err)
	}
	b.UseMailKey(b.key)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (b *box) try(fn func(mail.Tx) error) error {
	return b.Write(context.Background(), operator, func(tx fleet.Tx) error { return fn(tx.Tx.Tx.Tx.Tx) })
}

func (b *box) do(fn func(mail.Tx) error) {
	b.t.Helper()
	if err := b.try(fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) mails() (all []mail.Mail) {
	b.t.Helper()
	b.do(func(tx mail.Tx) (err error) {
		all, _, err = tx.ListMails(mail.Query{Limit: 1000})
		return err
	})
	return all
}

// reset is a mail that is right.
func reset(now time.Time) mail.New {
	return mail.New{Purpose: mail.Reset, To: "ada@example.com", Lang: "fr",
		Fields: mail.Fields{"name": "Ada Byron", "link": "https://hub.example.com/lien/topsecret", "until": mail.At(now)}}
}

// Issue 9, 3: the outbox is in the transaction of its cause: no mail without it.
func TestThereIsNoMailWithoutItsCause(t *testing.T) {
	b := newBox(t)
	broken := errors.New("the cause fails")
	err := b.try(func(tx mail.Tx) error { return errors.Join(mail.Queue(tx, reset(b.now)), broken) })
	if !errors.Is(err, broken) || len(b.mails()) != 0 {
		t.Errorf("%v, %d mails", err, len(b.mails()))
	}
	b.do(func(tx mail.Tx) error { return mail.Queue(tx, reset(b.now)) })
	m := b.mails()[0]
	if m.State != mail.Queued || !m.Next.Equal(b.now) || !m.Ends.Equal(b.now.Add(72*time.Hour)) || m.To != "ada@example.com" || m.Lang != "fr" {
		t.Errorf("queued is %+v", m)
	}
}

// S2.15: one mail for each interruption, however often it is asked for.
func TestADedupIsQueuedOnce(t *testing.T) {
	b := newBox(t)
	n := reset(b.now)
	n.Dedup = "card-stopped/41c0ffee/1"
	for range 3 {
		b.do(func(tx mail.Tx) error { return mail.Queue(tx, n) })
	}
	if got := len(b.mails()); got != 1 {
		t.Errorf("%d mails", got)
	}
}

// A mail whose fields are not those of its purpose is a fault of the program, and its error
// says no value.
func TestAMailHasTheFieldsOfItsPurpose(t *testing.T) {
	b := newBox(t)
	for what, spoil := range map[string]func(*mail.New){
		"no purpose":    func(n *mail.New) { n.Purpose = "spam" },
		"no link":       func(n *mail.New) { delete(n.Fields, "link") },
		"plain link":    func(n *mail.New) { n.Fields["link"] = "http://hub.example.com/lien/topsecret" },
		"script":        func(n *mail.New) { n.Fields["link"] = "javascript:topsecret" },
		"no time":       func(n *mail.New) { n.Fields["until"] = "tomorrow" },
		"another field": func(n *mail.New) { n.Fields["pin"] = "topsecret" },
		"a line break":  func(n *mail.New) { n.Fields["name"] = "Ada\r\nBcc: topsecret@example.com" },
		"an override":   func(n *mail.New) { n.Fields["name"] = "Ada \u202etopsecret" },
		"too long":      func(n *mail.New) { n.Fields["name"] = strings.Repeat("topsecret", 300) },
		"language":      func(n *mail.New) { n.Lang = "de" },
		"dedup":         func(n *mail.New) { n.Dedup = strings.Repeat("x", 201) },
	} {
		n := reset(b.now)
		spoil(&n)
		err := b.try(func(tx mail.Tx) error { return mail.Queue(tx, n) })
		if err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, to := range []string{"", "ada", "a@b.c\r\nBcc: x@y.z", "Ada <ada@example.com>", `"a b"@example.com`, "ada@example.com, eve@example.com", "ada@example.com\x00"} {
		n := reset(b.now)
		n.To = to
		if err := b.try(func(tx mail.Tx) error { return mail.Queue(tx, n) }); refusal.Code(err) != mail.CodeAddress {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if n := len(b.mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// Fields and keys cannot be printed.
func TestWhatAMailSaysIsNeverPrinted(t *testing.T) {
	f := mail.Fields{"pin": "topsecret"}
	key := mail.NewKey([32]byte([]byte("topsecrettopsecrettopsecrettopse")))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{f, &f, mail.New{Fields: f}, key, &key, mail.Tx{MailKey: key}} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "topsecret") || strings.Contains(out, "746f70") || strings.Contains(out, "116 111") {
				t.Errorf("%s of %T: %s", verb, v, out)
			}
		}
	}
	if out, err := json.Marshal(mail.New{Fields: f}); err != nil || strings.Contains(string(out), "topsecret") {
		t.Errorf("JSON: %s, %v", out, err)
	}
}

// Issue 9, 3: with no mail server each step offers its link to the administrator instead.
func TestAHubWithoutAMailServerSaysSo(t *testing.T) {
	b := newBox(t)
	for value, want := range map[string]bool{"none": false, "smtp": true, "sendmail": true} {
		b.do(func(tx mail.Tx) error {
			unset, err1 := mail.Configured(mail.Tx{Values: noValues{}})
			err2 := b.set(tx, mail.SettingWay, value)
			got, err3 := mail.Configured(tx)
			if got != want || unset {
				t.Errorf("%s: %v; unset: %v", value, got, unset)
			}
			return errors.Join(err1, err2, err3)
		})
	}
}

type noValues struct{}

func (noValues) Values() (map[string]string, error) { return nil, nil }

// set writes a setting as the store keeps it.
func (b *box) set(tx mail.Tx, name, value string) error {
	return tx.Values.(interface{ PutSetting(string, string) error }).PutSetting(name, value)
}

// A copy of the database alone gives no link away: what a mail says is sealed, for this mail
// and this hub.
func TestAMailOpensWithItsKeyOnly(t *testing.T) {
	b := newBox(t)
	b.do(func(tx mail.Tx) error { return mail.Queue(tx, reset(b.now)) })
	m := b.mails()[0]
	if strings.Contains(string(m.Sealed), "topsecret") || strings.Contains(string(m.Sealed), "Ada") {
		t.Errorf("the database says %q", m.Sealed)
	}
	f, err := b.key.Open(m)
	if err != nil || f["link"] != "https://hub.example.com/lien/topsecret" {
		t.Errorf("%v", err)
	}
	if _, err := mail.RandomKey().Open(m); !errors.Is(err, mail.ErrSealed) {
		t.Errorf("another key: %v", err)
	}
	m.ID[0]++
	if _, err := b.key.Open(m); !errors.Is(err, mail.ErrSealed) {
		t.Errorf("as another mail's: %v", err)
	}
}
