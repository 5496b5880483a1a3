package page

import (
	"fmt"
	"strings"
)

// Field is one field of a form as a template shows it.
type Field struct {
	ID, Name, Label, Value string
	Hint                   string
	Wrong                  string
	Type                   string // of an input
	Autocomplete           string
	InputMode              string
	Rows                   string // of a textarea
	Max                    string // characters
	Min, Most, Step        string
	Optional               bool
	Checked                bool
	Focus                  bool
	Options                []Option
	T                      func(key string, args ...any) string
}

// Describe is the ids of what explains the field, for aria-describedby; empty: nothing.
func (f Field) Describe() string {
	var ids []string
	if f.Wrong != "" {
		ids = append(ids, f.ID+"-wrong")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	return strings.Join(ids, " ")
}

// Field makes a field for the templates input, textarea, password and check: its name, the
// key of its label, and options: "type=email", "autocomplete=username", "hint=KEY",
// "inputmode=numeric", "rows=6", "max=100", "min=1", "most=9", "step=1", "value=1" of a box,
// "optional", "focus".
func (v *View) Field(f *Form, name, label string, options ...string) (Field, error) {
	field := Field{ID: "f-" + name, Name: name, Label: v.T(label), Type: "text", Wrong: f.Wrong(name), T: v.T, Max: "254"}
	field.Value = f.values.Get(name)
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		if err := field.set(v, key, value); err != nil {
			return field, err
		}
	}
	field.Checked = f.Has(name, field.Value) && field.Value != ""
	return field, nil
}

func (f *Field) set(v *View, key, value string) error {
	switch key {
	case "optional":
		f.Optional = true
	case "focus":
		f.Focus = true
	case "hint":
		f.Hint = v.T(value)
	case "value":
		f.Value = value
	default:
		into := map[string]*string{
			"type": &f.Type, "autocomplete": &f.Autocomplete, "inputmode": &f.InputMode, "rows": &f.Rows,
			"max": &f.Max, "min": &f.Min, "most": &f.Most, "step": &f.Step,
		}[key]
		if into == nil {
			return fmt.Errorf("the field %s has an option %q, which there is not", f.Name, key)
		}
		*into = value
	}
	return nil
}

// Box is a tick box with the value "1".
func (v *View) Box(f *Form, name, label string, options ...string) (Field, error) {
	return v.Field(f, name, label, append([]string{"value=1"}, options...)...)
}

// Choice makes a field for the templates select, radios and checks: those of options that
// the form has chosen are chosen.
func (v *View) Choice(f *Form, name, label string, options []Option, more ...string) (Field, error) {
	field, err := v.Field(f, name, label, more...)
	field.Options = append(field.Options, options...)
	for i, o := range field.Options {
		field.Options[i].Chosen = f.Has(name, o.Value)
	}
	return field, err
}
