package kiosk

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"badged/enroll"
)

// convertedIn is which functions may make markup and addresses out of a string.
var convertedIn = map[string][]string{
	"markup":  {"text", "lines"},
	"address": {"basePath", "assetURL"},
}

// addresses, styles and scripts are not for attr: quotes are not enough there.
func isRisky(name string) bool {
	return slices.Contains([]string{"href", "src", "action", "formaction", "srcset", "style", "srcdoc"}, name) || strings.HasPrefix(name, "on")
}

func TestMarkupIsMadeInOnePlace(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			ast.Inspect(d, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					checkCall(t, name, nameOf(d), call, made)
				}
				return true
			})
		}
	}
	if made["markup"] != 2 || made["address"] != 2 || made["attr"] < 20 {
		t.Errorf("found %v: not what this test looks for", made)
	}
}

func nameOf(d ast.Decl) string {
	if f, ok := d.(*ast.FuncDecl); ok {
		return f.Name.Name
	}
	return ""
}

func checkCall(t *testing.T, file, in string, call *ast.CallExpr, made map[string]int) {
	to, ok := call.Fun.(*ast.Ident)
	if !ok {
		return
	}
	made[to.Name]++
	if may, ok := convertedIn[to.Name]; ok && !slices.Contains(may, in) {
		t.Errorf("%s: %s makes %s out of a string", file, in, to.Name)
	}
	if to.Name != "attr" || in == "link" {
		return
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		t.Errorf("%s: %s: the name of an attribute is not a constant", file, in)
		return
	}
	if attr, _ := strconv.Unquote(lit.Value); isRisky(attr) {
		t.Errorf("%s: %s: %s is not for attr", file, in, attr)
	}
}

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
func pagesOf(k *Kiosk, s shown) map[string]markup {
	screen := enroll.Screen{
		Session: s.session, SiteLang: "fr", EditProfile: true, Notice: enroll.BadRead, Ends: time.Now().Add(time.Hour),
		Account: enroll.Account{Name: s.name, Email: s.email, Lang: s.lang},
	}
	v := k.view(newPoint(s.point), screen, pageEdit)
	v.Left, v.Version, v.Form = 1, "", "" // the same in all of them
	edit, home, idle := v, v, v
	edit.Fields = fields{
		Edit:  enroll.Edit{Name: s.name, Email: s.email, Lang: s.lang},
		Wrong: &enroll.FieldError{Field: "name", Problem: enroll.Problem(s.bad)},
	}
	home.Page = pageHome
	idle.Page, idle.Session = pageIdle, ""
	return map[string]markup{"edit": edit.document(), "home": home.document(), "idle": idle.document()}
}

func parse(t interface{ Fatal(...any) }, page markup) *html.Node {
	root, err := html.Parse(strings.NewReader(string(page)))
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
			if rest, ok := strings.CutPrefix(a.Val, base); (!ok || strings.Trim(rest, "/abcdefghijklmnopqrstuvwxyz") != "") && !strings.HasPrefix(a.Val, "/static/") {
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

func TestTextIsCleanUTF8(t *testing.T) {
	for _, s := range hostile {
		got := string(text(s))
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r == 0 || strings.ContainsRune(`<>"'`, r) }) {
			t.Errorf("text(%q) = %q", s, got)
		}
	}
}
