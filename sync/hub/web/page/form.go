package page

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/refusal"
)

// Form is what was typed into a form, and what is wrong with it.
type Form struct {
	values url.Values
	wrong  map[string]string // field, what is wrong
	Error  string            // that belongs to no field; empty: nothing
	r      *Request
}

// Fields tells to which field of a form the codes of refusals belong.
type Fields map[string]string

// Form is the form that came with the request; an empty one with a GET.
func (r *Request) Form() *Form {
	return &Form{values: r.HTTP.PostForm, wrong: map[string]string{}, r: r}
}

// Fill is a form to be shown with values.
func (r *Request) Fill(values map[string]string) *Form {
	f := &Form{values: url.Values{}, wrong: map[string]string{}, r: r}
	for name, v := range values {
		f.values.Set(name, v)
	}
	return f
}

// Value is what was typed, without spaces around it.
func (f *Form) Value(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw is what was typed, as it is: a password.
func (f *Form) Raw(name string) string { return f.values.Get(name) }

// Values are all values of a field that may have several.
func (f *Form) Values(name string) []string { return f.values[name] }

// Ticked reports whether a box was ticked.
func (f *Form) Ticked(name string) bool { return f.values.Get(name) != "" }

// Has reports whether a value of a field was chosen.
func (f *Form) Has(name, value string) bool { return slices.Contains(f.values[name], value) }

// Set gives fields of a form that is shown their values.
func (f *Form) Set(name string, values ...string) { f.values[name] = values }

// FirstDay is when the day in a field begins; zero: the field is empty, or refused.
func (f *Form) FirstDay(name string) time.Time { return f.readDay(name, f.r.Site.FirstDay) }

// LastDay is when the day in a field ends; zero: the field is empty, or refused.
func (f *Form) LastDay(name string) time.Time { return f.readDay(name, f.r.Site.LastDay) }

func (f *Form) readDay(name string, read func(string) (time.Time, error)) time.Time {
	day := f.Value(name)
	if day == "" {
		return time.Time{}
	}
	t, err := read(day)
	if err != nil {
		f.Refuse(name, f.r.T("page.date.wrong"))
	}
	return t
}

// Refuse says what is wrong with a field; an empty name: with the form.
func (f *Form) Refuse(field, text string) {
	if field == "" {
		f.Error = text
	} else if f.wrong[field] == "" {
		f.wrong[field] = text
	}
}

// OK reports whether nothing is wrong.
func (f *Form) OK() bool { return f.Error == "" && len(f.wrong) == 0 }

// Wrong is what is wrong with a field; empty: nothing.
func (f *Form) Wrong(field string) string { return f.wrong[field] }

// Explain puts the words of a refusal beside the field that it belongs to, or above the
// form. Any other error is returned.
func (f *Form) Explain(err error, fields Fields) error {
	var e *refusal.Error
	if !errors.As(err, &e) || e.Kind == refusal.Missing && e.Code == CodeNotFound {
		return err
	}
	f.Refuse(fields[e.Code], f.r.Words(e))
	return nil
}
