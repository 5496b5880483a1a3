package mail_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
)

func (b *box) queue(n mail.New) mail.Mail {
	b.t.Helper()
	b.do(func(tx mail.Tx) error { return mail.Queue(tx, n) })
	return b.mails()[0]
}

func (b *box) take() (m mail.Mail) {
	b.t.Helper()
	found := false
	b.do(func(tx mail.Tx) (err error) {
		m, found, err = mail.Take(tx)
		return err
	})
	if !found {
		b.t.Error("no mail is due")
	}
	return m
}

func (b *box) settle(m mail.Mail, r mail.Result, answer string) mail.Mail {
	b.t.Helper()
	b.do(func(tx mail.Tx) error { return mail.Settle(tx, m.ID, mail.Outcome{Result: r, Answer: answer}) })
	return b.mail(m.ID)
}

func (b *box) mail(id mail.ID) (m mail.Mail) {
	b.t.Helper()
	b.do(func(tx mail.Tx) (err error) {
		m, err = tx.Mail(id)
		return err
	})
	return m
}

func (b *box) nothingDue() {
	b.t.Helper()
	b.do(func(tx mail.Tx) error {
		m, found, err := mail.Take(tx)
		if found {
			b.t.Errorf("a mail is due: %+v", m)
		}
		return err
	})
}

// Issue 9, 3: sent is final, and what the mail said is gone from the database.
func TestASentMailIsWiped(t *testing.T) {
	b := newBox(t)
	b.queue(reset(b.now))
	m := b.take()
	if m.State != mail.Sending || m.Tries != 1 || b.mail(m.ID).State != mail.Sending {
		t.Errorf("taken %+v", m)
	}
	b.nothingDue()
	m = b.settle(m, mail.Taken, "250 2.0.0 Ok: queued as 4ABC")
	if m.State != mail.Sent || m.Sealed != nil || m.Answer != "250 2.0.0 Ok: queued as 4ABC" || !m.Done.Equal(b.now) {
		t.Errorf("sent %+v", m)
	}
	if _, err := b.key.Open(m); !errors.Is(err, mail.ErrWiped) {
		t.Errorf("it still says something: %v", err)
	}
	if got := b.settle(m, mail.Refused, "550 no"); got.State != mail.Sent {
		t.Errorf("a sent mail became %s", got.State)
	}
	if err := b.try(func(tx mail.Tx) error { _, err := mail.Retry(tx, m.ID); return err }); refusal.Code(err) != mail.CodeOver {
		t.Errorf("it is tried again: %v", err)
	}
}

// Issue 9, 3: 4xx is tried again with growing pauses until the mail's end; then it is given
// up and wiped, and says why.
func TestPausesGrowUntilTheEnd(t *testing.T) {
	b := newBox(t)
	n := reset(b.now)
	n.Ends = b.now.Add(4 * time.Hour)
	m := b.queue(n)
	var pauses []string
	for m.Next.Before(m.Ends) {
		m = b.settle(b.take(), mail.Later, "451 4.7.1 greylisted")
		if m.State != mail.Queued || m.Answer != "451 4.7.1 greylisted" {
			t.Fatalf("%+v", m)
		}
		pauses = append(pauses, m.Next.Sub(b.now).String())
		b.now = m.Next
	}
	if got, want := strings.Join(pauses, " "), "1m0s 2m0s 4m0s 8m0s 16m0s 32m0s 1h0m0s 1h0m0s 1h0m0s"; got != want {
		t.Errorf("pauses %s, want %s", got, want)
	}
	b.nothingDue()
	if m = b.mail(m.ID); m.State != mail.GivenUp || m.Sealed != nil || m.Answer != "451 4.7.1 greylisted" {
		t.Errorf("at its end %+v", m)
	}
}

