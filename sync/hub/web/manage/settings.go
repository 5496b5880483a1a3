package manage

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

func settingRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/reglages", Right: page.Settings, Fresh: true, Handle: showSettings},
		{Method: "POST", Path: "/g/reglages", Right: page.Settings, Fresh: true, Handle: changeSettings},
	}
}

// sections are the settings in the order of the page. Those that no section names stand at
// the end.
var sections = []struct {
	name     string
	settings []string
}{
	{"site", []string{"name", "lang", "time_zone"}},
	{"routes", []string{"unknown_badge", "unknown_badge_groups", "web", "web_groups", "mail", "mail_groups", "job", "job_groups", "edit_profile"}},
	{"cards", []string{"confirm", "cards_per_person", "code_digits", "claim_window", "guess_budget", "pin_digits"}},
	{"quotas", []string{"quota_burst", "quota_day", "quota_site", "anonymous_life"}},
	{"panel", []string{"ask", "session_idle", "session_max"}},
	{"mail", []string{"mail_out", "mail_server", "mail_port", "mail_security", "mail_user", "mail_password_file", "mail_from"}},
	{"keep", []string{"keep_events", "keep_audit", "keep_mails"}},
}

// settingField is a setting with its field.
type settingField struct {
	Kind  access.SettingKind
	Field page.Field
}

// settingSection is a part of the page.
type settingSection struct {
	Title  string
	Fields []settingField
	Shown  []shownSetting
}

// shownSetting is a setting that only an administrator changes, as others see it.
type shownSetting struct{ Label, Value string }

// settingsPage is the page of the settings.
type settingsPage struct {
	Form     *page.Form
	Sections []settingSection
}

func showSettings(r *page.Request) (page.Reply, error) {
	f := r.Fill(nil)
	for _, d := range access.Descriptors {
		fillSetting(r, f, d)
	}
	return settingsReply(r, f)
}

// fillSetting fills a field with what the site has.
func fillSetting(r *page.Request, f *page.Form, d access.Descriptor) {
	value := d.Value(r.Site)
	switch d.Kind {
	case access.Members:
		f.Set(d.Name, strings.FieldsFunc(value, func(c rune) bool { return c == ',' })...)
	case access.Seconds:
		f.Set(d.Name, span(value))
	default:
		f.Set(d.Name, value)
	}
}

// fillShown fills what others than administrators only see.
func fillShown(r *page.Request, f *page.Form) {
	for _, d := range access.Descriptors {
		if d.Admin && !r.May(page.Admin) {
			fillSetting(r, f, d)
		}
	}
}

// span writes seconds in the largest unit that fits: "30d", "12h", "90s".
func span(seconds string) string {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n == 0 {
		return seconds
	}
	for _, u := range []struct {
		of   int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}} {
		if n%u.of == 0 {
			return strconv.FormatInt(n/u.of, 10) + u.name
		}
	}
	return seconds + "s"
}

func settingsReply(r *page.Request, f *page.Form) (page.Reply, error) {
	d := settingsPage{Form: f}
	var groups []page.Option
	err := r.Read(func(tx fleet.Tx) (err error) {
		groups, err = page.GroupOptions(tx)
		return err
	})
	left := slices.Clone(access.Descriptors)
	for _, s := range sections {
		out := settingSection{Title: r.T("manage.settings." + s.name)}
		for _, name := range s.settings {
			if i := slices.IndexFunc(left, func(d access.Descriptor) bool { return d.Name == name }); i >= 0 {
				out.add(r, left[i], settingFieldOf(r, f, left[i], groups))
				left = slices.Delete(left, i, i+1)
			}
		}
		d.Sections = append(d.Sections, out)
	}
	if len(left) > 0 {
		out := settingSection{Title: r.T("manage.settings.other")}
		for _, descriptor := range left {
			out.add(r, descriptor, settingFieldOf(r, f, descriptor, groups))
		}
		d.Sections = append(d.Sections, out)
	}
	return page.Show("manage/settings", r.T("manage.settings.title"), d), err
}

// add adds a setting: as a field to who may change it, as a text to others.
func (s *settingSection) add(r *page.Request, d access.Descriptor, f settingField) {
	if !d.Admin || r.May(page.Admin) {
		s.Fields = append(s.Fields, f)
		return
	}
	text := f.Field.Value
	if d.Kind == access.Flag {
		text = r.T("manage.settings." + d.Value(r.Site))
	}
	var chosen []string
	for _, o := range f.Field.Options {
		if o.Chosen {
			chosen = append(chosen, o.Text)
		}
	}
	if len(chosen) > 0 {
		text = strings.Join(chosen, ", ")
	}
	s.Shown = append(s.Shown, shownSetting{f.Field.Label, cmp.Or(text, "–")})
}

func settingFieldOf(r *page.Request, f *page.Form, d access.Descriptor, groups []page.Option) settingField {
	field := page.Field{ID: "f-" + d.Name, Name: d.Name, Label: d.EN, Type: "text", Max: "500", Value: f.Value(d.Name), Wrong: f.Wrong(d.Name), T: r.T}
	if r.Lang == "fr" {
		field.Label = d.FR
	}
	switch d.Kind {
	case access.Choice:
		for _, c := range d.Choices {
			field.Options = append(field.Options, page.Option{Value: c, Text: r.TOr("manage.choice."+d.Name+"."+c, r.TOr("manage.choice."+c, c)), Chosen: f.Has(d.Name, c)})
		}
	case access.Members:
		for _, g := range groups {
			g.Chosen = f.Has(d.Name, g.Value)
			field.Options = append(field.Options, g)
		}
	case access.Flag:
		field.Value, field.Checked = "true", f.Value(d.Name) == "true"
	case access.Number:
		field.InputMode = "numeric"
	case access.Seconds:
		field.Hint = r.T("manage.settings.span")
	}
	field.Hint = strings.TrimSpace(field.Hint + " " + r.TOr("manage.settings.cnil."+d.Name, ""))
	return settingField{d.Kind, field}
}

// readSettings reads what the form has. What only an administrator changes is no part of the
// form of others: it counts if it came all the same, and is refused then.
func readSettings(r *page.Request, f *page.Form) map[string]string {
	change := make(map[string]string)
	for _, d := range access.Descriptors {
		if d.Admin && !r.May(page.Admin) && len(f.Values(d.Name)) == 0 {
			continue
		}
		switch d.Kind {
		case access.Members:
			change[d.Name] = strings.Join(f.Values(d.Name), ",")
		case access.Flag:
			change[d.Name] = strconv.FormatBool(f.Ticked(d.Name))
		default:
			change[d.Name] = f.Value(d.Name)
		}
	}
	return change
}

// changeSettings sets what differs, all or nothing.
func changeSettings(r *page.Request) (page.Reply, error) {
	f := r.Form()
	change := readSettings(r, f)
	err := r.Write(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, change)
		return err
	})
	var e *refusal.Error
	if errors.As(err, &e) {
		fillShown(r, f)
		field, _ := e.Fields["name"].(string)
		if _, known := access.Describe(field); !known {
			field = ""
		}
		f.Refuse(field, r.Words(e))
		reply, err := settingsReply(r, f)
		return reply.Refused(), err
	}
	return page.Go("/g/reglages").Flash("manage.saved"), err
}
