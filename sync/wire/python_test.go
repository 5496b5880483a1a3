//go:build peers

package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	gocbor "github.com/fxamacker/cbor/v2"

	"badged/sync/wire"
)

// reading is a line of decode.py: what another program reads from a vector.
type reading struct {
	File       string            `json:"file"`
	Diagnostic string            `json:"diagnostic"`
	Fields     map[string]string `json:"fields"`
	Events     []string          `json:"events"`
	Chain      string            `json:"chain"`
	Signed     *bool             `json:"signed"`
}

// decodeInPython runs decode.py on files, or on all vectors.
func decodeInPython(t *testing.T, files ...string) (readings []reading, err error) {
	t.Helper()
	var said, trouble bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{"-B", filepath.Join(vectorDir, "decode.py")}, files...)...)
	cmd.Stdout, cmd.Stderr = &said, &trouble
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, trouble.String())
	}
	for d := json.NewDecoder(&said); d.More(); {
		var r reading
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
	}
	return readings, nil
}

// Issue 14, 2.3: a program in another language, with its standard library only, reads every
// vector, its signature, the names of its fields and the events of frames as this one does.
func TestAnotherLanguageReadsTheVectors(t *testing.T) {
	readings, err := decodeInPython(t)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(vectorDir, "*.json"))
	packed, _ := filepath.Glob(filepath.Join(vectorDir, "*.hex"))
	if len(files) == 0 || len(packed) == 0 || len(readings) != len(files)+len(packed) {
		t.Fatalf("%d of %d vectors were read", len(readings), len(files)+len(packed))
	}
	for _, r := range readings {
		v := readVector(t, r.File)
		if r.Diagnostic != v.Diagnostic {
			t.Errorf("%s: read as %s, want %s", r.File, r.Diagnostic, v.Diagnostic)
		}
		if signed := r.Signed != nil && *r.Signed; signed != (v.Signed != "") {
			t.Errorf("%s: the signature is right: %v", r.File, signed)
		}
		compareFields(t, r, v)
		if v.Type == "Frame" {
			compareEvents(t, r, v)
		}
	}
}

// readVector reads a vector; of one in hex, what its name and its bytes say.
func readVector(t *testing.T, name string) (v vector) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorDir, name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".hex") {
		v.Type, v.CBOR = "Frame", strings.TrimSpace(string(b))
		v.Diagnostic, err = gocbor.Diagnose(unhex(t, v.CBOR))
	} else {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// compareFields holds the names of a reading against those of the Go type.
func compareFields(t *testing.T, r reading, v vector) {
	t.Helper()
	var pairs map[int64]any
	if err := gocbor.Unmarshal(unhex(t, v.CBOR), &pairs); err != nil {
		t.Fatal(err)
	}
	names := fieldNames(t, v.Type)
	for key := range pairs {
		name := names[key]
		if name == "" {
			name = fmt.Sprint(key) // of a later version
		}
		if _, read := r.Fields[name]; !read {
			t.Errorf("%s: no field %s: %v", r.File, name, r.Fields)
		}
	}
	if len(r.Fields) != len(pairs) {
		t.Errorf("%s: %d fields of %d", r.File, len(r.Fields), len(pairs))
	}
}

// fieldNames are the names of the fields of a sample's type, by key.
func fieldNames(t *testing.T, kind string) map[int64]string {
	t.Helper()
	names := map[int64]string{}
	for _, s := range samples(t) {
		typ := reflect.TypeOf(s.message)
		if typ.Name() != kind {
			continue
		}
		for i := range typ.NumField() {
			var key int64
			if _, err := fmt.Sscanf(typ.Field(i).Tag.Get("cbor"), "%d,", &key); err == nil {
				names[key] = typ.Field(i).Name
			}
		}
	}
	return names
}

func compareEvents(t *testing.T, r reading, v vector) {
	t.Helper()
	var f wire.Frame
	if err := wire.Unmarshal(unhex(t, v.CBOR), &f); err != nil {
		t.Fatal(err)
	}
	events, err := f.Unpack()
	if err != nil {
		t.Fatal(err)
	}
	chain, shown := f.After, []string{}
	for _, e := range events {
		text, err := gocbor.Diagnose(e)
		if err != nil {
			t.Fatal(err)
		}
		chain, shown = chain.Next(e), append(shown, text)
	}
	if !reflect.DeepEqual(shown, r.Events) || hex.EncodeToString(chain[:]) != r.Chain {
		t.Errorf("%s: events %q, chain %s; want %q, %x", r.File, r.Events, r.Chain, shown, chain)
	}
}

// The other program refuses what is forged, and what is not deterministic.
func TestAnotherLanguageRefusesForgeries(t *testing.T) {
	spoilt := func(name string, spoil func(*vector)) ([]reading, error) {
		v := readVector(t, name)
		spoil(&v)
		b, err := json.Marshal(v)
		path := filepath.Join(t.TempDir(), name)
		if err != nil || os.WriteFile(path, b, 0o600) != nil {
			t.Fatal(err)
		}
		return decodeInPython(t, path)
	}
	for what, spoil := range map[string]func(*vector){
		"of another kind": func(v *vector) { v.Topic.Kind = wire.MsgPage },
		"of another site": func(v *vector) { v.Topic.Site = "paris" },
		"by another key":  func(v *vector) { v.Seed = strings.Repeat("01", 32) },
		"with another signature": func(v *vector) {
			v.Signed = v.Signed[:len(v.Signed)-128] + strings.Repeat("00", 63) + v.Signed[len(v.Signed)-2:]
		},
	} {
		readings, err := spoilt("ack.json", spoil)
		if err == nil && (len(readings) != 1 || readings[0].Signed == nil || *readings[0].Signed) {
			t.Errorf("an acknowledgement %s is held for genuine", what)
		}
	}
	for what, cbor := range map[string]string{
		"with a long number": "a2011801021801", "with a key twice": "a201010101", "with keys out of order": "a202010101",
		"cut short": "a2010102", "with bytes behind": "a2010102f400", "without a length": "bf0101ff",
	} {
		if _, err := spoilt("status.json", func(v *vector) { v.CBOR, v.Signed = cbor, "" }); err == nil {
			t.Errorf("a message %s is read", what)
		}
	}
}
