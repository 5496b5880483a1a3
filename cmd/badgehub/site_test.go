package main

import (
	"slices"
	"strconv"
	"testing"

	"badged/sync/hub/api"
)

// Every setting changes the one that it names and no other: quota_day could have been
// without effect for ever.
func TestEverySettingOfTheSiteTakesEffect(t *testing.T) {
	p := serveIn(t, t.TempDir())
	other := map[string]string{
		"name": "Lyon", "lang": "en", "time_zone": "Asia/Kathmandu", "unknown_badge": "bind", "confirm": "admin", "cards_per_person": "one",
		"mail_out": "sendmail", "mail_server": "mail.example.org", "mail_security": "tls", "mail_user": "hub", "mail_password_file": "mail",
		"mail_from": "hub@example.org", "new_account_mail": "link", "ask": "the caretaker",
	}
	get[api.Group](p, "group", "add", "Staff")
	before := get[api.Site](p, "site", "show")
	isSwitch := func(s api.Setting) bool { return s.Name == "mail_out" } // the last: it needs the others
	settings := slices.DeleteFunc(slices.Clone(before.Settings), isSwitch)
	settings = append(settings, before.Settings[slices.IndexFunc(before.Settings, isSwitch)])
	for _, s := range settings {
		value := other[s.Name]
		switch {
		case s.Kind == "flag" && s.Value == "true":
			value = "false"
		case s.Kind == "flag":
			value = "true"
		case s.Kind == "groups":
			value = "1"
		case s.Kind == "number", s.Kind == "seconds", s.Kind == "months", s.Kind == "days":
			value = someOther(s)
		case value == "":
			t.Errorf("no value for %s: say in this test what it is set to", s.Name)
			continue
		}
		if _, err := p.run("site", "set", s.Name+"="+value); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		after := get[api.Site](p, "site", "show")
		for i, was := range before.Settings {
			want := was.Value
			if was.Name == s.Name {
				want = value
			}
			if after.Settings[i].Value != want {
				t.Errorf("after %s=%s: %s is %q, want %q", s.Name, value, was.Name, after.Settings[i].Value, want)
			}
		}
		before = after
	}
}

// someOther is a value within a setting's bounds that it does not have.
func someOther(s api.Setting) string {
	if max := strconv.FormatInt(s.Max, 10); max != s.Value {
		return max
	}
	return strconv.FormatInt(s.Min, 10)
}
