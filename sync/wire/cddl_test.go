package wire

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// messages are all types that travel.
var messages = []any{
	Hello{}, CollectionState{}, Frame{}, Event{}, Edit{}, Status{}, Ack{}, Page{}, Change{},
	Account{}, Card{}, Grant{}, Claim{}, Door{}, Lease{}, Site{},
}

var (
	cddlComment = regexp.MustCompile(`(?m)^;.*$`)
	cddlRecord  = regexp.MustCompile(`(?s)(\w+) = \{\n(.*?)\n\}`)
	cddlField   = regexp.MustCompile(`^(\? )?(\d+) => ([^;]*?),? *; (\w+)`)
)

// The schema says the same as the Go types, field by field: key, name, optional or
// not, and form.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	text, err := os.ReadFile("badged.cddl")
	if err != nil {
		t.Fatal(err)
	}
	schema := map[string][]string{}
	for _, m := range cddlRecord.FindAllStringSubmatch(cddlComment.ReplaceAllString(string(text), ""), -1) {
		schema[m[1]] = cddlFields(t, m[1], m[2])
	}
	for _, v := range messages {
		s := shapeOf(reflect.TypeOf(v))
		if want := goFields(s); !slices.Equal(schema[s.name], want) {
			t.Errorf("%s: badged.cddl says\n%s\nthe type says\n%s", s.name, strings.Join(schema[s.name], "\n"), strings.Join(want, "\n"))
		}
		delete(schema, s.name)
	}
	for name := range schema {
		t.Errorf("badged.cddl has a message %s that the program does not have", name)
	}
}

func cddlFields(t *testing.T, name, body string) (out []string) {
	t.Helper()
	lines := strings.Split(body, "\n")
	if last := lines[len(lines)-1]; last != "  * int => any" {
		t.Errorf("%s does not end with the keys of later versions", name)
	}
	for _, line := range lines[:len(lines)-1] {
		m := cddlField.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			t.Errorf("%s: cannot read %q", name, line)
			continue
		}
		out = append(out, fmt.Sprintf("%s%s %s %s", m[1], m[2], m[4], m[3]))
	}
	return out
}

func goFields(s *shape) (out []string) {
	for _, f := range s.fields {
		mark := ""
		if f.optional {
			mark = "? "
		}
		out = append(out, fmt.Sprintf("%s%d %s %s", mark, f.key, f.name, cddlForm(f.shape)))
	}
	return out
}

func cddlForm(s *shape) string {
	switch s.form {
	case unsigned:
		return "uint"
	case integer:
		return "int"
	case text:
		return "tstr"
	case boolean:
		return "bool"
	case octets:
		return map[int]string{0: "bstr", 16: "id", 8: "bstr .size 8"}[s.size]
	case list:
		return "[ * " + cddlForm(s.elem) + " ]"
	case table:
		return "{ * " + cddlForm(s.key) + " => " + cddlForm(s.elem) + " }"
	default:
		return s.name
	}
}

// Every struct with integer keys in messages.go is in the list above.
func TestEveryMessageIsListed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "messages.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		listed := slices.ContainsFunc(messages, func(v any) bool { return reflect.TypeOf(v).Name() == spec.Name.Name })
		if _, record := spec.Type.(*ast.StructType); record && !listed {
			t.Errorf("%s is not held against the schema", spec.Name.Name)
		}
		return true
	})
}
