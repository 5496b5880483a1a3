package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/store"
)

// RunMail checks the part of the contract that is about mails.
func RunMail(t *testing.T, open Open) {
	runParts(t, open, []part{
		{"a mail comes back", testMail},
		{"a mail with a dedup is there once", testDedup},
		{"mails are due in their order", testDue},
		{"mails are listed newest first", testMailList},
		{"mails end and are forgotten", testMailEnds},
		{"what a mail says is sealed", testSealed},
		{"templates come back", testTemplates},
	})
}

// letter is a mail that every field is set of.
func letter(n byte) mail.Mail {
	return mail.Mail{
		ID: mail.ID{n}, Made: now.Add(time.Duration(n) * time.Minute), Purpose: mail.Reset, To: "ada@example.com", Lang: "fr",
		Account: mail.ID{n % 2, 1}, Sealed: []byte{1, n}, State: mail.Queued, Tries: 2, Unsure: 1,
		Next: now.Add(time.Duration(n) * time.Hour), Ends: now.Add(48 * time.Hour), Answer: "451 later", Done: now, Dedup: string(rune('a' + n)),
	}
}

func addMails(t *testing.T, s *store.Store, mails ...mail.Mail) {
	t.Helper()
	write(t, s, func(tx fleet.Tx) error {
		for _, m := range mails {
			if added, err := tx.AddMail(m); !added || err != nil {
				return errors.Join(errors.New("not added"), err)
			}
		}
		return nil
	})
}

func testMail(t *testing.T, open Open) {
	s := open(t)
	m := letter(1)
	addMails(t, s, m)
	check := func() {
		t.Helper()
		read(t, s, func(tx fleet.Tx) error {
			got, err := tx.Mail(m.ID)
			if !reflect.DeepEqual(got, m) {
				t.Errorf("got %+v, want %+v", got, m)
			}
			return err
		})
	}
	check()
	m.State, m.Sealed, m.Tries, m.Unsure, m.Next, m.Answer, m.Done = mail.Sent, nil, 3, 2, time.Time{}, "250 ok", now.Add(time.Hour)
	write(t, s, func(tx fleet.Tx) error { return tx.PutMail(m) })
	check()
	read(t, s, func(tx fleet.Tx) error {
		found, err := tx.MailsByID([]byte{1, 0}, 2)
		none, err2 := tx.MailsByID([]byte{1, 1}, 2)
		if len(found) != 1 || found[0].ID != m.ID || len(none) != 0 || err != nil || err2 != nil {
			t.Errorf("by their beginnings: %v, %v (%v, %v)", found, none, err, err2)
		}
		if _, err := tx.Mail(mail.ID{9}); !errors.Is(err, mail.ErrNotFound) {
			t.Errorf("no mail: %v", err)
		}
		return nil
	})
}

func testDedup(t *testing.T, open Open) {
	s := open(t)
	same, none := letter(2), letter(3)
	same.Dedup, none.Dedup = letter(1).Dedup, ""
	addMails(t, s, letter(1), none)
	other := letter(4)
	other.Dedup = ""
	addMails(t, s, other) // no dedup is no key that can be taken
	write(t, s, func(tx fleet.Tx) error {
		added, err := tx.AddMail(same)
		if added {
			t.Error("a mail with a dedup that is there was added")
		}
		return err
	})
}

func testDue(t *testing.T, open Open) {
	s := open(t)
	read(t, s, func(tx fleet.Tx) error {
		_, err := tx.DueMail(now.Add(time.Hour))
		next, err2 := tx.NextDue()
		if !errors.Is(err, mail.ErrNotFound) || !next.IsZero() {
			t.Errorf("nothing is due: %v, %v", err, next)
		}
		return err2
	})
	failed := letter(1)
	failed.State = mail.Failed
	addMails(t, s, letter(3), letter(2), failed)
	read(t, s, func(tx fleet.Tx) error {
		_, early := tx.DueMail(letter(2).Next.Add(-time.Millisecond))
		m, err1 := tx.DueMail(letter(3).Next)
		next, err2 := tx.NextDue()
		if !errors.Is(early, mail.ErrNotFound) || m.ID != letter(2).ID || !next.Equal(letter(2).Next) {
			t.Errorf("due are %v, %x, next %v", early, m.ID, next)
		}
		return errors.Join(err1, err2)
	})
	later := letter(2).Next.Add(time.Minute)
	write(t, s, func(tx fleet.Tx) error { return tx.Postpone(later, "no route") })
	read(t, s, func(tx fleet.Tx) error {
		a, err1 := tx.Mail(letter(2).ID)
		b, err2 := tx.Mail(letter(3).ID)
		c, err3 := tx.Mail(failed.ID)
		if !a.Next.Equal(later) || a.Answer != "no route" || b.Answer == "no route" || !b.Next.Equal(letter(3).Next) || c.Answer == "no route" {
			t.Errorf("postponed: %+v\n%+v\n%+v", a, b, c)
		}
		return errors.Join(err1, err2, err3)
	})
}

