package mail

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"badged/internal/profile"
)

// Purpose is what a mail is for. Each has its fields and its templates.
type Purpose string

// The purposes.
const (
	Activate       Purpose = "activate"         // choose a password, log in for the first time
	Reset          Purpose = "reset"            // choose another password
	NewAccount     Purpose = "new-account"      // user name and PIN of who registered by themselves
	NewAccountLink Purpose = "new-account-link" // the same with a link in place of the PIN
	AddressKnown   Purpose = "address-known"    // somebody registered with an address that has an account
	Register       Purpose = "register"         // the link to the page where people register
	Invite         Purpose = "invite"           // become a member, then register a card
	CardStopped    Purpose = "card-stopped"     // registering a card was interrupted; has no code
	CardBound      Purpose = "card-bound"       // a card was bound; undo it in one step
	CardUndone     Purpose = "card-undone"      // a binding was undone
	Merge          Purpose = "merge"            // somebody gave this address at a panel: one person?
	EmailChange    Purpose = "email-change"     // confirm the new address; goes to the new one
	EmailChanged   Purpose = "email-changed"    // the address was changed; goes to the former one
	Test           Purpose = "test"             // an administrator tries the mail server
)

// Kind is what form a field has.
type Kind int

// The kinds of field.
const (
	Text   Kind = iota // what people wrote; may be missing or empty
	Link               // https://, with a token that nobody else may see
	Moment             // a time, made by At; shown in the mail's language and the site's time zone
	Hidden             // a PIN
)

// fieldKinds are all fields.
var fieldKinds = map[string]Kind{
	"name": Text, "user_name": Text, "address": Text, "other": Text, "card": Text, "door": Text,
	"link": Link, "until": Moment, "at": Moment, "pin": Hidden,
}

// Fields are what a mail says, by name. They cannot be printed: links and PINs are in them.
type Fields map[string]string

// Format implements fmt.Formatter, so that no verb reaches the fields.
func (Fields) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[hidden]")) }

// LogValue implements slog.LogValuer.
func (Fields) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// MarshalText implements encoding.TextMarshaler.
func (Fields) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

// At is the form of a Moment.
func At(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// purpose is one line of the table of purposes.
type purpose struct {
	Purpose
	fields []string
}

// purposes are all purposes with their fields, in the order in which people read them.
var purposes = []purpose{
	{Activate, []string{"name", "link", "until"}},
	{Reset, []string{"name", "link", "until"}},
	{NewAccount, []string{"name", "user_name", "pin", "link", "until"}},
	{NewAccountLink, []string{"name", "user_name", "link", "until"}},
	{AddressKnown, []string{"name", "link"}},
	{Register, []string{"link"}},
	{Invite, []string{"name", "link", "until"}},
	{CardStopped, []string{"name", "link"}},
	{CardBound, []string{"name", "card", "door", "at", "link", "until"}},
	{CardUndone, []string{"name", "card", "at"}},
	{Merge, []string{"name", "other", "link", "until"}},
	{EmailChange, []string{"name", "address", "link", "until"}},
	{EmailChanged, []string{"name", "address", "at"}},
	{Test, nil},
}

// Purposes are all purposes, in the order in which people read them.
func Purposes() (all []Purpose) {
	for _, p := range purposes {
		all = append(all, p.Purpose)
	}
	return all
}

// FieldsOf are the fields that mails of a purpose have; ok is false for an unknown purpose.
func FieldsOf(p Purpose) (names []string, ok bool) {
	i := slices.IndexFunc(purposes, func(l purpose) bool { return l.Purpose == p })
	if i < 0 {
		return nil, false
	}
	return purposes[i].fields, true
}

// KindOf is the kind of a field.
func KindOf(field string) Kind { return fieldKinds[field] }

// maxField bounds one field, in bytes.
const maxField = 2000

// check refuses fields that a mail of a purpose does not have, lacks, or that have another
// form. Its errors name fields, never what they say.
func (f Fields) check(p Purpose) error {
	names, ok := FieldsOf(p)
	if !ok {
		return fmt.Errorf("queue a mail: there is no purpose %q", p)
	}
	for name := range f {
		if !slices.Contains(names, name) {
			return fmt.Errorf("queue a mail %s: it has no field %q", p, name)
		}
	}
	for _, name := range names {
		if !isField(fieldKinds[name], f[name]) {
			return fmt.Errorf("queue a mail %s: its field %q is missing or not of its form", p, name)
		}
	}
	return nil
}

func isField(k Kind, v string) bool {
	if len(v) > maxField || !profile.IsText(v) {
		return false
	}
	switch k {
	case Link:
		u, err := url.Parse(v)
		return err == nil && u.Scheme == "https" && u.Host != ""
	case Moment:
		_, err := time.Parse(time.RFC3339, v)
		return err == nil
	case Hidden:
		return v != ""
	}
	return true
}
