package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	gocbor "github.com/fxamacker/cbor/v2"

	"badged/sync/wire"
)

var update = flag.Bool("update", false, "write testdata/vectors/wire anew")

const vectorDir = "../../testdata/vectors/wire"

// vector is one file of testdata/vectors/wire: a message, its encoding, and what is
// published. Keys are Ed25519 seeds of 32 equal bytes, so that other programs can check
// them.
type vector struct {
	About      string        `json:"about"`
	Type       string        `json:"type"`                     // in badged.cddl
	Diagnostic string        `json:"diagnostic"`               // RFC 8949 section 8
	CBOR       string        `json:"cbor"`                     // hex
	Strange    bool          `json:"not_understood,omitempty"` // it has a key that only a later version knows
	Topic      *wire.Context `json:"context,omitempty"`
	Seed       string        `json:"seed,omitempty"`   // of the sender, hex
	Signed     string        `json:"signed,omitempty"` // hex
}

type sample struct {
	name, about string
	message     any
	dir, kind   string // empty: a row, not signed by itself
}

func id(b byte) (out [16]byte) { return [16]byte(bytes.Repeat([]byte{b}, len(out))) }

func digest(b byte) wire.Digest { return wire.Digest(bytes.Repeat([]byte{b}, 32)) }

func slice(b byte) []byte { out := id(b); return out[:] }

