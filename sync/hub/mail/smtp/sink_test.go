package smtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// sink is a mail server that keeps what it takes and fails as a test wants.
type sink struct {
	t      testing.TB
	server *smtp.Server
	addr   string
	roots  *x509.CertPool

	mu    sync.Mutex // guards what follows
	fail  func(step, what string) error
	mails []string // whole, as they came
	to    []string // envelope
	steps []string
	auths []string // mechanism user password
}

// options are what a sink offers.
type options struct {
	tls   bool // from the first byte
	plain bool // no STARTTLS
	auth  []string
}

func newSink(t testing.TB, o options) *sink {
	s := &sink{t: t}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		if err := s.step("connect", ""); err != nil {
			return nil, err
		}
		if len(o.auth) > 0 {
			return &authSession{session{s}, o.auth}, nil
		}
		return &session{s}, nil
	}))
	s.server.Domain, s.server.EnableSMTPUTF8, s.server.AllowInsecureAuth = "sink.example.com", true, true
	s.server.ErrorLog = quiet{}
	cert, roots := certificate(t, "127.0.0.1")
	s.roots = roots
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	if !o.plain && !o.tls {
		s.server.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	if o.tls {
		l = tls.NewListener(l, config)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(l) }()
	t.Cleanup(func() {
		_ = s.server.Close()
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// step notes a step and fails it as the test wants.
func (s *sink) step(step, what string) error {
	s.mu.Lock()
	s.steps = append(s.steps, step)
	fail := s.fail
	s.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(step, what)
}

// reached reports whether somebody came as far as a step.
func (s *sink) reached(step string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.steps, step)
}

func (s *sink) failWith(fn func(step, what string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fn
}

// got is the mails that were taken.
func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

type session struct{ s *sink }

func (s *session) Reset()                                      {}
func (s *session) Logout() error                               { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error { return s.s.step("mail", from) }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	err := s.s.step("rcpt", to)
	if err == nil {
		s.s.mu.Lock()
		s.s.to = append(s.s.to, to)
		s.s.mu.Unlock()
	}
	return err
}

func (s *session) Data(r io.Reader) error {
	if err := s.s.step("data", ""); err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.s.step("dot", string(text)); err != nil {
		return err
	}
	s.s.mu.Lock()
	s.s.mails = append(s.s.mails, string(text))
	s.s.mu.Unlock()
	return s.s.step("taken", "")
}

type authSession struct {
	session
	mechanisms []string
}

func (a *authSession) AuthMechanisms() []string { return a.mechanisms }

func (a *authSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		a.s.mu.Lock()
		a.s.auths = append(a.s.auths, strings.Join([]string{mech, user, password}, " "))
		a.s.mu.Unlock()
		if user != "hub" || password != "correct horse" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong user or password"}
		}
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the server's side of LOGIN.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// certificate makes one for a host, and what trusts it.
func certificate(t testing.TB, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sink"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(host)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
