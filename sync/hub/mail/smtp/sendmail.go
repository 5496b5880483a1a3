package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	gomail "github.com/wneessen/go-mail"

	"badged/sync/hub/mail"
)

// The exit codes of sendmail that say something about one mail (sysexits.h); the others say
// that the program cannot be used.
const (
	exDataErr  = 65
	exNoUser   = 67
	exNoHost   = 68
	exTempFail = 75
)

// maxSaid bounds what is kept of what the program says.
const maxSaid = 1000

// said keeps the beginning of what a program says.
type said struct{ bytes.Buffer }

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	if room := maxSaid - s.Len(); room > 0 {
		s.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// pipe gives a mail to the sendmail program, which takes it once it ends with 0.
func (s *Sender) pipe(ctx context.Context, m *gomail.Msg, j job) mail.Outcome {
	var text bytes.Buffer
	if _, err := m.WriteTo(&text); err != nil {
		return mail.Outcome{Result: mail.Refused, Answer: "write the mail: " + err.Error()}
	}
	to, err1 := routable(j.To)
	from, err2 := routable(j.site.MailFrom)
	if err := errors.Join(err1, err2); err != nil {
		return mail.Outcome{Result: mail.Refused, Answer: err.Error()}
	}
	within, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	c := exec.CommandContext(within, s.Sendmail, "-i", "-f", from, "--", to)
	c.WaitDelay = time.Second
	var answer said
	c.Stdin, c.Stderr, c.Stdout = &text, &answer, &answer
	return judgeExit(c.Run(), fmt.Sprintf("%s: %s", s.Sendmail, answer.String()))
}

func judgeExit(err error, answer string) mail.Outcome {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return mail.Outcome{Result: mail.Taken, Answer: "taken by sendmail"}
	case errors.As(err, &exit) && !exit.Exited(): // killed: it may have taken the mail
		return mail.Outcome{Result: mail.Unsure, Answer: answer + err.Error()}
	case errors.As(err, &exit):
		o := mail.Outcome{Result: mail.Unreachable, Answer: fmt.Sprintf("%s (exit code %d)", answer, exit.ExitCode())}
		switch exit.ExitCode() {
		case exDataErr, exNoUser, exNoHost:
			o.Result = mail.Refused
		case exTempFail:
			o.Result = mail.Later
		}
		return o
	}
	return mail.Outcome{Result: mail.Unreachable, Answer: "start sendmail: " + err.Error()}
}
