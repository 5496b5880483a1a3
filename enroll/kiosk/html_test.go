package kiosk

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"badged/enroll"
	"badged/internal/printjobs"
	"badged/internal/profile"
)

// shown is everything from outside that a page shows.
type shown struct {
	name, email, point, session, lang, bad string
}

func (s shown) each(fn func(string) string) shown {
	return shown{fn(s.name), fn(s.email), fn(s.point), fn(s.session), fn(s.lang), fn(s.bad)}
}

// harmless is a text as long as s, of letters only.
func harmless(s string) string { return strings.Repeat("x", utf8.RuneCountInString(s)) }

// pagesOf are the pages that show s.
func pagesOf(k *Kiosk, s shown) map[string]string {
	screen := enroll.Screen{
		Session: s.session, Lang: "fr", EditProfile: true, Notice: enroll.BadRead, Ends: time.Now().Add(time.Hour),
		Account: enroll.Account{Name: s.name, Lang: s.lang},
	}
	v := k.view(&point{name: s.point}, screen, place{page: pageEdit})
	v.Left, v.Version, v.Form = 1, "", "" // the same in all of them
	edit, home, idle, jobs, deletion := v, v, v, v, v
	jobs.Page, deletion.Page, deletion.Job = pageHome, pageDelete, 7
	jobs.Held = printjobs.Held{State: printjobs.Listed, Session: s.session, Jobs: []printjobs.Job{{ID: 7, Title: s.name}, {ID: 8, Title: s.bad, Phase: printjobs.Printed}}}
	deletion.Held = jobs.Held
	edit.Fields = fields{
		Edit:  enroll.Edit{Name: s.name, Email: s.email, Lang: s.lang},
		Wrong: &enroll.FieldError{Field: "name", Problem: profile.Problem(s.bad)},
	}
	home.Page = pageHome
	idle.Page, idle.Session = pageIdle, ""
	all := map[string]string{}
	for name, v := range map[string]view{"edit": edit, "home": home, "idle": idle, "jobs": jobs, "delete": deletion} {
		page, err := pages.Render("document", v)
		if err != nil {
			panic(err)
		}
		all[name] = string(page)
	}
	return all
}

func parse(t interface{ Fatal(...any) }, page string) *html.Node {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// skeleton is a page without its texts: its elements with the names of their
// attributes, and the whole of those that decide what a browser does.
func skeleton(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type != html.ElementNode {
			if d.Type != html.TextNode {
				fmt.Fprintln(&b, d.Type)
			}
			continue
		}
		fmt.Fprint(&b, d.Parent.Data, ">", d.Data)
		for _, a := range d.Attr {
			fmt.Fprint(&b, " ", a.Key)
			if slices.Contains([]string{"id", "name", "type", "class", "method", "rel", "http-equiv", "role"}, a.Key) {
				fmt.Fprint(&b, "=", a.Val)
			}
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// checkPages: whatever is typed, the pages have the elements that they have for
// letters, show the text as it is, and lead nowhere else.
func checkPages(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}, k *Kiosk, s shown,
) {
	if harmless(s.name) == "" || s.session == "" {
		s.name, s.session = s.name+"x", s.session+"x" // nobody and no session are other pages
	}
	plain := pagesOf(k, s.each(harmless))
	for name, page := range pagesOf(k, s) {
		root := parse(t, page)
		if got, want := skeleton(root), skeleton(parse(t, plain[name])); got != want {
			t.Fatalf("%s of %+q has another structure:\n%s\nwant\n%s", name, s, got, want)
		}
		checkAddresses(t, root, s.point)
		if name == "edit" {
			checkValue(t, root, "name", s.name)
			checkValue(t, root, "email", s.email)
		}
	}
}

func checkAddresses(t interface{ Errorf(string, ...any) }, root *html.Node, point string) {
	for d := range root.Descendants() {
		for _, a := range d.Attr {
			if a.Key != "href" && a.Key != "src" && a.Key != "action" {
				continue
			}
			base := "/p/" + url.PathEscape(point)
			if rest, ok := strings.CutPrefix(a.Val, base); (!ok || strings.Trim(rest, "/abcdefghijklmnopqrstuvwxyz?=0123456789") != "") && !strings.HasPrefix(a.Val, "/static/") {
				t.Errorf("%s leads to %q", d.Data, a.Val)
			}
		}
	}
}

func checkValue(t interface{ Errorf(string, ...any) }, root *html.Node, id, want string) {
	want = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(clean(want)) // as HTML reads a line's end
	for d := range root.Descendants() {
		attrs := map[string]string{}
		for _, a := range d.Attr {
			attrs[a.Key] = a.Val
		}
		if d.Data == "input" && attrs["id"] == id && attrs["value"] != want {
			t.Errorf("field %s has %q, want %q", id, attrs["value"], want)
		}
	}
}

var hostile = []string{
	`"><script>alert(1)</script>`, `' onmouseover='x`, `" autofocus onfocus="x`, `</title><svg onload=x>`, `</textarea></noscript><b>`,
	`&lt;b&gt;`, `&quot;`, `&#34;`, "a\x00b", "\xff\xfe<", "\r\n<", "<!--", "]]>", "`", "=", "{{.}}", "%s%d", "../..", "javascript:x", "//x/", "\u2028", "</svg><style>",
}

func TestNothingTypedBecomesMarkup(t *testing.T) {
	k := New(Options{Panel: newDesk(), Points: []string{"hall"}})
	piece := rapid.OneOf(rapid.SampledFrom(hostile), rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune(`<>&"'=/ -!x;#`+"\x00\n\t")), 0, 20, -1))
	typed := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 4).Draw(t, "pieces"), "") })
	rapid.Check(t, func(t *rapid.T) {
		checkPages(t, k, shown{
			typed.Draw(t, "name"), typed.Draw(t, "email"), typed.Draw(t, "point"), typed.Draw(t, "session"), typed.Draw(t, "lang"), typed.Draw(t, "bad"),
		})
	})
}

func FuzzPages(f *testing.F) {
	k := New(Options{Panel: newDesk(), Points: []string{"hall"}})
	for i, s := range hostile {
		f.Add(s, hostile[(i+1)%len(hostile)], hostile[(i+2)%len(hostile)], s)
	}
	f.Fuzz(func(t *testing.T, name, email, point, session string) {
		checkPages(t, k, shown{name, email, point, session, name, email})
	})
}

// clean replaces what no HTML may have: NUL, and bytes that are not UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func TestPagesAreCleanUTF8(t *testing.T) {
	k := New(Options{Panel: newDesk(), Points: []string{"hall"}})
	for _, s := range hostile {
		for name, page := range pagesOf(k, shown{s, s, s, s, s, s}) {
			if !utf8.ValidString(page) || strings.ContainsRune(page, 0) {
				t.Errorf("%s of %+q is not clean UTF-8", name, s)
			}
		}
	}
}
