package access_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

func (s site) settings() access.Site {
	s.t.Helper()
	return get(s, access.Settings)
}

// DESIGN §5, S1.01, S1.11, S1.12, S1.29, PEOPLE §5: how a site begins.
func TestASiteBeginsWithTheDefaults(t *testing.T) {
	equal(t, "settings", newSite(t).settings(), access.Site{
		Name: "badged", Lang: "fr", TimeZone: "Europe/Paris", UnknownBadge: access.RouteCreate,
		EditProfile: true, Confirm: access.ConfirmNone, Cards: access.ManyCards,
		CodeDigits: 4, ClaimWindow: 30 * time.Second, GuessBudget: 8, PINDigits: 6,
		QuotaBurst: 60, QuotaDay: 300, QuotaSite: 2000, AnonymousLife: 30 * 24 * time.Hour,
		SessionIdle: time.Minute, SessionMax: 10 * time.Minute, KeepEvents: 3, KeepAudit: 12, KeepMails: 30,
		MailOut: access.NoMail, MailPort: 587, MailSecurity: access.StartTLS, NewAccountMail: access.MailsPIN,
	})
}

// Each setting takes what lies within its bounds, keeps it, and refuses what does not.
func TestSettingsTakeWhatTheirDescriptorsSay(t *testing.T) {
	s := newSite(t)
	group := get(s, func(tx access.Tx) (people.Group, error) { return tx.AddGroup("Guests") })
	codes := map[access.SettingKind]string{
		access.Text: access.CodeSettingText, access.Zone: access.CodeSettingZone, access.Choice: access.CodeSettingChoice,
		access.Flag: access.CodeSettingChoice, access.Number: access.CodeSettingRange, access.Seconds: access.CodeSettingRange,
		access.Address: access.CodeSettingAddress, access.Host: access.CodeSettingHost, access.File: access.CodeSettingFile,
	}
	for _, d := range access.Descriptors {
		good, bad := map[string]string{}, []string{"\x00", "x\u202ey"}
		switch d.Kind {
		case access.Text:
			good[" Musée  d'Orsay "] = "Musée d'Orsay"
			bad = append(bad, strings.Repeat("x", int(d.Max)+1), "a\xff")
			if d.Min > 0 {
				bad = append(bad, "", "  ")
			}
		case access.Zone:
			good["America/New_York"] = "America/New_York"
			bad = append(bad, "", "Local", "Mars/Base", "../etc/passwd", strings.Repeat("x", 99))
		case access.Choice:
			for _, c := range d.Choices {
				if c != "owner" && c != "smtp" && c != "sendmail" {
					good[c] = c
				}
			}
			bad = append(bad, "", "other", strings.ToUpper(d.Choices[0]))
		case access.Flag:
			good["on"], good["false"] = "true", "false"
			bad = append(bad, "", "maybe")
		case access.Number, access.Seconds:
			for _, n := range []int64{d.Min, d.Max} {
				good[strconv.FormatInt(n, 10)] = strconv.FormatInt(n, 10)
			}
			for _, n := range []int64{d.Min - 1, d.Max + 1, -d.Max} {
				bad = append(bad, strconv.FormatInt(n, 10))
			}
			bad = append(bad, "", "x", "99999999999999999999")
		case access.Members:
			good["guests"], good[strconv.FormatUint(group.ID, 10)+", Guests"], good[""] = "1", "1", ""
			bad = nil
			s.refused(people.CodeGroupNotFound, func(tx access.Tx) error {
				_, err := access.ChangeSettings(tx, map[string]string{d.Name: "nobodies"})
				return err
			})
		case access.Address:
			good[" Hub@Example.com "], good[""] = "hub@example.com", ""
			bad = append(bad, "hub", "Hub <hub@example.com>", "hub@example.com\r\nBcc: x@example.com")
		case access.Host:
			good["mail.example.com"], good["192.0.2.1"], good["2001:db8::1"], good[""] = "mail.example.com", "192.0.2.1", "2001:db8::1", ""
			bad = append(bad, "mail example", "-x", "a..b", "mail.example.com:25", "smtp://mail", strings.Repeat("x", 300))
		case access.File:
			good["smtp.password"], good[""] = "smtp.password", ""
			bad = append(bad, "../hub.key", "a/b", "/etc/shadow", ".", "..", ".hidden", strings.Repeat("x", 101))
		default:
			t.Errorf("setting %s is of an unknown kind %s", d.Name, d.Kind)
		}
		for text, want := range good {
			equal(t, d.Name+" after "+text, d.Value(s.set(d.Name, text)), want)
			equal(t, d.Name+" kept", d.Value(s.settings()), want)
		}
		for _, text := range bad {
			fields := s.refused(codes[d.Kind], func(tx access.Tx) error {
				_, err := access.ChangeSettings(tx, map[string]string{d.Name: text})
				return err
			})
			equal(t, "the name in a refusal", fields["name"], any(d.Name))
		}
	}
}

