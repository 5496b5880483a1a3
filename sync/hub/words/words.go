// Package words says in French and English what the hub's domain refuses and warns of: the
// domain gives a code with fields, and whoever shows it to people takes the words from here.
package words

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"badged/sync/hub/refusal"
)

// text is one message in both languages. {name} stands for a field.
type text struct{ fr, en string }

func (t text) in(lang string) string {
	if lang == "fr" {
		return t.fr
	}
	return t.en
}

// Text is a refusal or a warning as people read it: in French for "fr", or else in English.
// Any other error, and a code without words, is as it is.
func Text(lang string, err error) string {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	t, ok := catalogue[e.Code]
	if !ok {
		return err.Error()
	}
	fields := plain(e.Fields)
	return placeholder.ReplaceAllStringFunc(t.in(lang), func(p string) string {
		name := p[1 : len(p)-1]
		return show(lang, name, fields[name])
	})
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// plain gives fields the form that they have behind the API, where they come as JSON.
func plain(fields refusal.Fields) map[string]any {
	out := make(map[string]any)
	b, err := json.Marshal(fields)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		err = d.Decode(&out)
	}
	if err != nil {
		return map[string]any{}
	}
	return out
}

// show gives the value of a field, in the person's language where it is one of the domain's
// words.
func show(lang, field string, v any) string {
	switch v := v.(type) {
	case nil:
		return "?"
	case string:
		return showText(lang, field, v)
	case bool:
		return ""
	case []any:
		return showList(lang, field, v)
	case map[string]any:
		return showCandidate(lang, v)
	default:
		return fmt.Sprint(v)
	}
}

func showText(lang, field, s string) string {
	if t, ok := terms[s]; ok && translated[field] {
		return t.in(lang)
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return s
}

// showList joins values by commas, and candidates by lines.
func showList(lang, field string, list []any) string {
	var parts []string
	for _, v := range list {
		parts = append(parts, show(lang, field, v))
	}
	if field == "candidates" {
		return "\n  " + strings.Join(parts, "\n  ")
	}
	return strings.Join(parts, ", ")
}

// showCandidate is a line about an account that an operator may mean.
func showCandidate(lang string, c map[string]any) string {
	part := func(field string) string { return show(lang, field, c[field]) }
	since := text{"depuis", "since"}.in(lang)
	return fmt.Sprintf("%s  %s (%s, %s, %s %s)", part("id"), part("name"), part("kind"), part("state"), since, part("since"))
}

// translated are the fields whose values are the domain's words.
var translated = map[string]bool{"state": true, "kind": true, "from": true, "to": true}

// terms are the domain's words for people.
var terms = map[string]text{
	"person":    {"personne", "person"},
	"anonymous": {"anonyme", "anonymous"},
	"service":   {"service", "service"},
	"created":   {"créé", "created"},
	"invited":   {"invité", "invited"},
	"active":    {"actif", "active"},
	"suspended": {"suspendu", "suspended"},
	"merged":    {"fusionné", "merged"},
	"erased":    {"effacé", "erased"},
	"pending":   {"en attente", "pending"},
	"contested": {"contesté", "contested"},
	"lost":      {"perdu", "lost"},
	"replaced":  {"remplacé", "replaced"},
	"revoked":   {"révoqué", "revoked"},
	"live":      {"en cours", "live"},
	"used":      {"utilisé", "used"},
	"void":      {"annulé", "void"},
}