func testMailList(t *testing.T, open Open) {
	s := open(t)
	failed := letter(4)
	failed.State = mail.Failed
	addMails(t, s, letter(1), letter(2), letter(3), failed)
	for _, c := range []struct {
		q    mail.Query
		want string
	}{
		{mail.Query{}, "\x04\x03\x02\x01"},
		{mail.Query{State: mail.Queued}, "\x03\x02\x01"},
		{mail.Query{Account: mail.ID{0, 1}}, "\x04\x02"},
		{mail.Query{Account: mail.ID{0, 1}, State: mail.Failed}, "\x04"},
	} {
		var got []byte
		q := c.q
		q.Limit = 1
		for n := 0; n == 0 || q.After != ""; n++ {
			read(t, s, func(tx fleet.Tx) error {
				page, next, err := tx.ListMails(q)
				for _, m := range page {
					got = append(got, m.ID[0])
				}
				q.After = next
				return err
			})
		}
		if string(got) != c.want {
			t.Errorf("%+v: %q, want %q", c.q, got, c.want)
		}
	}
	read(t, s, func(tx fleet.Tx) error {
		for _, cursor := range []string{"x", "1", "1.", "1.00", "x." + strings.Repeat("0", 32)} {
			if _, _, err := tx.ListMails(mail.Query{After: cursor, Limit: 1}); !errors.Is(err, mail.ErrCursor) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		counts, err := tx.CountMails()
		if counts[mail.Queued] != 3 || counts[mail.Failed] != 1 || counts[mail.Sent] != 0 {
			t.Errorf("counts %v", counts)
		}
		return err
	})
}

func testMailEnds(t *testing.T, open Open) {
	s := open(t)
	sending, sent, failed := letter(2), letter(3), letter(4)
	sending.State, sent.State, failed.State = mail.Sending, mail.Sent, mail.Failed
	sent.Sealed = nil
	addMails(t, s, letter(1), sending, sent, failed)
	read(t, s, func(tx fleet.Tx) error {
		early, err1 := tx.EndedMails(letter(1).Ends.Add(-time.Millisecond), 9)
		ended, err2 := tx.EndedMails(letter(1).Ends, 9)
		first, err3 := tx.EndedMails(letter(1).Ends, 1)
		out, err4 := tx.MailsSending()
		if len(early) != 0 || len(ended) != 2 || len(first) != 1 || len(out) != 1 || out[0].ID != sending.ID {
			t.Errorf("%d early, %d ended, %d first, sending %v", len(early), len(ended), len(first), out)
		}
		return errors.Join(err1, err2, err3, err4)
	})
	write(t, s, func(tx fleet.Tx) error {
		n, err := tx.DropMails(letter(3).Made, 1)
		m, err2 := tx.DropMails(letter(3).Made, 9)
		k, err3 := tx.DropMails(letter(3).Made, 9)
		if n != 1 || m != 1 || k != 0 {
			t.Errorf("forgotten %d, %d, %d", n, m, k)
		}
		return errors.Join(err, err2, err3, tx.DropMailsOf(letter(4).Account))
	})
	read(t, s, func(tx fleet.Tx) error {
		page, _, err := tx.ListMails(mail.Query{Limit: 9})
		if len(page) != 1 || page[0].ID != sent.ID {
			t.Errorf("left are %v", page)
		}
		return err
	})
}

// testSealed: what a mail says is not in the database as it is, and only the key opens it.
func testSealed(t *testing.T, open Open) {
	s := open(t)
	key := mail.RandomKey()
	s.UseMailKey(key)
	fields := mail.Fields{"name": "Ada", "link": "https://hub.example.com/lien/topsecret", "until": mail.At(now)}
	write(t, s, func(tx fleet.Tx) error {
		return mail.Queue(tx.Tx.Tx.Tx.Tx, mail.New{Purpose: mail.Reset, To: "ada@example.com", Fields: fields})
	})
	read(t, s, func(tx fleet.Tx) error {
		page, _, err := tx.ListMails(mail.Query{Limit: 9})
		if err != nil || len(page) != 1 {
			t.Fatalf("%d mails, %v", len(page), err)
		}
		m := page[0]
		if bytes.Contains(m.Sealed, []byte("topsecret")) || bytes.Contains(m.Sealed, []byte("Ada")) {
			t.Errorf("the database says %q", m.Sealed)
		}
		got, err := key.Open(m)
		if !reflect.DeepEqual(got, fields) {
			t.Errorf("it opens to other fields, %v", err)
		}
		if _, err := mail.RandomKey().Open(m); !errors.Is(err, mail.ErrSealed) {
			t.Errorf("another key: %v", err)
		}
		m.ID[0]++
		if _, err := key.Open(m); !errors.Is(err, mail.ErrSealed) {
			t.Errorf("as another mail's: %v", err)
		}
		return nil
	})
}

func testTemplates(t *testing.T, open Open) {
	s := open(t)
	want := mail.Template{Purpose: mail.Reset, Lang: "fr", Subject: "Sujet é", Body: "a\n\n{{.link}}"}
	other := want
	other.Lang = "en"
	write(t, s, func(tx fleet.Tx) error {
		first := want
		first.Body = "b"
		return errors.Join(tx.PutTemplate(first), tx.PutTemplate(want), tx.PutTemplate(other), tx.DropTemplate(mail.Reset, "en"))
	})
	read(t, s, func(tx fleet.Tx) error {
		got, err := tx.Template(mail.Reset, "fr")
		_, gone := tx.Template(mail.Reset, "en")
		if got != want || !errors.Is(gone, mail.ErrNotFound) {
			t.Errorf("got %+v; dropped: %v", got, gone)
		}
		return err
	})
}