func samples(t *testing.T) []sample {
	t.Helper()
	event := wire.Event{
		Order: 41, Kind: 2, Point: "hall", Outcome: 1, Reason: 2, Account: slice(0xa1), Card: slice(0xc1), Claim: slice(0xc2),
		At: 1767225600123, Clock: 2, Boot: []byte("bootboot"), Mono: 86400000, Number: 7, Label: "hall-1",
		Edit: &wire.Edit{Name: "Zoé Martin", Email: "zoe@example.org", Lang: "fr"}, Device: "hall-rfid", Why: "checksum",
		Assurance: wire.AssurancePACS, Count: 3,
	}
	short := wire.Event{Order: 1, Kind: 6, Reason: 33, Boot: []byte("bootboot")}
	frame, err := wire.PackFrame(id(2), wire.StreamSecurity, wire.Batch{First: 40, Events: [][]byte{must(t)(wire.Marshal(short)), must(t)(wire.Marshal(event))}})
	if err != nil {
		t.Fatal(err)
	}
	row := wire.Binding{Account: id(0xa1), State: 1, Assurance: 2}
	body := must(t)(wire.Marshal(row))
	return []sample{
		{"hello", "A terminal that has been there before says hello.", wire.Hello{
			MinVersion: 1, MaxVersion: 1, Nonce: id(1), Incarnation: id(2), Next: map[wire.Stream]uint64{1: 300, 2: 42},
			Vector: []wire.CollectionState{{Collection: wire.Cards, Rev: 70000, Hash: id(9), NotUnderstood: 3}}, Agent: "badged 1.0", Lease: 12,
		}, wire.Up, wire.MsgHello},
		{"hello-empty", "A new terminal says hello.", wire.Hello{}, wire.Up, wire.MsgHello},
		{"frame", "Two security events in a frame that is too small to be packed.", frame, wire.Up, wire.MsgSecurity},
		{"event", "An event with every field.", event, "", ""},
		{"event-short", "An event with no field that can be left out.", short, "", ""},
		{"status", "A terminal goes.", wire.Status{Nonce: id(1)}, wire.Up, wire.MsgStatus},
		{"ack", "The hub has it.", wire.Ack{
			Nonce: id(1), Incarnation: id(2), Upto: map[wire.Stream]uint64{1: 299, 2: 41}, Credit: 4, Time: 1767225600456,
		}, wire.Down, wire.MsgAck},
		{"ack-pause", "The hub wants a pause.", wire.Ack{
			Nonce: id(1), Incarnation: id(2), Upto: map[wire.Stream]uint64{}, Time: 1767225600456, RetryAfter: 5000, Problem: "disk full",
		}, wire.Down, wire.MsgAck},
		{"page", "A delta of cards: one new, one gone.", wire.Page{
			Nonce: id(1), Collection: wire.Cards, From: 70000, To: 70002, Parts: 1, Hash: wire.RowHash(wire.Cards, slice(0xc1), body),
			Changes: []wire.Change{{Key: slice(0xc1), Rev: 70001, Body: body}, {Key: slice(0xc2), Rev: 70002}},
		}, wire.Down, wire.MsgPage},
		{"hello-update", "A terminal that fetches a release says hello.", wire.Hello{
			MinVersion: 1, MaxVersion: 1, Nonce: id(1), Incarnation: id(2), Agent: "badged 1.0",
			Update: &wire.Update{
				Board: "uefi-amd64", Installed: digest(0xe1), Sequence: 13, Release: bytes.Repeat([]byte{0xe2}, 32), Phase: wire.UpdateFetching, Done: 7, Why: "no room",
			},
		}, wire.Up, wire.MsgHello},
		{"release", "A release for a terminal, whose turn it is.", wire.Release{
			Nonce: id(1), ID: digest(0xe2), Version: "1.4.0", Size: 61441, Pieces: bytes.Repeat([]byte{0xf1}, 32), Install: true, Retry: true,
		}, wire.Down, wire.MsgRelease},
		{"want", "Two pieces are asked for.", wire.Want{Release: digest(0xe2), Pieces: []uint64{0, 1}}, wire.Up, wire.MsgWant},
		{"piece", "The last piece of a release.", wire.Piece{Release: digest(0xe2), Index: 1, Data: []byte{0x2a}}, wire.Down, wire.MsgPiece},
		{"account", "A row of accounts.", wire.Account{Kind: 2, State: 3, Number: 7, Aliases: []uint64{9}, Lang: "fr", Expires: 1769817600000}, "", ""},
		{"card", "A row of cards.", row, "", ""},
		{"grant", "A row of grants.", wire.Grant{Account: id(0xa1), Door: "front", From: -1, To: 1769817600000, Deny: true}, "", ""},
		{"account-groups", "A row of accounts: somebody with groups, who typed an e-mail.", wire.Account{
			Kind: 1, State: 3, Name: "Zoé Martin", Groups: []uint64{1, 300}, EmailState: wire.EmailToConfirm,
		}, "", ""},
		{"grant-group", "A row of grants: a group's, at the hours of a schedule.", wire.Grant{Door: "front", Group: 300, Schedule: 7}, "", ""},
		{"schedule", "A row of schedules: weekdays from 6:00 to 22:00, and nights of Saturdays and holidays.", wire.Schedule{
			Windows: []wire.Hours{{Days: 0b0001_1111, From: 360, To: 1320}, {Days: 0b1010_0000, From: 1320, To: 360}},
		}, "", ""},
		{"holidays", "The row of schedules that holds the holidays.", wire.Holidays{Days: []string{"2026-12-25", "2027-01-01"}}, "", ""},
		{"pin", "A row of pins.", wire.PIN{Account: id(0xa1)}, "", ""},
		{"site-zone", "The row of config, with a time zone and PINs of one length.", wire.Site{
			Name: "lyon", UnknownBadge: 3, Lang: "fr", CodeDigits: 4, ClaimWindow: 30, GuessBudget: 8,
			QuotaBurst: 5, QuotaDay: 30, QuotaSite: 500, AnonymousLife: 2592000, SessionIdle: 60, PINLength: 6, TimeZone: "Europe/Paris",
			Offsets: []wire.Offset{{Since: 1761440400, East: 3600}, {Since: 1774746000, East: 7200}},
		}, "", ""},
		{"service", "A row of services: a link that two groups have.", wire.Service{
			Kind: wire.ServiceLink, French: "Aide", English: "Help", Link: "https://example.org/", Groups: []uint64{1, 300},
		}, "", ""},
		{"notice", "The row of services that holds the privacy notice.", wire.Notice{
			Version: 2, French: "Vos données\n\nNous gardons vos passages trois mois.", English: "Your data\n\nWe keep your passages for three months.",
			ShortFrench: "Nous gardons vos passages.", ShortEnglish: "We keep your passages.", Link: "https://example.org/",
		}, "", ""},
		{"offer", "A row of offers: two services of its own, and an agreement.", wire.Offer{Services: []uint64{2, 7}, Agreed: 2}, "", ""},
		{"claim", "A row of claims.", wire.Claim{Account: id(0xa1), MAC: id(0xcc), Ends: 1767229200000, Doors: []string{"front"}, State: 1}, "", ""},
		{"door", "A row of doors.", wire.Door{UnknownTime: 1, FreshFor: 259200, Stale: 2}, "", ""},
		{"lease", "A row of leases.", wire.Lease{First: 65, Last: 128}, "", ""},
		{"site", "The row of config.", wire.Site{
			Name: "lyon", UnknownBadge: 3, Lang: "fr", EditProfile: true, CodeDigits: 4, ClaimWindow: 30, GuessBudget: 8,
			QuotaBurst: 5, QuotaDay: 30, QuotaSite: 500, AnonymousLife: 2592000, SessionIdle: 60,
		}, "", ""},
	}
}

