package mail

import (
	_ "embed"
	"html/template"
	"maps"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// Content is what a mail says, and to whom.
type Content struct {
	Site   string // its name
	Lang   string // "fr" or "en"
	Zone   *time.Location
	Fields Fields
}

// Letter is a mail to read.
type Letter struct {
	Subject, Text, HTML string
	Paragraphs          [][]Line // what the HTML shows
	Footer              string
}

// Example is content to look at a template with.
func Example(p Purpose, lang string) Content {
	all := Fields{
		"name": "Amélie Dupré", "user_name": "amelie.dupre@example.com", "address": "a.dupre@example.com", "other": "anonym12",
		"card": "41c0ffee", "door": "front", "link": "https://hub.example.com/lien/AAAAAAAAAAAAAAAAAAAAAA",
		"until": At(time.Date(2030, 1, 31, 18, 0, 0, 0, time.UTC)), "at": At(time.Date(2030, 1, 31, 8, 5, 0, 0, time.UTC)), "pin": "840613",
	}
	c := Content{Site: "badged", Lang: lang, Zone: time.UTC, Fields: Fields{}}
	names, _ := FieldsOf(p)
	for _, name := range names {
		c.Fields[name] = all[name]
	}
	return c
}

// Render makes the mail of a template.
func Render(t Template, c Content) (Letter, error) {
	values := c.values(t.Purpose)
	marked := maps.Clone(values)
	for _, name := range secretsOfPurpose(t.Purpose) {
		marked[name] = mark(name)
	}
	subject, err := t.execute(t.Subject, "subject", marked)
	if err != nil {
		return Letter{}, err
	}
	body, err := t.execute(t.Body, "body", marked)
	if err != nil {
		return Letter{}, err
	}
	if err := t.checkPlaces(subject, body); err != nil {
		return Letter{}, err
	}
	for _, name := range secretsOfPurpose(t.Purpose) {
		body = strings.ReplaceAll(body, mark(name), values[name])
	}
	l := layout{Lang: c.Lang, Subject: oneLine(subject), Site: values[siteField], Paragraphs: paragraphs(body, t.Purpose, values)}
	var html strings.Builder
	if err := page.Execute(&html, l); err != nil {
		return Letter{}, err
	}
	return Letter{Subject: l.Subject, Text: l.text(body), HTML: html.String(), Paragraphs: l.Paragraphs, Footer: l.Footer()}, nil
}

// values are all fields as the reader sees them.
func (c Content) values(p Purpose) map[string]string {
	values := map[string]string{siteField: isolate(SiteName(c.Site))}
	names, _ := FieldsOf(p)
	for _, name := range names {
		v := c.Fields[name]
		switch fieldKinds[name] {
		case Text:
			v = isolate(cut(v))
			if instead, typed := typedByStrangers[name]; typed && looksLikeLink(v) {
				v = instead
			}
		case Moment:
			v = c.moment(v)
		}
		values[name] = v
	}
	return values
}

// typedByStrangers are the fields that anybody can fill at a panel or on a page, with what
// stands in place of one that looks like a link.
var typedByStrangers = map[string]string{"name": "", "other": "(…)"}

// SiteName is the name of the site as mails show it, also in their header: one short line of
// visible characters, whatever the database holds.
func SiteName(s string) string {
	visible := strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	return cut(strings.Join(strings.Fields(visible), " "))
}

// maxShown bounds how much of a text a mail shows, in characters.
const maxShown = 80

func cut(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown-1]) + "…"
	}
	return s
}

// linkRE is what a program that shows mails makes a link of.
var linkRE = regexp.MustCompile(`(?i)://|www\.|[/@]|[\pL\pN]\.[\pL]{2}`)

// looksLikeLink reports whether a name is one that people would click on: anybody can have
// the hub write to somebody, under a name that they choose.
func looksLikeLink(name string) bool { return linkRE.MatchString(name) }

// isolate keeps a text that is written from right to left from turning what stands around it.
func isolate(s string) string {
	const first, pop = "\u2068", "\u2069"
	for _, r := range s {
		if p, _ := bidi.LookupRune(r); p.Class() == bidi.R || p.Class() == bidi.AL || p.Class() == bidi.AN {
			return first + s + pop
		}
	}
	return s
}

// moment writes a time in the mail's language and the site's time zone.
func (c Content) moment(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	if c.Zone != nil {
		at = at.In(c.Zone)
	}
	if c.Lang == "fr" {
		return frenchDay(at) + " à\u00a0" + at.Format("15:04")
	}
	return at.Format("2 January 2006 at 15:04")
}

var frenchMonths = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

func frenchDay(t time.Time) string {
	day := t.Format("2")
	if t.Day() == 1 {
		day = "1er"
	}
	return day + " " + frenchMonths[t.Month()-1] + t.Format(" 2006")
}

// oneLine makes a subject of what may have line breaks; spaces that hold words together stay.
func oneLine(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n", " ")) }

// layout is what the HTML of every mail is made of.
type layout struct {
	Lang, Subject, Site string
	Paragraphs          [][]Line
}

// Line is one line of a paragraph. With a URL it is a button, with a Code a label and
// something to read digit by digit.
type Line struct{ Text, URL, Code string }

// paragraphs parts a body at its empty lines.
func paragraphs(body string, p Purpose, values map[string]string) (out [][]Line) {
	var now []Line
	for _, text := range append(strings.Split(body, "\n"), "") {
		text = strings.TrimSpace(text)
		switch {
		case text != "":
			now = append(now, lineOf(text, p, values))
		case now != nil:
			out, now = append(out, now), nil
		}
	}
	return out
}

func lineOf(text string, p Purpose, values map[string]string) Line {
	names, _ := FieldsOf(p)
	for _, name := range names {
		label, isLast := strings.CutSuffix(text, values[name])
		if !isLast || values[name] == "" {
			continue
		}
		label = strings.TrimRightFunc(label, func(r rune) bool { return unicode.IsSpace(r) || r == ':' })
		switch fieldKinds[name] {
		case Link:
			return Line{Text: label, URL: values[name]}
		case Hidden:
			return Line{Text: label, Code: values[name]}
		}
	}
	return Line{Text: text}
}

// text is the plain part: the body, and who sent it.
func (l layout) text(body string) string {
	return strings.TrimSpace(body) + "\n\n-- \n" + l.Footer() + "\n"
}

// Footer says who wrote.
func (l layout) Footer() string {
	if l.Lang == "fr" {
		return l.Site + " — courriel envoyé automatiquement, les réponses ne sont pas lues."
	}
	return l.Site + " — sent automatically, replies are not read."
}

//go:embed layout.html
var layoutHTML string

var page = template.Must(template.New("mail").Parse(layoutHTML))
