package api_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// sameWord are names that one reader takes for one thing, though it is a number here and a
// text there: an id is whatever the path of the same object takes.
var sameWord = []string{"id"}

// TestOneNameIsOneThing (issue 8, 4): --json prints what the API answers, and a name means the
// same everywhere: who reads one list knows the next. Times are times; only a request may
// also name a day where the answer has a time.
func TestOneNameIsOneThing(t *testing.T) {
	kinds := map[string]map[string][]string{} // name → kind → schemas
	for schema, ref := range description(t, newSite(t).handler).Components.Schemas {
		for name, property := range ref.Value.Properties {
			if kinds[name] == nil {
				kinds[name] = map[string][]string{}
			}
			kind := kindOf(name, property, isRequest(schema))
			if isRequest(schema) && kind == "array of string" {
				continue // a request names things by their ids
			}
			kinds[name][kind] = append(kinds[name][kind], schema)
		}
	}
	if len(kinds) < 100 {
		t.Fatalf("only %d names are found", len(kinds))
	}
	for name, of := range kinds {
		if len(of) > 1 && !slices.Contains(sameWord, name) {
			t.Errorf("%s is of several kinds: %v", name, of)
		}
		if name != strings.ToLower(name) || strings.Contains(name, "-") {
			t.Errorf("%s is not written like the others", name)
		}
	}
}

// isRequest reports whether a schema is of what a client sends.
func isRequest(schema string) bool {
	return strings.HasPrefix(schema, "New") || strings.HasSuffix(schema, "Patch") || strings.HasSuffix(schema, "Gift")
}

// timesOrDays are what a request may give as a day too.
var timesOrDays = []string{"expires", "from", "to"}

func kindOf(name string, p *openapi3.SchemaRef, request bool) string {
	v := p.Value
	kind := strings.Join(v.Type.Slice(), "|")
	if v.Items != nil && v.Items.Value != nil {
		kind += " of " + kindOf("", v.Items, request)
	}
	switch {
	case kind != "string":
		return kind
	case request && slices.Contains(timesOrDays, name):
		return "date-time"
	default:
		return cmp.Or(v.Format, kind)
	}
}

// TestTimesHaveOneForm: RFC 3339 in UTC with as many digits everywhere, so that texts sort.
func TestTimesHaveOneForm(t *testing.T) {
	s := newSite(t)
	a := must[map[string]any](s, "POST", "/v1/accounts", object{"name": "Ada Byron", "state": "active"})
	created, _ := a["created"].(string)
	if len(created) != len("2030-01-31T18:30:00.000Z") || !strings.HasSuffix(created, "Z") {
		t.Errorf("created %q", created)
	}
	for schema, ref := range description(t, s.handler).Components.Schemas {
		for _, name := range slices.Sorted(maps.Keys(ref.Value.Properties)) {
			isTime := ref.Value.Properties[name].Value.Format == "date-time"
			named := slices.Contains([]string{"at", "since", "until", "ends", "expires", "created", "made", "heard", "received", "last_seen", "started"}, name)
			if named && !isTime && !isRequest(schema) {
				t.Errorf("%s of %s is no time", name, schema)
			}
		}
	}
}
