package mailbox

import (
	"context"
	"net/smtp"
	"strings"
	"testing"
)

const letter = "From: hub@example.org\r\nTo: ada@example.org\r\nSubject: =?utf-8?q?Votre_acc=C3=A8s?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n" +
	"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nBonjour =C3=89lodie,\r\nhttps://hub=\r\n/lien/1\r\n" +
	"--x--\r\n"

func TestAMailCanBeRead(t *testing.T) {
	came := make(chan struct{}, 9)
	b, err := Listen(func() { came <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	if err := smtp.SendMail(b.Addr(), nil, "hub@example.org", []string{"ada@example.org"}, []byte(letter)); err != nil {
		t.Fatal(err)
	}
	<-came
	if err := smtp.SendMail(b.Addr(), nil, "hub@example.org", []string{"eve@example.org"}, []byte("no mail at all\r\n")); err == nil {
		t.Error("what is no mail was taken")
	}
	got := b.Mails()
	if len(got) != 1 || got[0].Subject != "Votre accès" || got[0].To[0] != "ada@example.org" || got[0].ID != 1 ||
		strings.ReplaceAll(strings.TrimSpace(got[0].Text), "\r", "") != "Bonjour Élodie,\nhttps://hub/lien/1" {
		t.Errorf("%+v", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A box that is full forgets the oldest, and does not grow.
func TestABoxHasABound(t *testing.T) {
	var b Box
	for range maxMails + 5 {
		b.add(Mail{})
	}
	if got := b.Mails(); len(got) != maxMails || got[0].ID != maxMails+5 {
		t.Errorf("%d mails, the newest is %d", len(got), got[0].ID)
	}
}
