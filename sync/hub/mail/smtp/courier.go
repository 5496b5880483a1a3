package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"badged/internal/ownfile"
	"badged/sync/hub/access"
	"badged/sync/hub/mail"
)

// courier is a connection to the mail server; the zero courier has none.
type courier struct {
	client *gomail.Client
	link   *smtp.Client
	conn   net.Conn
	to     server
}

// server is whatever the settings say of a mail server.
type server struct {
	host     string
	port     int
	security access.MailSecurity
	user     string
	file     string
}

func serverOf(s access.Site) server {
	return server{s.MailServer, int(s.MailPort), s.MailSecurity, s.MailUser, s.MailPasswordFile}
}

func (v server) String() string { return net.JoinHostPort(v.host, strconv.Itoa(v.port)) }

// close says good-bye if the server still listens, and waits a second for that.
func (c *courier) close() {
	if c.conn == nil {
		return
	}
	_ = c.conn.SetDeadline(time.Now().Add(time.Second)) // on a dead connection QUIT fails at once
	_ = c.link.Quit()
	c.drop()
}

func (c *courier) drop() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	*c = courier{}
}

// hand gives a mail to the mail server. A connection that the server closed while it was idle
// is opened again.
func (s *Sender) hand(ctx context.Context, c *courier, m *gomail.Msg, j job) mail.Outcome {
	if c.conn != nil && (c.to != serverOf(j.site) || c.link.UpdateDeadline(s.Timeout) != nil || c.link.Noop() != nil) {
		c.drop()
	}
	if c.conn == nil {
		if err := s.dial(ctx, c, serverOf(j.site)); err != nil {
			c.drop()
			return mail.Outcome{Result: mail.Unreachable, Answer: explain("connect to", serverOf(j.site), err)}
		}
	}
	ascii := isASCII(j.To) && isASCII(j.site.MailFrom)
	if known, _ := c.link.Extension("SMTPUTF8"); !ascii && !known {
		return mail.Outcome{Result: mail.Refused, Answer: "the mail server takes no address with letters outside ASCII (SMTPUTF8)"}
	}
	c.link.SkipSMTPUTF8(ascii)
	o := s.send(ctx, c, m)
	if o.Result != mail.Taken && o.Result != mail.Refused && o.Result != mail.Later {
		c.drop()
	}
	return o
}

// send hands a mail over an open connection.
func (s *Sender) send(ctx context.Context, c *courier, m *gomail.Msg) mail.Outcome {
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(lastWords)) })
	defer stop()
	err := c.client.SendWithSMTPClient(c.link, m)
	if m.IsDelivered() {
		return mail.Outcome{Result: mail.Taken, Answer: m.ServerResponse()}
	}
	return judge(err, c.to)
}

// lastWords is how long the server may still answer after the hub was told to end.
const lastWords = 5 * time.Second

// judge tells how a try ended that the server did not end with 250. SMTP says that a mail was
// taken after its last dot only: before, a broken connection leaves nothing behind.
func judge(err error, to server) mail.Outcome {
	o := mail.Outcome{Result: mail.Unreachable, Answer: explain("send through", to, err)}
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return o
	}
	code := failed.ErrorCode()
	switch {
	case code == 0 && failed.Reason == gomail.ErrSMTPDataClose:
		o.Result = mail.Unsure
	case code == 421, code == 0, failed.Reason == gomail.ErrSMTPMailFrom: // closing, or not about this mail
	case code >= 500:
		o.Result = mail.Refused
	default:
		o.Result = mail.Later
	}
	return o
}

// explain tells what the server said, or what was attempted and why it failed.
func explain(what string, to server, err error) string {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return fmt.Sprintf("%d %s", reply.Code, reply.Msg)
	}
	text := err.Error()
	var failed *gomail.SendError
	if errors.As(err, &failed) && failed.ErrorCode() > 0 {
		_, said, _ := strings.Cut(text, strconv.Itoa(failed.ErrorCode())+" ")
		said = cutTail(said)
		if plain, err := strconv.Unquote(said); err == nil { // as textproto.Error shows it
			said = plain
		}
		return fmt.Sprintf("%d %s", failed.ErrorCode(), said)
	}
	return fmt.Sprintf("%s %s: %s", what, to, cutTail(text))
}

// cutTail takes off what the library adds behind an answer.
func cutTail(text string) string {
	for _, tail := range []string{", affected recipient(s): ", ", affected message ID: "} {
		text, _, _ = strings.Cut(text, tail)
	}
	return text
}

// dial opens a connection, with TLS and log-in as the settings say.
func (s *Sender) dial(ctx context.Context, c *courier, to server) error {
	password, err := s.password(to)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: to.host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(to.port), gomail.WithTimeout(s.Timeout), gomail.WithTLSConfig(config), gomail.WithoutNoop(),
		gomail.WithTLSPolicy(gomail.NoTLS),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			return c.connect(ctx, network, address, to, config)
		}),
	}
	if to.security == access.StartTLS {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if to.user != "" {
		options = append(options, gomail.WithSMTPAuthCustom(&login{user: to.user, password: password, host: to.host}))
	}
	if c.client, err = gomail.NewClient(to.host, options...); err != nil {
		return err
	}
	c.to = to
	c.link, err = c.client.DialToSMTPClientWithContext(ctx)
	return err
}

// connect opens the connection itself, and keeps it so that it can always be closed.
func (c *courier) connect(ctx context.Context, network, address string, to server, config *tls.Config) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.conn = conn
	if to.security != access.TLS {
		return conn, nil
	}
	encrypted := tls.Client(conn, config)
	return encrypted, encrypted.HandshakeContext(ctx)
}

// maxPassword bounds the file with the password.
const maxPassword = 1000

// password reads the file that the settings name, in the folder that belongs to the hub.
func (s *Sender) password(to server) (string, error) {
	if to.user == "" || to.file == "" {
		return "", nil
	}
	path := filepath.Join(s.Secrets, to.file)
	text, err := ownfile.Read(path, ownfile.Secret, maxPassword)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no file %s with the password of the mail server: write it there, readable by the hub alone (mode 0600)", path)
	}
	return strings.TrimRight(string(text), "\r\n"), err
}

// login chooses how to log in among what the server offers. A password goes over TLS only, or
// to this very machine.
type login struct {
	user, password, host string
	chosen               smtp.Auth
}

// Start implements smtp.Auth.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	offers := strings.ToUpper(strings.Join(server.Auth, " ") + " ")
	switch {
	case strings.Contains(offers, "PLAIN "):
		l.chosen = smtp.PlainAuth("", l.user, l.password, l.host, false)
	case strings.Contains(offers, "LOGIN "):
		l.chosen = smtp.LoginAuth(l.user, l.password, l.host, false)
	default:
		return "", nil, errors.New("the mail server offers no log-in with user and password (PLAIN or LOGIN); leave mail_user empty if it wants none")
	}
	return l.chosen.Start(server)
}

// Next implements smtp.Auth.
func (l *login) Next(fromServer []byte, more bool) ([]byte, error) {
	return l.chosen.Next(fromServer, more)
}
