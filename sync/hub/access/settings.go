package access

import (
	"maps"
	"slices"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// Route is what a print point does with an unknown badge.
type Route string

// The routes. The names are those of the wire.
const (
	RouteRefuse Route = "refuse"
	RouteBind   Route = "bind" // offer to bind it to an existing account
	RouteCreate Route = "create"
)

// Confirm is who must confirm a binding before it grants anything.
type Confirm string

// The confirmations. The names are those of the wire.
const (
	ConfirmNone  Confirm = "none"
	ConfirmOwner Confirm = "owner"
	ConfirmAdmin Confirm = "admin"
)

// CardCount is how many cards a person may have.
type CardCount string

// The counts.
const (
	ManyCards CardCount = "many"
	OneCard   CardCount = "one" // a new one replaces the old; a temporary one counts apart
)

// MailWay is how mails go out.
type MailWay string

// The ways.
const (
	NoMail   MailWay = "none" // pages offer links and QR codes instead
	SMTP     MailWay = "smtp"
	Sendmail MailWay = "sendmail" // the program of that name on the hub's machine
)

// MailSecurity is how the connection to a mail server is kept from others.
type MailSecurity string

// The securities. Certificates are verified.
const (
	StartTLS   MailSecurity = "starttls" // refused if the server does not offer it
	TLS        MailSecurity = "tls"      // from the first byte
	NoSecurity MailSecurity = "none"     // on the hub's own machine
)

// NewAccountMail is what the mail to who registered by themselves has beside the user name.
type NewAccountMail string

// What it has.
const (
	MailsPIN  NewAccountMail = "pin"
	MailsLink NewAccountMail = "link"
)

// Site is the settings of a site.
type Site struct {
	Name     string
	Lang     string // "fr" or "en"
	TimeZone string // IANA name: of schedules, holidays and last days

	// The four routes by which accounts come to be, and the groups that they join.
	UnknownBadge       Route
	UnknownBadgeGroups []uint64
	Web                bool
	WebGroups          []uint64
	Mail               bool
	MailGroups         []uint64
	Job                bool
	JobGroups          []uint64

	EditProfile   bool
	Confirm       Confirm
	Cards         CardCount
	CodeDigits    int64
	ClaimWindow   time.Duration
	GuessBudget   int64
	PINDigits     int64
	QuotaBurst    int64
	QuotaDay      int64
	QuotaSite     int64
	AnonymousLife time.Duration
	Ask           string // whom people at a printer are told to ask; empty: the reception
	SessionIdle   time.Duration
	SessionMax    time.Duration

	// How mails go out, and what the mail to who registered by themselves has.
	MailOut          MailWay
	MailServer       string
	MailPort         int64
	MailSecurity     MailSecurity
	MailUser         string
	MailPasswordFile string // its name in the folder "secrets" of the hub's
	MailFrom         string
	NewAccountMail   NewAccountMail

	KeepEvents int64 // months
	KeepAudit  int64 // months
	KeepMails  int64 // days
}

// Location is the site's time zone; UTC if this machine does not know it.
func (s Site) Location() *time.Location {
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Settings gives the settings of the site: those that were set, and the defaults of the
// others.
func Settings(tx Tx) (Site, error) {
	values, err := tx.Values()
	if err != nil {
		return Site{}, err
	}
	return siteOf(values)
}

func siteOf(values map[string]string) (s Site, err error) {
	for _, d := range Descriptors {
		text, found := values[d.Name]
		if !found {
			text = d.Default
		}
		if err := d.read(&s, text); err != nil {
			return s, err
		}
	}
	return s, nil
}

// ChangeSettings sets settings by their names and gives all of them. Values have the form
// that their kinds say; groups may be named or numbered.
func ChangeSettings(tx Tx, change map[string]string) (Site, error) {
	old, err := Settings(tx)
	if err != nil {
		return old, err
	}
	before, after := make(map[string]string), make(map[string]string)
	for name, text := range change {
		d, found := Describe(name)
		if !found {
			return old, refuse(refusal.Invalid, CodeSettingUnknown, refusal.Fields{"name": clip(name)})
		}
		value, err := d.canonical(tx, text)
		if err != nil {
			return old, err
		}
		if was := d.Value(old); was != value {
			before[name], after[name] = was, value
		}
	}
	if err := guardSettings(tx, after); err != nil {
		return old, err
	}
	if err := checkTogether(tx, after); err != nil {
		return old, err
	}
	if err := checkMail(old, after); err != nil {
		return old, err
	}
	return keepSettings(tx, before, after)
}

// guardSettings refuses a change of what only administrators set: with the right to settings
// alone one could have the link of an administrator's new password sent to one's own server.
func guardSettings(tx Tx, after map[string]string) error {
	for _, d := range Descriptors {
		if _, changed := after[d.Name]; changed && d.Admin {
			return people.NeedAdministrator(tx.Tx)
		}
	}
	return nil
}

// checkTogether refuses what a descriptor cannot tell by itself.
func checkTogether(tx Tx, after map[string]string) error {
	if _, set := after["pin_digits"]; !set {
		return nil
	}
	s, err := siteOf(after)
	if err != nil {
		return err
	}
	fewest, err := fewestPINDigits(tx)
	if err == nil && s.PINDigits < fewest {
		err = refuse(refusal.Invalid, CodePINDigitsFew, refusal.Fields{"min": fewest})
	}
	return err
}

// checkMail refuses mails that would have no server or no sender.
func checkMail(old Site, after map[string]string) error {
	merged := make(map[string]string)
	for _, d := range Descriptors {
		merged[d.Name] = d.Value(old)
	}
	maps.Copy(merged, after)
	s, err := siteOf(merged)
	switch {
	case err != nil:
		return err
	case s.MailOut == SMTP && s.MailServer == "":
		return refuse(refusal.Invalid, CodeMailNeeds, refusal.Fields{"name": "mail_server"})
	case s.MailOut != NoMail && s.MailFrom == "":
		return refuse(refusal.Invalid, CodeMailNeeds, refusal.Fields{"name": "mail_from"})
	}
	return nil
}

func keepSettings(tx Tx, before, after map[string]string) (Site, error) {
	for _, d := range Descriptors {
		value, changed := after[d.Name]
		if !changed {
			continue
		}
		if err := tx.PutSetting(d.Name, value); err != nil {
			return Site{}, err
		}
	}
	if len(after) > 0 {
		if err := tx.Record(audit.Change{Action: "site.change", Object: "site", Before: before, After: after}); err != nil {
			return Site{}, err
		}
	}
	return Settings(tx)
}

// Describe gives the descriptor of a setting.
func Describe(name string) (Descriptor, bool) {
	i := slices.IndexFunc(Descriptors, func(d Descriptor) bool { return d.Name == name })
	if i < 0 {
		return Descriptor{}, false
	}
	return Descriptors[i], true
}
