package store

import (
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"badged/enroll"
	"badged/internal/clock"
	"badged/reader"
	"badged/sync/wire"
)

func ids(t *rapid.T, name string) (id [16]byte) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
	return id
}

func texts(t *rapid.T, name string) string {
	return rapid.StringMatching(`[a-zA-Zé°漢 -]{0,60}`).Draw(t, name)
}

func times(t *rapid.T, name string) time.Time {
	return fromMilli(rapid.Int64Range(-1<<45, 1<<45).Draw(t, name))
}

func whole(t *rapid.T, name string) time.Duration {
	return time.Duration(rapid.IntRange(0, 1<<31-1).Draw(t, name)) * time.Second
}

func TestEventsComeBackFromTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := enroll.Event{
			Order: rapid.Uint64Range(0, 1<<62).Draw(t, "order"), Seq: 7,
			Kind: enroll.EventKind(rapid.Byte().Draw(t, "kind")), Point: texts(t, "point"), Device: texts(t, "device"),
			Outcome: enroll.Outcome(rapid.Byte().Draw(t, "outcome")), Reason: enroll.Reason(rapid.Uint16().Draw(t, "reason")),
			Account: ids(t, "account"), Card: ids(t, "card"), Claim: ids(t, "claim"),
			Number: rapid.Uint64Range(0, 1<<62).Draw(t, "number"), Count: rapid.Uint64Range(0, 1<<62).Draw(t, "count"), Label: texts(t, "label"), Why: reader.Why(texts(t, "why")),
			Assurance: enroll.Assurance(rapid.Byte().Draw(t, "assurance")),
		}
		wall := time.UnixMilli(rapid.Int64Range(-1<<45, 1<<45).Draw(t, "wall")).UTC()
		e.At = clock.Stamp{Wall: wall, State: clock.State(rapid.IntRange(0, 2).Draw(t, "state")), Mono: whole(t, "mono")}
		copy(e.At.Boot[:], texts(t, "boot"))
		if rapid.Bool().Draw(t, "edited") {
			e.Edit = &enroll.Edit{Name: texts(t, "name"), Email: texts(t, "email"), Lang: "fr"}
		}
		body, err := wire.Marshal(eventToWire(e))
		if err != nil {
			t.Fatal(err)
		}
		if len(body) > wire.MaxEventBytes {
			t.Fatalf("an event of %d bytes", len(body))
		}
		var w wire.Event
		if err := wire.Unmarshal(body, &w); err != nil {
			t.Fatal(err)
		}
		if got := eventFromWire(w, 1, 7); !reflect.DeepEqual(got, e) {
			t.Fatalf("sent %+v\ngot  %+v", e, got)
		}
	})
}

