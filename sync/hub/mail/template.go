package mail

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// Template is the words of the mails of a purpose in a language. Subject and Body are in the
// language of text/template, of which they may use fields and {{if}}:
//
//	Bonjour{{if .name}} {{.name}}{{end}},
//
// The mail's HTML is made of the body: an empty line parts paragraphs, and a line that ends
// with the link becomes a button with the words before it. So both say the same, always. The
// link and the PIN are the last words of their lines.
type Template struct {
	Purpose Purpose
	Lang    string // "fr" or "en"
	Subject string
	Body    string
}

// Templates keeps the templates that differ from the default.
type Templates interface {
	Template(p Purpose, lang string) (Template, error) // ErrNotFound
	PutTemplate(Template) error
	DropTemplate(p Purpose, lang string) error
}

// The longest parts of a template, in bytes.
const (
	maxSubject = 200
	maxBody    = 10_000
)

// The codes of refusals of templates, with their fields. A part is "subject" or "body".
const (
	CodeTemplateNone   = "mail_template_none"   // purpose, lang
	CodeTemplateSyntax = "mail_template_syntax" // part, line, detail
	CodeTemplateField  = "mail_template_field"  // part, line, field, fields
	CodeTemplateForm   = "mail_template_form"   // part, line, form
	CodeTemplateSecret = "mail_template_secret" // part, field
	CodeTemplateLink   = "mail_template_link"   // part, field
	CodeTemplateLacks  = "mail_template_lacks"  // part, field
	CodeTemplateEmpty  = "mail_template_empty"
	CodeTemplateLong   = "mail_template_long" // most, subject
	CodeTemplateText   = "mail_template_text"
)

// siteField is a field that every mail has: the site's name.
const siteField = "site"

// Default is the template of a purpose that nobody edited.
func Default(p Purpose, lang string) (Template, error) {
	words, ok := map[string]map[Purpose]wording{"fr": french, "en": english}[lang][p]
	if !ok {
		return Template{}, refuse(refusal.Missing, CodeTemplateNone, refusal.Fields{"purpose": string(p[:min(len(p), 64)]), "lang": lang[:min(len(lang), 64)]})
	}
	return Template{Purpose: p, Lang: lang, Subject: words.subject, Body: strings.TrimSpace(words.body)}, nil
}

// TemplateOf is the template in force, and whether somebody edited it.
func TemplateOf(tx Tx, p Purpose, lang string) (t Template, edited bool, err error) {
	usual, err := Default(p, lang)
	if err != nil {
		return usual, false, err
	}
	t, err = tx.Template(p, lang)
	if errors.Is(err, ErrNotFound) {
		return usual, false, nil
	}
	return t, err == nil, err
}

// SetTemplate puts an edited template in force. One that could not make a useful mail is
// refused, with the line and the reason.
func SetTemplate(tx Tx, t Template) error {
	t.Subject = strings.TrimSpace(t.Subject)
	t.Body = strings.TrimSpace(strings.ReplaceAll(t.Body, "\r\n", "\n"))
	was, _, err := TemplateOf(tx, t.Purpose, t.Lang)
	if err == nil {
		err = t.Check()
	}
	if err != nil || was == t {
		return err
	}
	if err := tx.PutTemplate(t); err != nil {
		return err
	}
	return tx.recordTemplate(was, t)
}

// ResetTemplate puts the default back in force.
func ResetTemplate(tx Tx, p Purpose, lang string) error {
	was, edited, err := TemplateOf(tx, p, lang)
	if err != nil || !edited {
		return err
	}
	if err := tx.DropTemplate(p, lang); err != nil {
		return err
	}
	usual, err := Default(p, lang)
	if err != nil {
		return err
	}
	return tx.recordTemplate(was, usual)
}

func (tx Tx) recordTemplate(was, is Template) error {
	facts := func(t Template) map[string]string { return map[string]string{"subject": t.Subject, "body": t.Body} }
	return tx.Record(audit.Change{Action: "mail.template", Object: string(is.Purpose) + "/" + is.Lang, Before: facts(was), After: facts(is)})
}

// Check refuses a template that could not make a useful mail.
func (t Template) Check() error {
	if _, err := Default(t.Purpose, t.Lang); err != nil {
		return err
	}
	switch {
	case t.Subject == "" || t.Body == "":
		return refuse(refusal.Invalid, CodeTemplateEmpty, nil)
	case len(t.Subject) > maxSubject || len(t.Body) > maxBody:
		return refuse(refusal.Invalid, CodeTemplateLong, refusal.Fields{"most": maxBody, "subject": maxSubject})
	case !profile.IsText(t.Subject), !profile.IsText(strings.ReplaceAll(t.Body, "\n", " ")):
		return refuse(refusal.Invalid, CodeTemplateText, nil)
	}
	if _, err := t.parse(t.Subject, "subject"); err != nil {
		return err
	}
	if _, err := t.parse(t.Body, "body"); err != nil {
		return err
	}
	return t.checkSecrets()
}

