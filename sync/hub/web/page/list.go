package page

import (
	"net/url"
	"slices"
	"time"

	"badged/sync/hub/people"
)

// List is a list in pages: what is searched for, filtered and shown next. All of it is in
// the address, so that a page can be kept, sent and gone back to.
type List struct {
	Path    string
	Label   string // of the search field; empty: there is none
	Search  string
	Filters []Filter
	Next    string // cursor of the next page; empty: this is the last
	values  url.Values
}

// Filter is a choice above a list.
type Filter struct {
	Name, Label string
	Options     []Option
	Date        bool // a day in place of options
	Value       string
}

// PerPage is how many lines a page of a list shows.
const PerPage = 50

// The names of a list's parameters.
const (
	searchParam = "q"
	afterParam  = "after"
	orderParam  = "order"
)

// List reads what the address asks of a list.
func (r *Request) List(label string, filters ...Filter) *List {
	values := r.HTTP.URL.Query()
	l := &List{Path: r.HTTP.URL.Path, Label: label, Search: values.Get(searchParam), Filters: filters, values: values}
	for i := range l.Filters {
		l.Filters[i].choose(values.Get(l.Filters[i].Name))
	}
	return l
}

// NameList reads what the address asks of a list of things that go by a name.
func (r *Request) NameList(filters ...Filter) *List {
	return r.List(r.T("page.search.name"), filters...)
}

// Listing is what a list of things that go by a name is asked for.
func (l *List) Listing() people.Listing {
	return people.Listing{Search: l.Search, Order: people.Order(l.Order()), After: l.After(), Limit: PerPage}
}

func (f *Filter) choose(value string) {
	if _, err := time.Parse(time.DateOnly, value); f.Date && err == nil {
		f.Value = value
	}
	f.Options = slices.Clone(f.Options)
	for i, o := range f.Options {
		if o.Value == value {
			f.Options[i].Chosen, f.Value = true, value
		}
	}
}

// Value is what a filter was set to, one of its options; empty: any.
func (l *List) Value(name string) string {
	for _, f := range l.Filters {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// After is the cursor of the page that is asked for.
func (l *List) After() string { return l.values.Get(afterParam) }

// Order is the order that is asked for.
func (l *List) Order() string { return l.values.Get(orderParam) }

// Filtered reports whether the list shows less than all.
func (l *List) Filtered() bool {
	return l.Search != "" || slices.ContainsFunc(l.Filters, func(f Filter) bool { return f.Value != "" })
}

// with is the address of this list with one parameter changed, at its beginning.
func (l *List) with(name, value string) string {
	values := url.Values{}
	for _, keep := range append([]string{searchParam, orderParam}, l.names()...) {
		if v := l.values.Get(keep); v != "" {
			values.Set(keep, v)
		}
	}
	values.Set(name, value)
	if value == "" {
		values.Del(name)
	}
	if len(values) == 0 {
		return l.Path
	}
	return l.Path + "?" + values.Encode()
}

func (l *List) names() (names []string) {
	for _, f := range l.Filters {
		names = append(names, f.Name)
	}
	return names
}

// NextPath is the address of the next page.
func (l *List) NextPath() string { return l.with(afterParam, l.Next) }

// FirstPath is the address of the first page.
func (l *List) FirstPath() string { return l.with(afterParam, "") }

// OrderPath is the address of the list in another order.
func (l *List) OrderPath(order string) string { return l.with(orderParam, order) }

// ExportPath is the address below the list's own of what is listed now, as a file.
func (l *List) ExportPath(name string) string {
	below := *l
	below.Path += "/" + name
	return below.FirstPath()
}

// Lister is what the templates list-head and list-foot take.
type Lister struct {
	*View
	List *List
}

// WithList passes a list to the templates list-head and list-foot.
func (v *View) WithList(l *List) Lister { return Lister{v, l} }

// Nothing is what stands in place of a list without lines.
type Nothing struct{ Title, Text, Path, Button string }

// Empty says that there is nothing yet and what to do, by the keys of texts; path and button
// may be empty.
func (v *View) Empty(title, text, path, button string) Nothing {
	n := Nothing{Title: v.T(title), Text: v.T(text), Path: path}
	if button != "" {
		n.Button = v.T(button)
	}
	return n
}
