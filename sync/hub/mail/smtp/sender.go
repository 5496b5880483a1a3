// Package smtp sends the mails of the outbox: to a mail server by SMTP (RFC 5321), or to the
// sendmail program of this machine. What becomes of each mail is mail's to decide.
//
// A mail is "sending" on disk before the server hears of it, and "sent" after it has taken it.
// Whatever ends the hub in between, the mail is there and is sent again, under the same
// Message-ID, by which mailboxes know the second of two alike. SMTP leaves one moment in
// which nobody can say whether a mail was taken: from the last dot to the server's answer.
package smtp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
)

// Options is what a sender needs.
type Options struct {
	Store fleet.Store
	// Waiting gives a channel that is closed when mails or settings change after the call.
	Waiting  func() <-chan struct{}
	Secrets  string         // the folder of the file with the password
	Roots    *x509.CertPool // that the certificate of a server leads to; nil: those of this machine
	Sendmail string         // the program; empty: /usr/sbin/sendmail
	Timeout  time.Duration  // for all that one mail takes; 0: two minutes
	Log      *slog.Logger
}

const (
	usualTimeout  = 2 * time.Minute
	settleEvery   = time.Second      // while the database does not take what became of a mail
	settleWithin  = 20 * time.Second // after the end of the hub was asked for
	afterTrouble  = 10 * time.Second // of the database
	longestPause  = 10 * time.Minute
	usualSendmail = "/usr/sbin/sendmail"
)

// Sender sends the mails of one hub.
type Sender struct{ Options }

// New makes a sender.
func New(o Options) *Sender {
	if o.Timeout == 0 {
		o.Timeout = usualTimeout
	}
	if o.Sendmail == "" {
		o.Sendmail = usualSendmail
	}
	return &Sender{o}
}

var clock = audit.Actor{Kind: audit.System, Via: "clock"}

func (s *Sender) write(ctx context.Context, fn func(mail.Tx, access.Tx) error) error {
	return s.Store.Write(ctx, clock, func(tx fleet.Tx) error { return fn(tx.Tx.Tx.Tx.Tx, tx.Tx.Tx) })
}

// Run sends what is due until ctx ends. One sender runs at a time.
func (s *Sender) Run(ctx context.Context) error {
	for recovered := false; ctx.Err() == nil; {
		changed := s.Waiting()
		var err error
		if !recovered {
			err = s.write(ctx, func(tx mail.Tx, _ access.Tx) error { return mail.Recover(tx) })
			recovered = err == nil
		}
		pause := afterTrouble
		if err == nil {
			pause, err = s.sendDue(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Error("mails cannot be sent just now", "error", err)
		}
		wait(ctx, changed, pause)
	}
	return nil
}

func wait(ctx context.Context, changed <-chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	}
}

// job is a mail that is sending.
type job struct {
	mail.Mail
	letter mail.Letter
	site   access.Site
	failed error // why there is no letter
}

// sendDue sends all that is due, over one connection, and tells when the next mail is.
func (s *Sender) sendDue(ctx context.Context) (time.Duration, error) {
	var c courier
	defer func() { c.close() }()
	for ctx.Err() == nil {
		j, found, err := s.takeNext(ctx)
		if err != nil {
			return afterTrouble, err
		}
		if !found {
			break
		}
		o := s.deliver(ctx, &c, j)
		s.report(j, o)
		s.settle(ctx, j.ID, o)
	}
	return s.untilNext(ctx)
}

// takeNext gives the next mail with all that sending it needs, in one transaction.
func (s *Sender) takeNext(ctx context.Context) (j job, found bool, err error) {
	err = s.write(ctx, func(tx mail.Tx, rights access.Tx) (err error) {
		j = job{}
		if j.site, err = access.Settings(rights); err != nil {
			return err
		}
		if j.site.MailOut == access.NoMail {
			found = false
			return mail.GiveUp(tx)
		}
		if j.Mail, found, err = mail.Take(tx); err == nil && found {
			j.letter, j.failed = letterOf(tx, j.site, j.Mail)
		}
		return err
	})
	return j, found, err
}

// letterOf makes what a mail says, by the template that is in force now.
func letterOf(tx mail.Tx, site access.Site, m mail.Mail) (mail.Letter, error) {
	fields, err := tx.MailKey.Open(m)
	if err != nil {
		return mail.Letter{}, err
	}
	lang := m.Lang
	if lang == "" {
		lang = site.Lang
	}
	t, _, err := mail.TemplateOf(tx, m.Purpose, lang)
	if err != nil {
		return mail.Letter{}, err
	}
	return mail.Render(t, mail.Content{Site: site.Name, Lang: lang, Zone: site.Location(), Fields: fields})
}

// deliver tries to send a mail once.
func (s *Sender) deliver(ctx context.Context, c *courier, j job) mail.Outcome {
	if j.failed != nil {
		return mail.Outcome{Result: mail.Refused, Answer: j.failed.Error()}
	}
	msg, err := compose(j)
	if err != nil {
		return mail.Outcome{Result: mail.Refused, Answer: "write the mail: " + err.Error()}
	}
	if j.site.MailOut == access.Sendmail {
		return s.pipe(ctx, msg, j)
	}
	return s.hand(ctx, c, msg, j)
}

// report logs trouble, without the address.
func (s *Sender) report(j job, o mail.Outcome) {
	switch o.Result {
	case mail.Taken:
	case mail.Unreachable:
		s.Log.Warn("mails wait: the mail server cannot be used", "answer", o.Answer, "tries", j.Tries)
	default:
		s.Log.Warn("a mail was not taken", "mail", mail.ShortID(j.ID), "purpose", j.Purpose, "tries", j.Tries)
	}
}

// settle keeps what became of a mail. It does not end with ctx at once: what the server took
// would be sent again.
func (s *Sender) settle(ctx context.Context, id mail.ID, o mail.Outcome) {
	within, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(settleWithin, cancel) })
	defer stop()
	for {
		err := s.write(within, func(tx mail.Tx, _ access.Tx) error { return mail.Settle(tx, id, o) })
		if err == nil {
			return
		}
		s.Log.Error("what became of a mail cannot be kept", "mail", mail.ShortID(id), "error", err)
		if within.Err() != nil || errors.Is(err, fleet.ErrReplaced) {
			return
		}
		wait(within, nil, settleEvery)
	}
}

// untilNext is how long nothing is due.
func (s *Sender) untilNext(ctx context.Context) (pause time.Duration, err error) {
	err = s.Store.Read(ctx, func(tx fleet.Tx) error {
		site, err := access.Settings(tx.Tx.Tx)
		if err != nil {
			return err
		}
		next, err := tx.NextDue()
		pause = longestPause
		if err == nil && !next.IsZero() && site.MailOut != access.NoMail {
			pause = min(max(next.Sub(tx.Now), 0), longestPause)
		}
		return err
	})
	if err != nil {
		return afterTrouble, fmt.Errorf("look for the next mail: %w", err)
	}
	return pause, nil
}
