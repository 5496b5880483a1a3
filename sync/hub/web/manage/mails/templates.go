package mails

import (
	"errors"
	"io"
	"strings"

	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

func templateRoutes() []page.Route {
	const of = templatesPath + "/{purpose}/{lang}"
	return []page.Route{
		{Method: "GET", Path: templatesPath, Right: page.Mail, Handle: listTemplates},
		{Method: "GET", Path: of, Right: page.Mail, Fresh: true, Handle: showTemplate},
		{Method: "POST", Path: of, Right: page.Mail, Fresh: true, Handle: saveTemplate},
		{Method: "POST", Path: of + "/apercu", Right: page.Mail, Fresh: true, Handle: previewTemplate},
		{Method: "GET", Path: of + "/fichier", Right: page.Mail, Handle: sendExample},
		{Method: "GET", Path: of + "/retablir", Right: page.Mail, Fresh: true, Handle: confirmReset},
		{Method: "POST", Path: of + "/retablir", Right: page.Mail, Fresh: true, Handle: resetTemplate},
	}
}

// templateLine is the templates of a purpose.
type templateLine struct {
	Purpose string
	Langs   []templateLink
}

type templateLink struct {
	Path, Text, Lang string
	Edited           bool
}

// templateList is the list of templates.
type templateList struct {
	Tabs  []page.Link
	Lines []templateLine
}

func listTemplates(r *page.Request) (page.Reply, error) {
	d := templateList{Tabs: tabs(r, templatesPath)}
	err := r.Read(func(tx fleet.Tx) error {
		d.Lines = nil
		for _, p := range mail.Purposes() {
			line := templateLine{Purpose: purposeText(r, p)}
			for _, lang := range page.Langs {
				_, edited, err := mail.TemplateOf(tx.Tx.Tx.Tx.Tx, p, lang)
				if err != nil {
					return err
				}
				line.Langs = append(line.Langs, templateLink{templatesPath + "/" + string(p) + "/" + lang, r.T("mails.lang." + lang), lang, edited})
			}
			d.Lines = append(d.Lines, line)
		}
		return nil
	})
	return page.Show("mails/templates", r.T("mails.templates.title"), d), err
}

// templatePage is a template with its form and what it makes.
type templatePage struct {
	Form    *page.Form
	Path    string
	Lang    string
	Edited  bool
	Fields  []fieldHint
	Letter  *mail.Letter // nil: it cannot be made
	Subject string
}

// fieldHint is a field that a template may use.
type fieldHint struct{ Code, Text string }

// asked is the template that the address names, with the words that are in force.
func asked(r *page.Request) (t mail.Template, edited bool, err error) {
	err = r.Read(func(tx fleet.Tx) (err error) {
		t, edited, err = mail.TemplateOf(tx.Tx.Tx.Tx.Tx, mail.Purpose(r.Path("purpose")), r.Path("lang"))
		return err
	})
	if _, known := mail.Default(mail.Purpose(r.Path("purpose")), r.Path("lang")); known != nil {
		err = page.ErrNotFound
	}
	return t, edited, err
}

func pathOf(t mail.Template) string { return templatesPath + "/" + string(t.Purpose) + "/" + t.Lang }

// reply shows a template with the mail that it makes of examples.
func reply(r *page.Request, f *page.Form, t mail.Template, edited bool) page.Reply {
	d := templatePage{Form: f, Path: pathOf(t), Lang: t.Lang, Edited: edited, Fields: hints(r, t.Purpose)}
	if l, err := mail.Render(t, example(r, t)); err == nil {
		d.Letter = &l
	}
	title := r.T("mails.template.title", purposeText(r, t.Purpose), r.T("mails.lang."+t.Lang))
	return page.Show("mails/template", title, d)
}

func hints(r *page.Request, p mail.Purpose) (out []fieldHint) {
	names, _ := mail.FieldsOf(p)
	for _, name := range append([]string{"site"}, names...) {
		out = append(out, fieldHint{"{{." + name + "}}", r.T("mails.field." + name)})
	}
	return out
}

// example is what a preview says, at this site.
func example(r *page.Request, t mail.Template) mail.Content {
	c := mail.Example(t.Purpose, t.Lang)
	c.Site, c.Zone = r.Site.Name, r.Zone()
	return c
}

func showTemplate(r *page.Request) (page.Reply, error) {
	t, edited, err := asked(r)
	if err != nil {
		return page.Reply{}, err
	}
	return reply(r, r.Fill(map[string]string{"subject": t.Subject, "body": t.Body}), t, edited), nil
}

// typed is the template with the words of the form.
func typed(r *page.Request, f *page.Form) (t mail.Template, edited bool, err error) {
	t, edited, err = asked(r)
	t.Subject, t.Body = f.Value("subject"), strings.TrimSpace(strings.ReplaceAll(f.Raw("body"), "\r\n", "\n"))
	return t, edited, err
}

// explain puts the words of a refusal beside the part that it is about, or above both.
func explain(f *page.Form, err error) error {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return err
	}
	part, _ := e.Fields["part"].(string)
	return f.Explain(err, page.Fields{e.Code: part})
}

func previewTemplate(r *page.Request) (page.Reply, error) {
	f := r.Form()
	t, edited, err := typed(r, f)
	if err != nil {
		return page.Reply{}, err
	}
	if err := explain(f, t.Check()); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return reply(r, f, t, edited).Refused(), nil
	}
	return reply(r, f, t, edited), nil
}

func saveTemplate(r *page.Request) (page.Reply, error) {
	f := r.Form()
	t, edited, err := typed(r, f)
	if err == nil {
		err = explain(f, r.Write(func(tx fleet.Tx) error { return mail.SetTemplate(tx.Tx.Tx.Tx.Tx, t) }))
	}
	if err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return reply(r, f, t, edited).Refused(), nil
	}
	return page.Go(pathOf(t)).Flash("mails.template.saved"), nil
}

// sendExample is the HTML of a mail as it goes out, in a file: a page of the hub takes no
// style from elsewhere, and a mail brings its own.
func sendExample(r *page.Request) (page.Reply, error) {
	t, _, err := asked(r)
	if err != nil {
		return page.Reply{}, err
	}
	l, err := mail.Render(t, example(r, t))
	return page.Download(string(t.Purpose)+"-"+t.Lang+".html", "text/html; charset=utf-8", func(w io.Writer) error {
		_, err := io.WriteString(w, l.HTML)
		return err
	}), err
}

func confirmReset(r *page.Request) (page.Reply, error) {
	t, edited, err := asked(r)
	if err != nil {
		return page.Reply{}, err
	}
	if !edited {
		return page.Go(pathOf(t)), nil
	}
	return r.Confirm(page.Confirm{
		Title: r.T("mails.reset.title", purposeText(r, t.Purpose)), Text: r.T("mails.reset.text", r.T("mails.lang."+t.Lang)),
		Points: []string{r.T("mails.reset.point")}, Action: pathOf(t) + "/retablir", Cancel: pathOf(t), Button: r.T("mails.reset.button"), Danger: true,
	}), nil
}

func resetTemplate(r *page.Request) (page.Reply, error) {
	t, _, err := asked(r)
	if err == nil {
		err = r.Write(func(tx fleet.Tx) error { return mail.ResetTemplate(tx.Tx.Tx.Tx.Tx, t.Purpose, t.Lang) })
	}
	return page.Go(pathOf(t)).Flash("mails.reset.done"), err
}
