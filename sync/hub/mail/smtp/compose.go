package smtp

import (
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

// compose makes the message of a mail. It is the same one whenever the mail is sent again.
func compose(j job) (*gomail.Msg, error) {
	to, err := routable(j.To)
	if err != nil {
		return nil, err
	}
	from, err := routable(j.site.MailFrom)
	if err != nil {
		return nil, err
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	sender := netmail.Address{Name: mail.SiteName(j.site.Name), Address: from} // which quotes and encodes a name
	if err := m.From(sender.String()); err != nil {
		return nil, err
	}
	if err := m.To(to); err != nil {
		return nil, err
	}
	m.SetMessageIDWithValue(messageID(j.Mail, from))
	m.SetDateWithValue(j.Made)
	m.Subject(j.letter.Subject)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no robot answers it
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(gomail.TypeTextPlain, j.letter.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, j.letter.HTML)
	return m, nil
}

// messageID names a mail for good, in the domain that it comes from.
func messageID(m mail.Mail, from string) string {
	return hex.EncodeToString(m.ID[:]) + from[strings.LastIndexByte(from, '@'):]
}

// routable gives the domain of an address the form that every server knows (IDNA).
func routable(address string) (string, error) {
	key, ok := people.EmailKey(address)
	if !ok {
		return "", fmt.Errorf("an address is not one that a mail server knows")
	}
	return address[:strings.LastIndexByte(address, '@')] + key[strings.LastIndexByte(key, '@'):], nil
}

// isASCII reports whether every server takes the address.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
