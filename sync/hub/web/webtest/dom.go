package webtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Page is what a browser shows.
type Page struct {
	Status int
	Path   string // with the query
	Header http.Header
	Body   string

	t      testing.TB
	b      *Browser
	root   *html.Node
	filled url.Values // typed over what the form has
}

func newPage(b *Browser, resp *http.Response, body string) *Page {
	b.t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return &Page{resp.StatusCode, resp.Request.URL.RequestURI(), resp.Header, body, b.t, b, root, url.Values{}}
}

// Is fails unless the page has a status.
func (p *Page) Is(status int) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("%s: status %d, want %d:\n%s", p.Path, p.Status, status, p.Text())
	}
	return p
}

// Shows fails unless the page has a text.
func (p *Page) Shows(texts ...string) *Page {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Text(), text) {
			p.t.Fatalf("%s does not show %q:\n%s", p.Path, text, p.Text())
		}
	}
	return p
}

// Hides fails if the page has a text anywhere, in attributes too.
func (p *Page) Hides(texts ...string) *Page {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) || strings.Contains(p.Text(), text) {
			p.t.Fatalf("%s has %q:\n%s", p.Path, text, p.Text())
		}
	}
	return p
}

// Text is what a person reads of the page, with single spaces.
func (p *Page) Text() string { return textOf(p.root) }

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			b.WriteString(d.Data)
			b.WriteString(" ")
		}
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(b.String(), "\u00a0", " ")), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// find gives the elements of a kind, in the order of the page.
func find(root *html.Node, kinds ...string) (found []*html.Node) {
	for d := range root.Descendants() {
		if d.Type == html.ElementNode && slices.Contains(kinds, d.Data) {
			found = append(found, d)
		}
	}
	return found
}

// Title is the page's heading.
func (p *Page) Title() string {
	for _, h := range find(p.root, "h1") {
		return textOf(h)
	}
	return ""
}

// Follow opens the link with a text.
func (p *Page) Follow(text string) *Page {
	p.t.Helper()
	return p.b.Open(p.Link(text))
}

// Link is where the link with a text leads.
func (p *Page) Link(text string) string {
	p.t.Helper()
	for _, a := range find(p.root, "a") {
		if textOf(a) == text {
			return attr(a, "href")
		}
	}
	p.t.Fatalf("%s has no link %q:\n%s", p.Path, text, p.Text())
	return ""
}

// HasLink reports whether there is a link or a button with a text.
func (p *Page) HasLink(text string) bool {
	return slices.ContainsFunc(find(p.root, "a", "button"), func(n *html.Node) bool { return textOf(n) == text })
}

// Fill types into a field of the page, or chooses its values.
func (p *Page) Fill(name string, values ...string) *Page {
	p.t.Helper()
	if !slices.ContainsFunc(find(p.root, "input", "select", "textarea"), func(n *html.Node) bool { return attr(n, "name") == name }) {
		p.t.Fatalf("%s has no field %q:\n%s", p.Path, name, p.Text())
	}
	p.filled[name] = values
	return p
}

// Value is what a field of the page has.
func (p *Page) Value(name string) string {
	for _, f := range find(p.root, "form") {
		if values := formValues(f); values.Has(name) {
			return values.Get(name)
		}
	}
	return ""
}

// Press presses the button with a text, which sends its form.
func (p *Page) Press(text string) *Page {
	p.t.Helper()
	for _, b := range find(p.root, "button") {
		if textOf(b) == text {
			return p.send(b)
		}
	}
	p.t.Fatalf("%s has no button %q:\n%s", p.Path, text, p.Text())
	return nil
}

func (p *Page) send(button *html.Node) *Page {
	p.t.Helper()
	form := button
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if id := attr(button, "form"); id != "" {
		form = p.byID(id)
	}
	if form == nil {
		p.t.Fatalf("%s: the button %q has no form", p.Path, textOf(button))
	}
	values := formValues(form)
	p.addOutside(values, attr(form, "id"))
	for name, v := range p.filled {
		values[name] = v
	}
	if name := attr(button, "name"); name != "" {
		values.Set(name, attr(button, "value"))
	}
	action := attr(form, "action")
	if attr(button, "formaction") != "" {
		action = attr(button, "formaction")
	}
	if action == "" {
		action = p.Path
	}
	if strings.EqualFold(attr(form, "method"), "post") {
		return p.b.Post(action, values)
	}
	return p.b.Open(action + "?" + values.Encode())
}

func (p *Page) byID(id string) *html.Node {
	for d := range p.root.Descendants() {
		if d.Type == html.ElementNode && attr(d, "id") == id {
			return d
		}
	}
	return nil
}

// addOutside adds the fields that stand elsewhere and name the form.
func (p *Page) addOutside(values url.Values, form string) {
	if form == "" {
		return
	}
	for _, n := range find(p.root, "input", "select", "textarea") {
		if attr(n, "form") == form {
			addValue(values, n)
		}
	}
}

// formValues are what a form sends as it is.
func formValues(form *html.Node) url.Values {
	values := url.Values{}
	for _, n := range find(form, "input", "select", "textarea") {
		addValue(values, n)
	}
	return values
}

func addValue(values url.Values, n *html.Node) {
	name := attr(n, "name")
	switch kind := attr(n, "type"); {
	case name == "" || kind == "submit" || kind == "file":
	case n.Data == "textarea":
		values.Add(name, strings.TrimPrefix(rawText(n), "\n"))
	case n.Data == "select":
		values.Add(name, chosen(n))
	case (kind == "checkbox" || kind == "radio") && !has(n, "checked"):
	default:
		values.Add(name, attr(n, "value"))
	}
}

func rawText(n *html.Node) string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

func chosen(sel *html.Node) string {
	options := find(sel, "option")
	for _, o := range options {
		if has(o, "selected") {
			return attr(o, "value")
		}
	}
	if len(options) > 0 {
		return attr(options[0], "value")
	}
	return ""
}
