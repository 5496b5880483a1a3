// Package mailbox is a mail server on loopback that keeps what it gets, for the workbench and
// for tests: one can read what people would get, without an account anywhere.
package mailbox

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// The bounds of a box: it is for a person who tries things out.
const (
	maxMail  = 1 << 20
	maxMails = 200 // the oldest give way
)

// Mail is one that came.
type Mail struct {
	ID      int       `json:"id"` // counts from 1
	At      time.Time `json:"at"`
	To      []string  `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"` // the part in plain text
}

// Box is a mail server with one box for everybody.
type Box struct {
	ln      net.Listener
	changed func()

	mu    sync.Mutex // guards what follows
	last  int
	mails []Mail // oldest first
}

// Listen opens a box on a free port of loopback. changed, if it is not nil, is called after
// each mail.
func Listen(changed func()) (*Box, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for mails: %w", err)
	}
	return &Box{ln: ln, changed: changed}, nil
}

// Addr is host:port of the server. It speaks SMTP without TLS and without a password.
func (b *Box) Addr() string { return b.ln.Addr().String() }

// Run takes mails in until ctx ends, which gives nil.
func (b *Box) Run(ctx context.Context) error {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: b}, nil }))
	s.Domain, s.MaxMessageBytes, s.MaxRecipients = "localhost", maxMail, 100
	s.ReadTimeout, s.WriteTimeout = 30*time.Second, 30*time.Second
	s.EnableSMTPUTF8 = true
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	err := s.Serve(b.ln)
	if ctx.Err() != nil || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the mail box: %w", err)
}

// Mails gives what came, newest first.
func (b *Box) Mails() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append([]Mail{}, b.mails...) // never nil: it becomes JSON
	slices.Reverse(out)
	return out
}

func (b *Box) add(m Mail) {
	b.mu.Lock()
	b.last++
	m.ID = b.last
	b.mails = append(b.mails, m)
	b.mails = b.mails[max(0, len(b.mails)-maxMails):]
	b.mu.Unlock()
	if b.changed != nil {
		b.changed()
	}
}

// session is one connection. It implements smtp.Session.
type session struct {
	box *Box
	to  []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := readMail(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, Message: "this is no mail: " + err.Error()}
	}
	m.To, m.At = s.to, time.Now()
	s.box.add(m)
	return nil
}

func (s *session) Reset() { s.to = nil }

func (s *session) Logout() error { return nil }

// readMail reads a mail of RFC 5322, and the plain text among its parts.
func readMail(r io.Reader) (m Mail, err error) {
	whole, err := mail.ReadMessage(r)
	if err != nil {
		return m, err
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(whole.Header.Get("Subject")); err != nil {
		return m, err
	}
	m.Text, err = findText(whole.Header.Get("Content-Type"), whole.Header.Get("Content-Transfer-Encoding"), whole.Body, 0)
	return m, err
}

const maxDepth = 4

// findText finds the first part in plain text.
func findText(kind, encoding string, body io.Reader, depth int) (string, error) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media = "text/plain"
	}
	switch {
	case strings.HasPrefix(media, "multipart/") && depth < maxDepth:
		return findTextInParts(multipart.NewReader(body, params["boundary"]), depth)
	case media != "text/plain":
		return "", nil
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	return string(bytes.ToValidUTF8(b, []byte("\uFFFD"))), err
}

func findTextInParts(parts *multipart.Reader, depth int) (string, error) {
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		text, err := findText(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
		if text != "" || err != nil {
			return text, err
		}
	}
}