func TestTimesTakeUnits(t *testing.T) {
	s := newSite(t)
	for text, want := range map[string]time.Duration{"90": 90 * time.Second, "2m": 2 * time.Minute, "90s": 90 * time.Second} {
		equal(t, text, s.set("claim_window", text).ClaimWindow, want)
	}
	equal(t, "days", s.set("anonymous_life", "30d").AnonymousLife, 30*24*time.Hour)
	for _, text := range []string{"1.5s", "1500ms", "d", "999999999d"} {
		s.refused(access.CodeSettingRange, func(tx access.Tx) error {
			_, err := access.ChangeSettings(tx, map[string]string{"anonymous_life": text})
			return err
		})
	}
}

// A change that holds one bad value changes nothing, and what stays the same is no change.
func TestAChangeOfSettingsIsWhole(t *testing.T) {
	s := newSite(t)
	s.refused(access.CodeSettingChoice, func(tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"name": "Louvre", "lang": "de"})
		return err
	})
	s.set("lang", "fr")
	equal(t, "name", s.settings().Name, "badged")
	equal(t, "audit", s.actions("site"), nil)
	s.set("lang", "en")
	equal(t, "audit", s.actions("site"), []string{"site.change"})
}

// The table of settings is that of the wire: each key of a terminal's settings is that of
// one descriptor, with a field of the same name, and its words are there in both languages.
func TestDescriptorsAreThoseOfTheWire(t *testing.T) {
	apart := map[string]bool{"ClaimsClosed": true, "ClaimsEpoch": true, "PINLength": true, "Offsets": true, "OneCard": true}
	byKey := map[uint64]string{}
	seen := map[string]bool{}
	for _, d := range access.Descriptors {
		if d.FR == "" || d.EN == "" || seen[d.Name] {
			t.Errorf("setting %q: words %q and %q, known %v", d.Name, d.FR, d.EN, seen[d.Name])
		}
		seen[d.Name] = true
		if d.Wire != 0 {
			byKey[d.Wire] = d.Name
		}
	}
	row := reflect.TypeFor[wire.Site]()
	for i := range row.NumField() {
		f := row.Field(i)
		key, err := strconv.ParseUint(strings.Split(f.Tag.Get("cbor"), ",")[0], 10, 64)
		if err != nil {
			continue // a key that must be understood, which no setting has
		}
		name := strings.ReplaceAll(byKey[key], "_", "")
		if !apart[f.Name] && !strings.EqualFold(name, f.Name) {
			t.Errorf("the wire's %s has key %d, which is that of the setting %q", f.Name, key, byKey[key])
		}
		delete(byKey, key)
	}
	equal(t, "settings with a key that the wire does not have", byKey, map[uint64]string{})
	equal(t, "routes", wire.Names[wire.Route](), mustDescribe(t, "unknown_badge").Choices)
	equal(t, "confirmations", wire.Names[wire.Confirm](), mustDescribe(t, "confirm").Choices)
}

