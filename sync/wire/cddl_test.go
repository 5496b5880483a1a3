package wire

import (
	"cmp"
	"encoding/hex"
	"errors"
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
	Account{}, Binding{}, Grant{}, Claim{}, Door{}, Lease{}, Site{},
	Schedule{}, Hours{}, Holidays{}, PIN{}, Offset{}, Service{}, Notice{}, Offer{},
	Update{}, Release{}, Want{}, Piece{},
}

// rows are the messages that are rows of collections.
var rows = map[string]bool{
	"Account": true, "Binding": true, "Grant": true, "Claim": true, "Door": true, "Lease": true, "Site": true,
	"Schedule": true, "Holidays": true, "PIN": true, "Service": true, "Notice": true, "Offer": true,
}

var (
	cddlComment = regexp.MustCompile(`(?m)^;.*$`)
	cddlRecord  = regexp.MustCompile(`(?s)(\w+) = \{\n(.*?)\n\}`)
	cddlField   = regexp.MustCompile(`^(\? )?(-?\d+) => ([^;]*?),? *; (\w+)`)
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
	later := "  * uint => any"
	if rows[name] {
		later = "  * int => any" // also keys that must be understood
	}
	if last := lines[len(lines)-1]; last != later {
		t.Errorf("%s ends with %q, want the keys of later versions: %q", name, last, later)
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
		out = append(out, fmt.Sprintf("%s%d %s %s", mark, f.key(), f.name, cddlForm(f.shape)))
	}
	return out
}

func cddlForm(s *shape) string {
	switch s.form {
	case unsigned:
		return cmp.Or(s.name, "uint")
	case integer:
		return "int"
	case text:
		return "tstr"
	case boolean:
		return "bool"
	case octets:
		if s.name != "" {
			return s.name
		}
		return map[int]string{0: "bstr", 16: "id", 8: "bstr .size 8", 32: "bstr .size 32"}[s.size]
	case list:
		return "[ * " + cddlForm(s.elem) + " ]"
	case table:
		return "{ * " + cddlForm(s.key) + " => " + cddlForm(s.elem) + " }"
	default:
		return s.name
	}
}

// TestSchemaHasTheEnumerations: the schema gives every enumeration the numbers and names
// that the program does, and no other.
func TestSchemaHasTheEnumerations(t *testing.T) {
	text, err := os.ReadFile("badged.cddl")
	if err != nil {
		t.Fatal(err)
	}
	schema := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?s)(\w+) = &\((.*?)\) / uint`).FindAllStringSubmatch(string(text), -1) {
		schema[m[1]] = regexp.MustCompile(`\w+: \d+`).FindAllString(m[2], -1)
	}
	for name, want := range map[string][]string{
		"AccountKind": values[AccountKind](), "AccountState": values[AccountState](), "BindingState": values[BindingState](),
		"Assurance": values[Assurance](), "ClaimState": values[ClaimState](), "Route": values[Route](), "Confirm": values[Confirm](),
		"Policy": values[Policy](), "ServiceKind": values[ServiceKind](), "UpdatePhase": values[UpdatePhase](), "Stream": values[Stream](), "Clock": values[Clock](), "EventKind": values[EventKind](),
		"Outcome": values[Outcome](), "Reason": values[Reason](), "Collection": values[Collection](),
		"EmailState": values[EmailState](),
	} {
		if !slices.Equal(schema[name], want) {
			t.Errorf("%s: badged.cddl says %v, the program %v", name, schema[name], want)
		}
		delete(schema, name)
	}
	for name := range schema {
		t.Errorf("badged.cddl has an enumeration %s that the program does not have", name)
	}
}

// values are those of an enumeration as the schema writes them.
func values[T Enum]() (out []string) {
	for n := range T(1 << 10) {
		if Known(n) {
			out = append(out, fmt.Sprintf("%s: %d", n, uint64(n)))
		}
	}
	return out
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

// TestALaterVersionReadsItsNegativeKeys: a version that knows a negative key encodes it
// behind the others, and understands it.
func TestALaterVersionReadsItsNegativeKeys(t *testing.T) {
	type later struct {
		First uint64 `cbor:"1,keyasint"`
		Zone  string `cbor:"-2,keyasint,omitempty"`
		Uses  uint64 `cbor:"-1,keyasint"`
	}
	for _, v := range []later{{First: 1, Uses: 3}, {First: 1, Uses: 3, Zone: "x"}} {
		b, err := Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var got later
		if understood, err := UnmarshalRow(b, &got); err != nil || !understood || got != v {
			t.Errorf("%x: %+v, understood %v, %v", b, got, understood, err)
		}
	}
	var got later
	for in, want := range map[string]string{"a10101": "key -1 missing", "a301012000214178": "", "a30101200021617822": ""} {
		b, _ := hex.DecodeString(in)
		if _, err := UnmarshalRow(b, &got); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	for _, in := range []string{"a201013b800000000000000003", "a201011b800000000000000003"} { // no int64
		b, _ := hex.DecodeString(in)
		if _, err := check(b, reflect.TypeFor[later]()); !errors.Is(err, errForm) {
			t.Errorf("%s was taken for key -1: %v", in, err)
		}
	}
}