func TestEveryTextCanBeEncoded(t *testing.T) {
	long := strings.Repeat("\xff\xc3é", 1000)
	e := enroll.Event{Point: long, Device: long, Label: long, Why: reader.Why(long), Edit: &enroll.Edit{Name: long, Email: long, Lang: long}}
	body, err := wire.Marshal(eventToWire(e))
	if err != nil || len(body) > wire.MaxEventBytes {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestRowsComeBackFromTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := enroll.Account{
			ID: ids(t, "id"), Kind: enroll.AccountKind(rapid.Byte().Draw(t, "kind")), State: enroll.AccountState(rapid.Byte().Draw(t, "state")),
			Number: rapid.Uint64Range(0, 1<<32-1).Draw(t, "number"), Label: texts(t, "label"), Name: texts(t, "name"),
			Lang: texts(t, "lang"), Expires: times(t, "expires"),
			EmailState: enroll.EmailState(rapid.Byte().Draw(t, "email state")),
		}
		if rapid.Bool().Draw(t, "merged") {
			a.Aliases = []uint64{7, 12}
		}
		if got := through(t, accountToWire(a)); !reflect.DeepEqual(accountFromWire(a.ID, got, true), a) {
			t.Fatalf("account %+v", got)
		}
		b := enroll.Binding{
			Card: ids(t, "card"), Account: ids(t, "owner"), State: enroll.BindingState(rapid.Byte().Draw(t, "bstate")),
			Assurance: enroll.Assurance(rapid.Byte().Draw(t, "assurance")), Expires: times(t, "bexpires"),
		}
		if got := through(t, bindingToWire(b)); bindingFromWire(b.Card, got, true) != b {
			t.Fatalf("binding %+v", got)
		}
		c := enroll.Claim{
			ID: ids(t, "claim"), Account: ids(t, "claimant"), MAC: ids(t, "mac"), Ends: times(t, "ends"),
			State: enroll.ClaimState(rapid.Byte().Draw(t, "cstate")),
		}
		if n := rapid.IntRange(0, 3).Draw(t, "doors"); n > 0 {
			c.Doors = rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,9}`), n, n).Draw(t, "names")
		}
		if got := through(t, claimToWire(c)); !reflect.DeepEqual(claimFromWire(c.ID, got, true), c) {
			t.Fatalf("claim %+v", got)
		}
	})
}

// through encodes and decodes.
func through[T any](t *rapid.T, v T) (got T) {
	body, err := wire.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// Every field of what only the hub writes must reach the terminal: a field that was
// forgotten would stay zero.
func TestNoFieldOfTheHubsRowsIsForgotten(t *testing.T) {
	for name, got := range map[string]any{
		"grant":       grantFromWire(enroll.GrantID{1}, wire.Grant{Account: [16]byte{1}, Door: "x", Schedule: 1, From: 1, To: 2, Deny: true}, true),
		"group grant": grantFromWire(enroll.GrantID{1}, wire.Grant{Account: [16]byte{1}, Group: 1, Door: "x", Schedule: 1, From: 1, To: 2, Deny: true}, true),
		"schedule":    scheduleFromWire(1, wire.Schedule{Windows: []wire.Hours{{Days: 1, From: 1, To: 1}}}, true),
		"window":      scheduleFromWire(1, wire.Schedule{Windows: []wire.Hours{{Days: 1, From: 1, To: 1}}}, true).Windows[0],
		"holidays":    holidaysFromWire(wire.Holidays{Days: []string{"2026-12-25"}}, true),
		"pin":         pinFromWire(enroll.PINMAC{1}, wire.PIN{Account: [16]byte{1}}, true),
		"account": accountFromWire(enroll.AccountID{1}, wire.Account{
			Kind: 1, State: 1, Number: 1, Label: "x", Name: "x", EmailState: 1, Lang: "x", Expires: 1, Groups: []uint64{1}, Aliases: []uint64{1},
		}, true),
		"service": offerFromWire(1, wire.Service{Kind: 1, French: "x", English: "x", Link: "x", Everyone: true, Groups: []uint64{1}}, true),
		"notice":  enroll.Notice(wire.Notice{Version: 1, French: "x", English: "x", ShortFrench: "x", ShortEnglish: "x", Link: "x"}),
		"offered": enroll.Offered(wire.Offer{Services: []uint64{1}, All: true, Groups: []uint64{1}, Agreed: 1}),
		"offset":  zoneFromWire([]wire.Offset{{Since: 1, East: 1}})[0],
		"door":    doorFromWire("x", wire.Door{Anonymous: true, UnknownTime: 1, FreshFor: 1, Stale: 1}, true),
		"site": siteFromWire(wire.Site{
			Name: "x", UnknownBadge: 1, Confirm: 1, Lang: "fr", EditProfile: true, CodeDigits: 4, ClaimWindow: 1, GuessBudget: 1,
			ClaimsClosed: true, ClaimsEpoch: 1, QuotaBurst: 1, QuotaDay: 1, QuotaSite: 1, AnonymousLife: 1, SessionIdle: 1, SessionMax: 1,
			PINLength: 6, OneCard: true, Ask: "x", TimeZone: "x", Offsets: []wire.Offset{{East: 1}},
		}, true),
	} {
		for v, i := reflect.ValueOf(got), 0; i < v.NumField(); i++ {
			field := v.Type().Field(i).Name
			whose := name == "grant" && field == "Group" || name == "group grant" && field == "Account" // one or the other
			if v.Field(i).IsZero() != whose && field != "NotUnderstood" && field != "Offered" {         // of a row of its own
				t.Errorf("%s: %s is lost", name, v.Type().Field(i).Name)
			}
		}
	}
}

// TestNamesAgree (issue 8, 1) holds the enumerations of enroll against those of wire, both
// ways: same number, same name, and none that only one of them has.
func TestNamesAgree(t *testing.T) {
	consts := constants(t)
	agree[wire.AccountKind](t, consts, "AccountKind", "")
	agree[wire.AccountState](t, consts, "AccountState", "")
	agree[wire.BindingState](t, consts, "BindingState", "Binding")
	agree[wire.Assurance](t, consts, "Assurance", "Assurance")
	agree[wire.ClaimState](t, consts, "ClaimState", "Claim")
	agree[wire.Route](t, consts, "Route", "Route")
	agree[wire.Confirm](t, consts, "Confirm", "Confirm")
	agree[wire.Policy](t, consts, "Policy", "Policy")
	agree[wire.ServiceKind](t, consts, "ServiceKind", "Service")
	agree[wire.EmailState](t, consts, "EmailState", "Email")
	agree[wire.EventKind](t, consts, "EventKind", "Event")
	agree[wire.Outcome](t, consts, "Outcome", "")
	agree[wire.Reason](t, consts, "Reason", "Reason")
	for stream, c := range map[wire.Stream]enroll.Stream{wire.StreamEvents: enroll.StreamEvents, wire.StreamSecurity: enroll.StreamSecurity} {
		if uint64(stream) != uint64(c) {
			t.Errorf("stream %s is %d in enroll", stream, c)
		}
	}
	for state := clock.Unknown; state <= clock.Trusted; state++ {
		if state.String() != wire.Clock(state).String() || wire.Known(wire.Clock(clock.Trusted+1)) {
			t.Errorf("clock state %s is %s on the wire", state, wire.Clock(state))
		}
	}
	delete(consts, "Stream")
	delete(consts, "PointKind") // does not travel
	for typ := range consts {
		t.Errorf("no enumeration of wire is held against enroll.%s", typ)
	}
}

// agree holds one enumeration against its names on the wire, and takes it out of consts.
func agree[T wire.Enum](t *testing.T, consts map[string]map[string]uint64, typ, prefix string) {
	t.Helper()
	if len(consts[typ]) < 3 {
		t.Fatalf("%d constants of type %s found", len(consts[typ]), typ)
	}
	names := make(map[string]uint64)
	for i := range uint64(1 << 8) {
		if wire.Known(T(i)) {
			names[T(i).String()] = i
		}
	}
	for name, n := range consts[typ] {
		if n == unknown {
			continue // stands for what was not understood, and does not travel
		}
		want := snake(strings.TrimPrefix(name, prefix))
		if have, ok := names[want]; !ok || have != n {
			t.Errorf("%s = %d: on the wire %q is %d, %v", name, n, want, have, ok)
		}
		delete(names, want)
	}
	for name, n := range names {
		t.Errorf("the wire has %q = %d, and no constant of type %s", name, n, typ)
	}
	delete(consts, typ)
}

var constLine = regexp.MustCompile(`^\t(\w+)\s+(\w+)\s+= (\d+)\b`)

// constants reads the numbered constants of package enroll from its source, by type.
func constants(t *testing.T) map[string]map[string]uint64 {
	t.Helper()
	found := make(map[string]map[string]uint64)
	for _, file := range []string{"../types.go", "../decision.go", "../offers.go"} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(src), "\n") {
			m := constLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			n, err := strconv.ParseUint(m[3], 10, 16)
			if err != nil {
				t.Fatal(err)
			}
			if found[m[2]] == nil {
				found[m[2]] = make(map[string]uint64)
			}
			found[m[2]][m[1]] = n
		}
	}
	return found
}

// snake turns RandomUID into random_uid.
func snake(s string) string {
	var out strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