// checkSecrets refuses a template whose mail would have a link or a PIN in another place than
// its own, or none, whichever of the texts are empty: no {{if}} hides anything.
func (t Template) checkSecrets() error {
	example := Example(t.Purpose, t.Lang)
	names, _ := FieldsOf(t.Purpose)
	texts := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return fieldKinds[name] != Text })
	for some := range 1 << len(texts) {
		content := Content{Site: "S", Lang: t.Lang, Fields: maps.Clone(example.Fields)}
		for i, name := range texts {
			if some>>i&1 == 0 {
				content.Fields[name] = ""
			}
		}
		if _, err := Render(t, content); err != nil {
			return err
		}
	}
	return nil
}

// secretsOfPurpose are the fields of a purpose that open something.
func secretsOfPurpose(p Purpose) []string {
	names, _ := FieldsOf(p)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return fieldKinds[name] != Link && fieldKinds[name] != Hidden })
}

// mark stands for a secret until its place is looked at. No template and no text has a control
// character.
func mark(name string) string { return "\x00" + name + "\x00" }

// checkPlaces refuses a filled subject that says a secret, which locked screens show, and a
// filled body in which one is not there once, as the last word of a line: joined to other
// letters, the token of a link would go to another host.
func (t Template) checkPlaces(subject, body string) error {
	for _, name := range secretsOfPurpose(t.Purpose) {
		field := "{{." + name + "}}"
		switch {
		case strings.Contains(subject, mark(name)):
			return refuse(refusal.Invalid, CodeTemplateSecret, refusal.Fields{"part": "subject", "field": field})
		case !strings.Contains(body, mark(name)):
			return refuse(refusal.Invalid, CodeTemplateLacks, refusal.Fields{"part": "body", "field": field})
		case !endsOneLine(body, mark(name)):
			return refuse(refusal.Invalid, CodeTemplateLink, refusal.Fields{"part": "body", "field": field})
		}
	}
	return nil
}

// endsOneLine reports whether a word is in a text once, as the last word of its line.
func endsOneLine(text, word string) bool {
	before, after, _ := strings.Cut(text, word)
	after, _, _ = strings.Cut(after, "\n")
	alone := before == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "\n")
	return alone && strings.Trim(after, " ") == "" && strings.Count(text, word) == 1
}

// parse reads a part of a template, and refuses what is no field of its purpose and no {{if}}.
func (t Template) parse(text, part string) (*template.Template, error) {
	parsed, err := template.New(part).Option("missingkey=error").Parse(text)
	if err != nil {
		line, detail := splitSyntax(err)
		return nil, refuse(refusal.Invalid, CodeTemplateSyntax, refusal.Fields{"part": part, "line": line, "detail": detail})
	}
	if len(parsed.Templates()) > 1 {
		return nil, refuse(refusal.Invalid, CodeTemplateForm, refusal.Fields{"part": part, "line": 1, "form": "{{define}}"})
	}
	names, _ := FieldsOf(t.Purpose)
	c := checker{part: part, text: text, fields: append(slices.Clone(names), siteField)}
	if parsed.Tree != nil {
		err = c.list(parsed.Root)
	}
	return parsed, err
}

// syntaxRE is how text/template says where something is wrong.
var syntaxRE = regexp.MustCompile(`^template: [a-z]+:(\d+):(?:\d+:)? ?(.*)$`)

func splitSyntax(err error) (line int, detail string) {
	m := syntaxRE.FindStringSubmatch(err.Error())
	if m == nil {
		return 1, err.Error()
	}
	line, _ = strconv.Atoi(m[1]) // digits
	return line, m[2]
}

// checker walks through what was parsed.
type checker struct {
	part   string
	text   string
	fields []string
}

func (c checker) list(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := c.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) node(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		return c.pipe(n.Pipe)
	case *parse.IfNode:
		return cmp.Or(c.pipe(n.Pipe), c.list(n.List), c.list(n.ElseList))
	}
	return c.refuseForm(n)
}

// pipe allows {{.field}} alone.
func (c checker) pipe(p *parse.PipeNode) error {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return c.refuseForm(p)
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok {
		return c.refuseForm(p)
	}
	if len(f.Ident) != 1 || !slices.Contains(c.fields, f.Ident[0]) {
		return refuse(refusal.Invalid, CodeTemplateField, refusal.Fields{"part": c.part, "line": c.line(f), "field": f.String(), "fields": "." + strings.Join(c.fields, ", .")})
	}
	return nil
}

func (c checker) refuseForm(n parse.Node) error {
	form := n.String()
	return refuse(refusal.Invalid, CodeTemplateForm, refusal.Fields{"part": c.part, "line": c.line(n), "form": form[:min(len(form), 64)]})
}

func (c checker) line(n parse.Node) int {
	return 1 + strings.Count(c.text[:min(int(n.Position()), len(c.text))], "\n")
}

// execute fills a part of a template.
func (t Template) execute(text, part string, values map[string]string) (string, error) {
	parsed, err := t.parse(text, part)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := parsed.Execute(&out, values); err != nil {
		return "", fmt.Errorf("fill the %s of the mail %s in %s: %w", part, t.Purpose, t.Lang, err)
	}
	return out.String(), nil
}