func mustDescribe(t *testing.T, name string) access.Descriptor {
	t.Helper()
	d, found := access.Describe(name)
	if !found {
		t.Fatalf("there is no setting %s", name)
	}
	return d
}

// Issue 9, 3: mails go out once there is a server and a sender.
func TestMailsNeedAServerAndASender(t *testing.T) {
	s := newSite(t)
	refused := func(name string, change map[string]string) {
		t.Helper()
		fields := s.refused(access.CodeMailNeeds, func(tx access.Tx) error {
			_, err := access.ChangeSettings(tx, change)
			return err
		})
		equal(t, "what is needed", fields["name"], any(name))
	}
	refused("mail_server", map[string]string{"mail_out": "smtp", "mail_from": "hub@example.com"})
	refused("mail_from", map[string]string{"mail_out": "smtp", "mail_server": "mail.example.com"})
	refused("mail_from", map[string]string{"mail_out": "sendmail"})
	s.set("mail_from", "hub@example.com")
	equal(t, "by sendmail", s.set("mail_out", "sendmail").MailOut, access.Sendmail)
	refused("mail_server", map[string]string{"mail_out": "smtp"})
	s.set("mail_server", "mail.example.com")
	equal(t, "by SMTP", s.set("mail_out", "smtp").MailOut, access.SMTP)
	refused("mail_from", map[string]string{"mail_from": ""})
	refused("mail_server", map[string]string{"mail_server": ""})
	equal(t, "none", s.set("mail_out", "none").MailOut, access.NoMail)
}

// Who may manage the settings and is no administrator sets none that lets them climb: not where
// mails with links go, and not what new accounts join. An operator sets all.
func TestOnlyAdministratorsSetWhatLetsOneClimb(t *testing.T) {
	s := newSite(t)
	group := get(s, func(tx access.Tx) (people.Group, error) { return tx.AddGroup("Guests") })
	desk := get(s, func(tx access.Tx) (people.Account, error) {
		a, err := people.Add(tx.Tx, people.New{First: "Dora", Last: "Desk", Email: "dora@example.com", State: people.Active})
		if err != nil {
			return a, err
		}
		return people.SetRight(tx.Tx, a.ID, people.ManageSettings, true)
	})
	boss := get(s, func(tx access.Tx) (people.Account, error) {
		return people.Add(tx.Tx, people.New{First: "Grace", Last: "Hopper", Email: "grace@example.com", State: people.Active, Role: people.Admin})
	})
	as := func(a people.Account, name, value string) string {
		return refusal.Code(s.Write(t.Context(), audit.Actor{Kind: audit.Account, ID: people.HexID(a.ID)}, func(tx fleet.Tx) error {
			_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{name: value})
			return err
		}))
	}
	guarded := map[string]string{
		"web": "true", "mail": "true", "job": "true", "new_account_mail": "link", "mail_server": "evil.example.com", "mail_port": "26", "mail_security": "none",
		"mail_user": "eve", "mail_password_file": "other", "mail_from": "eve@example.com", "mail_out": "sendmail",
	}
	for _, name := range []string{"web_groups", "mail_groups", "job_groups", "unknown_badge_groups"} {
		guarded[name] = strconv.FormatUint(group.ID, 10)
	}
	for name, value := range guarded {
		equal(t, name+" by a manager", as(desk, name, value), people.CodeAdminOnly)
		equal(t, name+" as it is", as(desk, name, mustDescribe(t, name).Value(s.settings())), "")
	}
	equal(t, "the name by a manager", as(desk, "name", "Louvre"), "")
	s.set("mail_from", "hub@example.com")
	for name, value := range guarded {
		equal(t, name+" by an administrator", as(boss, name, value), "")
	}
}
