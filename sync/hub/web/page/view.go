package page

import (
	"slices"
	"strings"
	"time"
)

// View is what a template gets. The handler's own data is in Data.
type View struct {
	*Request
	Title string
	Data  any
	wrong bool // the page says what is wrong
}

// HeadTitle is what the window and a screen reader say first.
func (v *View) HeadTitle() string {
	title := v.Title + " · " + v.Site.Name
	if v.wrong && v.Data != nil {
		return v.T("page.wrong") + title
	}
	return title
}

// Layout is the frame of the page.
func (v *View) Layout() Layout {
	if v.part == nil {
		return Narrow
	}
	return v.part.Layout
}

// Flash is the message that a former step left; empty: none.
func (v *View) Flash() string { return v.flash }

// Name is who is logged in, in a few words.
func (v *View) Name() string {
	a := v.Account()
	if name := strings.TrimSpace(a.First + " " + a.Last); name != "" {
		return name
	}
	return a.Email
}

// SignedIn reports whether somebody is logged in.
func (v *View) SignedIn() bool { return v.Person != nil }

// Manages reports whether the person may see some page of management.
func (v *View) Manages() bool { return v.May(Manager) }

// Tag is a word with a colour.
type Tag struct{ Text, Tone string }

// Link is a line of the menu, or a tab.
type Link struct {
	Path, Text string
	Current    bool
}

// Menu is the pages of this part that the person may see.
func (v *View) Menu() (links []Link) {
	if v.part == nil {
		return nil
	}
	here, best := v.HTTP.URL.Path, -1
	for _, item := range v.part.Menu {
		if !v.May(item.Right) {
			continue
		}
		if v.part.covers(item, here) && (best < 0 || len(item.Path) > len(links[best].Path)) {
			best = len(links)
		}
		links = append(links, Link{Path: item.Path, Text: v.T(item.Text)})
	}
	if best >= 0 {
		links[best].Current = true
	}
	return links
}

// covers reports whether an item of the menu stands for the page at a path: its own, and those
// below unless other items are.
func (p *Part) covers(item Item, path string) bool {
	if path == item.Path {
		return true
	}
	return isBelow(path, item.Path) && !slices.ContainsFunc(p.Menu, func(o Item) bool { return o != item && isBelow(o.Path, item.Path) })
}

// isBelow reports whether a path is another or continues it.
func isBelow(path, base string) bool {
	return path == base || strings.HasPrefix(path, strings.TrimSuffix(base, "/")+"/")
}

// Here is the address of this page.
func (v *View) Here() string { return v.HTTP.URL.RequestURI() }

// OtherLangs are the languages that the page is not in, with their own names.
func (v *View) OtherLangs() (links []Link) {
	for _, lang := range Langs {
		if lang != v.Lang {
			links = append(links, Link{Path: lang, Text: map[string]string{"fr": "Français", "en": "English"}[lang]})
		}
	}
	return links
}

// Number writes a number as the person's language does.
func (v *View) Number(n int) string { return Number(v.Lang, n) }

// Date writes a day; a zero time is a dash.
func (r *Request) Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(r.Zone())
	if r.Lang == "fr" {
		return t.Format("02/01/2006")
	}
	return t.Format("2 Jan 2006")
}

// Clock writes the time of a day to the second.
func (r *Request) Clock(t time.Time) string { return t.In(r.Zone()).Format(time.TimeOnly) }

// ToTheSecond writes a moment to the second, with its day if that is not today.
func (r *Request) ToTheSecond(t time.Time) string {
	if r.Date(t) == r.Date(r.Now) {
		return r.Clock(t)
	}
	return r.Date(t) + ", " + r.Clock(t)
}

// DateTime writes a moment to the minute; a zero time is a dash.
func (r *Request) DateTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(r.Zone())
	if r.Lang == "fr" {
		return t.Format("02/01/2006 15:04")
	}
	return t.Format("2 Jan 2006, 15:04")
}

// Machine writes a moment for the attribute datetime.
func (v *View) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
