package kiosk

import "badged/enroll"

// fields is the edit form as filled, and what is wrong with it.
type fields struct {
	enroll.Edit
	Wrong  *enroll.FieldError
	Banner *banner
}

// entry is a field that is typed.
type entry struct {
	Name, Label, Value string
	Mode, Capitals     string // attributes of the input
	Problem            string // empty: none
	Note               string // empty: none
	Focus              bool   // the page opens with the cursor here
}

// Entries is the fields that are typed, where the site lets people fill them.
func (v view) Entries() []entry {
	if !v.Screen.EditProfile {
		return nil
	}
	return []entry{
		{"name", v.T("edit.name"), v.Fields.Name, "text", "words", v.Problem("name"), "", v.focus("name")},
		{"email", v.T("edit.email"), v.Fields.Email, "email", "none", v.Problem("email"), v.emailNote(), v.focus("email")},
	}
}

// emailNote says what the hub has: the address itself stays there.
func (v view) emailNote() string {
	switch v.Screen.Account.EmailState {
	case enroll.EmailToConfirm:
		return v.T("edit.email.confirm")
	case enroll.EmailConfirmed:
		return v.T("edit.email.kept")
	default:
		return ""
	}
}

// Problem is what is wrong with a field, or nothing.
func (v view) Problem(field string) string {
	w := v.Fields.Wrong
	if w == nil || w.Field != field {
		return ""
	}
	return v.T("problem." + field + "." + string(w.Problem))
}

// focus reports whether the page opens with the cursor in a field: the one that is
// wrong, or else the first.
func (v view) focus(field string) bool {
	if w := v.Fields.Wrong; w != nil {
		return w.Field == field
	}
	return field == "name"
}

// Languages is those that the panel speaks.
func (v view) Languages() []panelLanguage { return languages }
