package access

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// Value is a setting's value as text, in the one form in which it is kept.
func (d Descriptor) Value(s Site) string {
	switch f := d.field(&s).(type) {
	case *string:
		return *f
	case *Route:
		return string(*f)
	case *Confirm:
		return string(*f)
	case *CardCount:
		return string(*f)
	case *MailWay:
		return string(*f)
	case *MailSecurity:
		return string(*f)
	case *NewAccountMail:
		return string(*f)
	case *bool:
		return strconv.FormatBool(*f)
	case *int64:
		return strconv.FormatInt(*f, 10)
	case *time.Duration:
		return strconv.FormatInt(int64(*f/time.Second), 10)
	case *[]uint64:
		return joinNumbers(*f)
	}
	return ""
}

// read puts a kept value into its field. What was kept was canonical.
func (d Descriptor) read(s *Site, text string) (err error) {
	var n int64
	switch f := d.field(s).(type) {
	case *string:
		*f = text
	case *Route:
		*f = Route(text)
	case *Confirm:
		*f = Confirm(text)
	case *CardCount:
		*f = CardCount(text)
	case *MailWay:
		*f = MailWay(text)
	case *MailSecurity:
		*f = MailSecurity(text)
	case *NewAccountMail:
		*f = NewAccountMail(text)
	case *bool:
		*f, err = strconv.ParseBool(text)
	case *int64:
		*f, err = strconv.ParseInt(text, 10, 64)
	case *time.Duration:
		n, err = strconv.ParseInt(text, 10, 64)
		*f = time.Duration(n) * time.Second
	case *[]uint64:
		*f, err = splitNumbers(text)
	}
	if err != nil {
		return fmt.Errorf("read the setting %s of the site: %w", d.Name, err)
	}
	return nil
}

// canonical checks what somebody gave a setting and gives it the form in which it is kept.
func (d Descriptor) canonical(tx Tx, text string) (string, error) {
	text = strings.TrimSpace(text)
	good := profile.IsText(text)
	switch d.Kind {
	case Text:
		text = profile.CleanName(text)
		good = good && d.within(int64(len(text)))
	case Zone:
		good = good && isZone(text)
	case Choice:
		good = slices.Contains(d.Choices, text)
	case Flag:
		text, good = parseFlag(text)
	case Number, Seconds:
		n, err := parseNumber(text, d.Kind)
		text, good = strconv.FormatInt(n, 10), err == nil && d.within(n)
	case Members:
		return groupNumbers(tx, text)
	case Address:
		text = profile.CleanEmail(text)
		good = profile.CheckEmail(text) == ""
	case Host:
		good = good && (text == "" || isHost(text))
	case File:
		good = good && (text == "" || fileRE.MatchString(text))
	}
	if !good {
		return "", d.refuse()
	}
	return text, nil
}

func (d Descriptor) within(n int64) bool { return n >= d.Min && n <= d.Max }

// refuse tells what the setting takes.
func (d Descriptor) refuse() error {
	f := refusal.Fields{"name": d.Name}
	switch d.Kind {
	case Zone:
		return refuse(refusal.Invalid, CodeSettingZone, f)
	case Choice:
		f["choices"] = d.Choices
		return refuse(refusal.Invalid, CodeSettingChoice, f)
	case Address:
		return refuse(refusal.Invalid, CodeSettingAddress, f)
	case Host:
		return refuse(refusal.Invalid, CodeSettingHost, f)
	case File:
		return refuse(refusal.Invalid, CodeSettingFile, f)
	case Flag:
		f["choices"] = []string{"true", "false"}
		return refuse(refusal.Invalid, CodeSettingChoice, f)
	}
	f["min"], f["max"] = d.Min, d.Max
	if d.Kind == Text {
		return refuse(refusal.Invalid, CodeSettingText, f)
	}
	return refuse(refusal.Invalid, CodeSettingRange, f)
}

// longestZone bounds the name of a time zone.
const longestZone = 64

// isZone reports whether a name is a time zone's, the same one on every machine.
func isZone(name string) bool {
	if name == "" || name == "Local" || len(name) > longestZone {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// hostRE is a name of DNS (RFC 1123 §2.1).
var hostRE = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$`)

func isHost(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || hostRE.MatchString(s) && !strings.Contains(s, "..")
}

// fileRE is the name of a file that leads to no other folder.
var fileRE = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,99}$`)

func parseFlag(text string) (string, bool) {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "oui", "1":
		return "true", true
	case "false", "off", "no", "non", "0":
		return "false", true
	}
	return "", false
}

// parseNumber reads a number; one of seconds may have a unit: 90, 90s, 5m, 1h, 30d.
func parseNumber(text string, kind SettingKind) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil || kind == Number {
		return n, err
	}
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		n, err = strconv.ParseInt(days, 10, 32)
		return n * int64(24*time.Hour/time.Second), err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d%time.Second != 0 {
		err = errors.New("not whole seconds")
	}
	return int64(d / time.Second), err
}

// manyGroups bounds the groups of a route.
const manyGroups = 50

// groupNumbers finds the groups that a list names, by name or number.
func groupNumbers(tx Tx, text string) (string, error) {
	var out []uint64
	for _, ref := range strings.Split(text, ",") {
		if ref = strings.TrimSpace(ref); ref == "" {
			continue
		}
		g, err := findGroup(tx, ref)
		if err != nil {
			return "", err
		}
		if !slices.Contains(out, g.ID) {
			out = append(out, g.ID)
		}
	}
	if len(out) > manyGroups {
		return "", refuse(refusal.Invalid, CodeTooMany, refusal.Fields{"most": manyGroups})
	}
	slices.Sort(out)
	return joinNumbers(out), nil
}

func joinNumbers(n []uint64) string {
	var out []string
	for _, v := range n {
		out = append(out, strconv.FormatUint(v, 10))
	}
	return strings.Join(out, ",")
}

func splitNumbers(text string) (out []uint64, err error) {
	if text == "" {
		return nil, nil
	}
	for _, s := range strings.Split(text, ",") {
		n, err := strconv.ParseUint(s, 10, 63)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// findGroup finds a group by its number, as settings are kept, or its name.
func findGroup(tx Tx, ref string) (people.Group, error) {
	n, err := strconv.ParseUint(ref, 10, 63)
	if err != nil {
		return people.FindGroup(tx.Tx, ref)
	}
	g, err := tx.Group(n)
	return g, orMissing(err, people.CodeGroupNotFound, "group", ref)
}
