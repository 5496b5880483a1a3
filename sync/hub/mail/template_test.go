package mail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
)

// eachDefault runs a part for every purpose in both languages.
func eachDefault(t *testing.T, fn func(t *testing.T, tpl mail.Template)) {
	for _, p := range mail.Purposes() {
		for _, lang := range []string{"fr", "en"} {
			t.Run(fmt.Sprint(p, " ", lang), func(t *testing.T) {
				tpl, err := mail.Default(p, lang)
				if err != nil {
					t.Fatal(err)
				}
				fn(t, tpl)
			})
		}
	}
}

func render(t *testing.T, tpl mail.Template, c mail.Content) mail.Letter {
	t.Helper()
	l, err := mail.Render(tpl, c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// htmlOf gives the texts and the links of a page.
func htmlOf(t *testing.T, page string) (texts, links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && strings.TrimSpace(n.Data) != "" {
			texts = append(texts, strings.TrimSpace(n.Data))
		}
		for _, a := range n.Attr {
			if a.Key == "href" || a.Key == "src" {
				links = append(links, a.Val)
			}
		}
	}
	return texts, links
}

// S5.06: every mail is in one language, the same in text and HTML, with all that its reader
// needs; nothing in it is loaded from anywhere, and its only link is its own.
func TestEveryDefaultTemplateMakesAMail(t *testing.T) {
	eachDefault(t, func(t *testing.T, tpl mail.Template) {
		if err := tpl.Check(); err != nil {
			t.Fatal(err)
		}
		c := mail.Example(tpl.Purpose, tpl.Lang)
		l := render(t, tpl, c)
		texts, links := htmlOf(t, l.HTML)
		whole := strings.Join(texts, " ")
		names, _ := mail.FieldsOf(tpl.Purpose)
		for _, name := range names {
			if kind := mail.KindOf(name); kind == mail.Moment {
				continue
			}
			if !strings.Contains(l.Text, c.Fields[name]) || !strings.Contains(whole, c.Fields[name]) {
				t.Errorf("%s is missing in\n%s\n%s", name, l.Text, whole)
			}
		}
		if link := c.Fields["link"]; link == "" && len(links) > 0 || link != "" && !slices.Equal(links, []string{link}) {
			t.Errorf("links %v", links)
		}
		for line := range strings.SplitSeq(l.Text, "\n") {
			if words := strings.Fields(strings.NewReplacer(":", " ", c.Fields["link"]+"x", "").Replace(line)); len(words) > 0 && line != "-- " && !strings.Contains(whole, words[0]) {
				t.Errorf("%q of the text is not in the HTML", line)
			}
		}
		french := strings.Contains(l.Text, "Bonjour") && strings.Contains(l.Text, "automatiquement") && strings.Contains(l.HTML, `lang="fr"`)
		english := strings.Contains(l.Text, "Hello") && strings.Contains(l.Text, "automatically") && strings.Contains(l.HTML, `lang="en"`)
		if french == english || french != (tpl.Lang == "fr") {
			t.Errorf("the language is not %s:\n%s", tpl.Lang, l.Text)
		}
		if dir := os.Getenv("MAILS"); dir != "" { // to look at
			if err := os.WriteFile(filepath.Join(dir, string(tpl.Purpose)+"_"+tpl.Lang+".html"), []byte(l.HTML), 0o600); err != nil {
				t.Error(err)
			}
		}
	})
}

// S1.20: the mail to who registered holds user name and PIN, or no PIN; the link confirms the
// address.
func TestTheMailOfANewAccountHasNameAndPINOrALink(t *testing.T) {
	for _, lang := range []string{"fr", "en"} {
		pin, _ := mail.Default(mail.NewAccount, lang)
		link, _ := mail.Default(mail.NewAccountLink, lang)
		a, b := render(t, pin, mail.Example(pin.Purpose, lang)), render(t, link, mail.Example(link.Purpose, lang))
		if !strings.Contains(a.Text, "amelie.dupre@example.com") || !strings.Contains(a.Text, "840613") || !strings.Contains(a.Text, "https://") {
			t.Errorf("%s", a.Text)
		}
		if !strings.Contains(b.Text, "amelie.dupre@example.com") || strings.Contains(b.Text, "840613") || !strings.Contains(b.Text, "https://") {
			t.Errorf("%s", b.Text)
		}
	}
}

// S2.15: the mail of an interrupted card has «Enregistrer ma carte» and no code in it, and
// none can be put there.
func TestTheMailOfAnInterruptedCardHasNoCode(t *testing.T) {
	tpl, _ := mail.Default(mail.CardStopped, "fr")
	l := render(t, tpl, mail.Example(tpl.Purpose, "fr"))
	if !strings.Contains(l.HTML, ">Enregistrer ma carte</a>") || strings.Contains(l.Text, "*") {
		t.Errorf("%s", l.HTML)
	}
	names, _ := mail.FieldsOf(mail.CardStopped)
	if strings.Join(names, " ") != "name link" {
		t.Errorf("its fields are %v", names)
	}
	tpl.Body += "\n{{.pin}}"
	if err := tpl.Check(); refusal.Code(err) != mail.CodeTemplateField {
		t.Errorf("with a code: %v", err)
	}
}

// S2.24: the mail of a bound card undoes it in one step, «Ce n'est pas moi».
func TestTheMailOfABoundCardUndoesIt(t *testing.T) {
	tpl, _ := mail.Default(mail.CardBound, "fr")
	c := mail.Example(tpl.Purpose, "fr")
	l := render(t, tpl, c)
	if !strings.Contains(l.HTML, ">Ce n’est pas moi</a>") || !strings.Contains(l.Text, "à la porte front") || !strings.Contains(l.Text, "31 janvier 2030 à\u00a008:05") {
		t.Errorf("%s", l.Text)
	}
	c.Fields["door"] = "" // bound by its QR code
	if l := render(t, tpl, c); strings.Contains(l.Text, "porte") {
		t.Errorf("%s", l.Text)
	}
}

// Issue 9, 3: a template that an administrator breaks is refused with line and reason, and
// what is in force stays.
func TestABrokenTemplateIsRefusedWithItsLine(t *testing.T) {
	b := newBox(t)
	good, _ := mail.Default(mail.Reset, "fr")
	for body, want := range map[string]string{
		"":                                      "mail_template_empty",
		"a\nb {{.link}\n":                       `mail_template_syntax (detail bad character U+007D '}', line 2, part body)`,
		"a\n\n{{if .name}}{{.link}}":            "mail_template_syntax (detail unexpected EOF, line 3, part body)",
		"a {{.link}}\n{{.nam}}":                 "mail_template_field (field .nam, fields .name, .link, .until, .site, line 2, part body)",
		"a {{.link}}\n{{.pin}}":                 "mail_template_field (field .pin, fields .name, .link, .until, .site, line 2, part body)",
		"a {{.link}}\n{{.name.x}}":              "mail_template_field (field .name.x, fields .name, .link, .until, .site, line 2, part body)",
		"a {{.link}}\n{{printf `x`}}":           "mail_template_form (form printf `x`, line 2, part body)",
		"{{.link}}\n\n{{range .name}}{{end}}":   "mail_template_form (form {{range .name}}{{end}}, line 3, part body)",
		"{{.link}}{{define `x`}}y{{end}}":       "mail_template_form (form {{define}}, line 1, part body)",
		"{{.link}}{{template `x`}}":             "mail_template_form (form {{template \"x\"}}, line 1, part body)",
		"{{$x := .link}}{{.link}}":              "mail_template_form (form $x := .link, line 1, part body)",
		"{{.}}{{.link}}":                        "mail_template_form (form ., line 1, part body)",
		"Bonjour {{.name}}":                     "mail_template_lacks (field {{.link}}, part body)",
		"{{if .name}}{{.link}}{{end}}":          "mail_template_lacks (field {{.link}}, part body)",
		"{{.link}} \u202e":                      "mail_template_text",
		"{{.link}}" + strings.Repeat("x", 10e3): "mail_template_long (most 10000, subject 200)",
	} {
		bad := good
		bad.Body = body
		if err := b.try(func(tx mail.Tx) error { return mail.SetTemplate(tx, bad) }); fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
	for subject, want := range map[string]string{
		"": "mail_template_empty", "{{.link}}": "mail_template_secret (field {{.link}}, part subject)", "{{.x}}": "mail_template_field (field .x, fields .name, .link, .until, .site, line 1, part subject)",
		"a\r\nBcc: x@example.com": "mail_template_text", strings.Repeat("x", 201): "mail_template_long (most 10000, subject 200)",
	} {
		bad := good
		bad.Subject = subject
		if err := b.try(func(tx mail.Tx) error { return mail.SetTemplate(tx, bad) }); fmt.Sprint(err) != want {
			t.Errorf("subject %q: %v, want %s", subject, err, want)
		}
	}
	for _, t1 := range []mail.Template{{Purpose: "spam", Lang: "fr"}, {Purpose: mail.Reset, Lang: "de"}} {
		if err := b.try(func(tx mail.Tx) error { return mail.SetTemplate(tx, t1) }); refusal.Code(err) != mail.CodeTemplateNone {
			t.Errorf("%+v: %v", t1, err)
		}
	}
	b.do(func(tx mail.Tx) error {
		got, edited, err := mail.TemplateOf(tx, mail.Reset, "fr")
		if edited || got != good {
			t.Errorf("in force: %+v", got)
		}
		return err
	})
}

// A link or a PIN stands for itself: whoever edits a template cannot have it sent to another
// host, also behind an {{if}} that examples without texts do not reach, and no template that
// was kept another way makes such a mail.
func TestNoTemplateSendsASecretElsewhere(t *testing.T) {
	const link, pin = "mail_template_link (field {{.link}}, part body)", "mail_template_link (field {{.pin}}, part body)"
	const good = "PIN: {{.pin}}\nLink: {{.link}}"
	for body, want := range map[string]string{
		good: "", "{{.pin}} \n{{.link}}": "", "{{.pin}}\n\n{{if .name}}Hello {{.link}}{{else}}{{.link}}{{end}}": "",
		"https://evil.example.com/?t={{.link}}\n{{.pin}}":                  link,
		"https://evil.example.com/{{if .name}} {{end}}{{.link}}\n{{.pin}}": link,
		"{{.pin}}\n{{.link}}.evil.example.com":                             link,
		"{{.pin}}\n{{.link}} now":                                          link,
		"{{.pin}}\n{{.link}}\u00a0x":                                       link,
		"{{.pin}}\n({{.link}}":                                             link,
		"{{.pin}}\n\u00a0{{.link}}":                                        link,
		"{{.pin}}\n{{.site}}{{.link}}":                                     link,
		good + "\nhttps://evil.example.com/?t={{.link}}":                   link,
		good + "\n{{.link}}":                                               link,
		good + "{{if .name}}\nhttps://evil.example.com/{{.link}}{{end}}":   link,
		good + "{{if .name}}{{else}}{{if .user_name}}\nevil.example.com/{{.link}}{{end}}{{end}}": link,
		"https://evil.example.com/{{.pin}}\n{{.link}}":                                           pin,
		"{{.pin}}.evil.example.com\n{{.link}}":                                                   pin,
		"{{if .name}}{{.pin}}{{end}}\n{{.link}}":                                                 "mail_template_lacks (field {{.pin}}, part body)",
	} {
		tpl := mail.Template{Purpose: mail.NewAccount, Lang: "en", Subject: "x", Body: body}
		if got := text(tpl.Check()); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
	tpl := mail.Template{Purpose: mail.NewAccount, Lang: "en", Subject: "{{if .name}}{{.pin}}{{end}}", Body: good}
	if got := text(tpl.Check()); got != "mail_template_secret (field {{.pin}}, part subject)" {
		t.Errorf("a PIN in a subject: %q", got)
	}
	kept := mail.Template{Purpose: mail.Reset, Lang: "en", Subject: "x", Body: "https://evil.example.com/?t={{.link}}"}
	if l, err := mail.Render(kept, mail.Example(mail.Reset, "en")); refusal.Code(err) != mail.CodeTemplateLink {
		t.Errorf("it makes %q, %v", l.Text, err)
	}
	// What a text says by chance is no secret: six digits of a phone number that are the PIN too.
	phone := mail.Template{Purpose: mail.NewAccount, Lang: "en", Subject: "x", Body: "Call +33 840613 1\n" + good}
	if l := render(t, phone, mail.Example(mail.NewAccount, "en")); !strings.Contains(l.Text, "PIN: 840613\n") {
		t.Errorf("it says %q", l.Text)
	}
}

// text is what a refusal says; empty: there is none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// S1.20: the text can be edited, and the default comes back; both leave a line.
func TestATemplateIsEditedAndReset(t *testing.T) {
	b := newBox(t)
	mine := mail.Template{Purpose: mail.NewAccount, Lang: "fr", Subject: " Bienvenue ", Body: "Bonjour {{.name}}\r\n\r\nPIN : {{.pin}}\r\n\r\nConfirmer : {{.link}}\r\n"}
	b.do(func(tx mail.Tx) error { return mail.SetTemplate(tx, mine) })
	b.do(func(tx mail.Tx) error { return mail.SetTemplate(tx, mine) }) // changes nothing
	b.do(func(tx mail.Tx) error {
		got, edited, err := mail.TemplateOf(tx, mail.NewAccount, "fr")
		if !edited || got.Subject != "Bienvenue" || got.Body != "Bonjour {{.name}}\n\nPIN : {{.pin}}\n\nConfirmer : {{.link}}" {
			t.Errorf("in force %+v", got)
		}
		return err
	})
	for range 2 {
		b.do(func(tx mail.Tx) error { return mail.ResetTemplate(tx, mail.NewAccount, "fr") })
	}
	b.do(func(tx mail.Tx) error {
		got, edited, err := mail.TemplateOf(tx, mail.NewAccount, "fr")
		if usual, _ := mail.Default(mail.NewAccount, "fr"); edited || got != usual {
			t.Errorf("after the reset %+v", got)
		}
		if err != nil {
			return err
		}
		var lines []string
		err = tx.ListAudit(audit.Query{Action: "mail.template", Limit: 9}, func(e audit.Entry) error {
			lines = append(lines, e.Object)
			return nil
		})
		if strings.Join(lines, " ") != "new-account/fr new-account/fr" {
			t.Errorf("lines %v", lines)
		}
		return err
	})
}

// What people write about themselves stays text: no tag, no button, no other link, no turned
// line, and a bound.
func TestNamesStayText(t *testing.T) {
	tpl, _ := mail.Default(mail.Reset, "fr")
	for name, want := range map[string]string{
		`<script>alert(1)</script>`:            "Bonjour,", // has a slash, and could be a path
		`<b>Ada"'`:                             `Bonjour <b>Ada"',`,
		"{{.link}} {{.x}}":                     "Bonjour {{.link}} {{.x}},",
		"Ada: https://evil.example.com/lien/x": "Bonjour,",
		"evil.com":                             "Bonjour,",
		"www.evil":                             "Bonjour,",
		"J. P. Martin":                         "Bonjour J. P. Martin,",
		"Zoé 🎉 李雷":                             "Bonjour Zoé 🎉 李雷,",
		"عادل حسن":                             "Bonjour \u2068عادل حسن\u2069,",
		"אדה":                                  "Bonjour \u2068אדה\u2069,",
		strings.Repeat("é", 200):               "Bonjour " + strings.Repeat("é", 79) + "…,",
		"":                                     "Bonjour,",
	} {
		c := mail.Example(tpl.Purpose, "fr")
		c.Fields["name"] = name
		l := render(t, tpl, c)
		texts, links := htmlOf(t, l.HTML)
		if !strings.HasPrefix(l.Text, want+"\n") || !slices.Contains(texts, want) || len(links) != 1 {
			t.Errorf("%q: %q, links %v\n%s", name, l.Text[:80], links, texts)
		}
		last := mail.Template{Purpose: mail.Reset, Lang: "fr", Subject: "x", Body: "Bonjour {{.name}}\n\nLien : {{.link}}"}
		if _, links := htmlOf(t, render(t, last, c).HTML); len(links) != 1 {
			t.Errorf("%q at the end of a line: links %v", name, links)
		}
	}
}

// Times are shown in the mail's language and the site's time zone.
func TestTimesAreTheSites(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{"fr": "jusqu’au 1er août 2030 à\u00a001:30", "en": "until 1 August 2030 at 01:30"} {
		tpl, _ := mail.Default(mail.Reset, lang)
		c := mail.Example(tpl.Purpose, lang)
		c.Zone, c.Fields["until"] = zone, mail.At(time.Date(2030, 7, 31, 23, 30, 0, 0, time.UTC))
		if l := render(t, tpl, c); !strings.Contains(l.Text, want) {
			t.Errorf("%s", l.Text)
		}
	}
}