// Issue 9, 3: 5xx is visible as failed with the server's answer, and an administrator can try
// again, which leaves a line.
func TestARefusedMailWaitsForAnAdministrator(t *testing.T) {
	b := newBox(t)
	b.queue(reset(b.now))
	m := b.settle(b.take(), mail.Refused, "550 5.1.1 no such user")
	if m.State != mail.Failed || m.Answer != "550 5.1.1 no such user" || m.Sealed == nil {
		t.Errorf("refused %+v", m)
	}
	b.now = b.now.Add(time.Hour)
	b.nothingDue()
	b.do(func(tx mail.Tx) error {
		if _, err := mail.Retry(tx, m.ID); err != nil {
			return err
		}
		return tx.ListAudit(audit.Query{Action: "mail.retry", Limit: 9}, func(e audit.Entry) error {
			m.Tries = 99 // seen
			return nil
		})
	})
	if again := b.take(); again.ID != m.ID || again.Tries != 2 || m.Tries != 99 {
		t.Errorf("tried again: %+v, line %v", again, m.Tries == 99)
	}
	b.settle(m, mail.Refused, "550 again")
	b.now = b.now.Add(72 * time.Hour)
	b.nothingDue()
	if m = b.mail(m.ID); m.State != mail.GivenUp || m.Sealed != nil {
		t.Errorf("at its end %+v", m)
	}
}

// Issue 9, 3: what nobody can say was taken is sent once more, under the same Message-ID, and
// then an administrator decides: never a third time by itself.
func TestAnUnknownOutcomeIsRepeatedOnce(t *testing.T) {
	b := newBox(t)
	b.queue(reset(b.now))
	m := b.take()
	b.do(mail.Recover) // the hub was killed, and starts
	if m = b.mail(m.ID); m.State != mail.Queued || m.Unsure != 1 || !m.Next.After(b.now) {
		t.Errorf("after a kill %+v", m)
	}
	b.now = m.Next
	if m = b.settle(b.take(), mail.Unsure, "the connection ended"); m.State != mail.Failed || m.Unsure != 2 {
		t.Errorf("after a second one %+v", m)
	}
}

// A server that cannot be reached is not tried for each mail: all wait, and each says why.
func TestAllMailsWaitForAServerThatIsAway(t *testing.T) {
	b := newBox(t)
	for range 3 {
		b.queue(reset(b.now))
	}
	b.settle(b.take(), mail.Unreachable, "no route to host")
	for _, m := range b.mails() {
		if m.State != mail.Queued || !m.Next.Equal(b.now.Add(time.Minute)) || m.Answer != "no route to host" {
			t.Errorf("%+v", m)
		}
	}
	b.nothingDue()
}

// A server that quotes the mail in its answer gives away neither link nor PIN, and its answer
// has bounds.
func TestAnAnswerGivesNoSecretAway(t *testing.T) {
	b := newBox(t)
	b.queue(reset(b.now))
	m := b.settle(b.take(), mail.Refused, "550 spam: https://hub.example.com/lien/topsecret and /topsecret\x1b[31m\r\n"+strings.Repeat("x", 9999))
	if strings.Contains(m.Answer, "topsecret") || strings.ContainsAny(m.Answer, "\x1b\r\n") || len(m.Answer) > 510 || !strings.HasPrefix(m.Answer, "550 spam: [hidden] and /[hidden]") {
		t.Errorf("%q", m.Answer)
	}
}

func TestAMailIsFoundByItsFirstDigits(t *testing.T) {
	b := newBox(t)
	m := b.queue(reset(b.now))
	b.do(func(tx mail.Tx) error {
		got, err := mail.Find(tx, mail.ShortID(m.ID))
		if got.ID != m.ID {
			t.Errorf("found %x", got.ID)
		}
		for _, ref := range []string{"", "41", mail.ShortID(m.ID)[:7], "zzzzzzzz", "ffffffffffffffffffffffffffffffffff", strings.Repeat("0", 8)} {
			if _, err := mail.Find(tx, ref); refusal.Code(err) != mail.CodeNotFound {
				t.Errorf("%q: %v", ref, err)
			}
		}
		return err
	})
}