// The bytes of every message stay what they were when they were published.
func TestGoldenVectors(t *testing.T) {
	for _, s := range samples(t) {
		path := filepath.Join(vectorDir, s.name+".json")
		got := s.vector(t)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v (go test ./sync/wire -update makes it)", err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what it was:\n%s\nwant\n%s", s.name, got, want)
		}
		s.decode(t, want)
	}
}

func (s sample) vector(t *testing.T) []byte {
	t.Helper()
	cbor := must(t)(wire.Marshal(s.message))
	shown, err := gocbor.Diagnose(cbor)
	if err != nil {
		t.Fatal(err)
	}
	v := vector{About: s.about, Type: reflect.TypeOf(s.message).Name(), Diagnostic: shown, CBOR: hex.EncodeToString(cbor)}
	if s.kind != "" {
		c := wire.Context{Site: "lyon", Terminal: "hall", Dir: s.dir, Kind: s.kind}
		k := key(sender(s.dir))
		v.Topic, v.Seed = &c, hex.EncodeToString(k.Seed())
		v.Signed = hex.EncodeToString(must(t)(wire.Sign(k, c, cbor)))
	}
	return append(must(t)(json.MarshalIndent(v, "", "  ")), '\n')
}

func sender(dir string) byte {
	if dir == wire.Down {
		return 'h'
	}
	return 'd'
}

// decode reads a vector back, with nothing but what the file says.
func (s sample) decode(t *testing.T, file []byte) {
	t.Helper()
	var v vector
	if err := json.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	got := reflect.New(reflect.TypeOf(s.message))
	if err := wire.Unmarshal(unhex(t, v.CBOR), got.Interface()); err != nil {
		t.Errorf("%s: %v", s.name, err)
	}
	if again := must(t)(wire.Marshal(got.Elem().Interface())); hex.EncodeToString(again) != v.CBOR {
		t.Errorf("%s: encoded again it is %x", s.name, again)
	}
	if v.Signed == "" {
		return
	}
	if !strings.HasPrefix(v.Signed, "d2") { // tag 18
		t.Errorf("%s: not a tagged COSE_Sign1", s.name)
	}
	payload, err := wire.Verify(public(key(sender(s.dir))), *v.Topic, unhex(t, v.Signed))
	if err != nil || hex.EncodeToString(payload) != v.CBOR {
		t.Errorf("%s: signed %x, %v", s.name, payload, err)
	}
}

// TestRowsOfALaterVersion (issue 8, 1): a row of each collection as a later version may send
// it, with a negative key, can be read by this one, which knows that it does not
// understand it.
func TestRowsOfALaterVersion(t *testing.T) {
	later := map[string]byte{ // that key
		"account": 0x20, "card": 0x20, "grant": 0x22, "claim": 0x20, "door": 0x20, "lease": 0x20, "site": 0x20,
		"schedule": 0x20, "holidays": 0x20, "pin": 0x20, "grant-group": 0x22,
	}
	for _, s := range samples(t) {
		key, ok := later[s.name]
		if !ok {
			continue
		}
		path := filepath.Join(vectorDir, "later-"+s.name+".json")
		body := must(t)(wire.Marshal(s.message))
		body[0]++ // one pair more, of fewer than 24
		body = append(body, key, 0x63, 'n', 'e', 'w')
		shown, err := gocbor.Diagnose(body)
		if err != nil {
			t.Fatal(err)
		}
		v := vector{
			About: s.about + " A later version narrows it by a key that must be understood.", Type: reflect.TypeOf(s.message).Name(),
			Diagnostic: shown, CBOR: hex.EncodeToString(body), Strange: true,
		}
		got := append(must(t)(json.MarshalIndent(v, "", "  ")), '\n')
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what it was (%v):\n%s", path, err, got)
		}
		row := reflect.New(reflect.TypeOf(s.message))
		understood, err := wire.UnmarshalRow(body, row.Interface())
		if err != nil || understood || !reflect.DeepEqual(row.Elem().Interface(), s.message) {
			t.Errorf("%s: understood %v, %v, %+v", path, understood, err, row.Elem())
		}
	}
}

// A packed frame is held as input only: how well it is packed may change.
func TestPackedVector(t *testing.T) {
	path := filepath.Join(vectorDir, "frame-packed.hex")
	if *update {
		f, err := wire.PackFrame(id(2), wire.StreamEvents, wire.Batch{First: 100, Events: events(t, 16)})
		if err != nil {
			t.Fatal(err)
		}
		text := hex.EncodeToString(must(t)(wire.Marshal(f))) + "\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f wire.Frame
	if err := wire.Unmarshal(unhex(t, strings.TrimSpace(string(text))), &f); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Unpack(); err != nil || !f.Packed || !reflect.DeepEqual(got, events(t, 16)) {
		t.Errorf("%d events, packed %v, %v", len(got), f.Packed, err)
	}
}
