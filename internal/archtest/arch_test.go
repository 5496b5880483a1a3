package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestImports holds every Go file of the module against the tables.
func TestImports(t *testing.T) {
	report(t, check(loadModule(t)))
}

// TestCheckerSeesBrokenRules breaks each rule in a small module of its own and wants
// to see it reported: a checker that cannot fail proves nothing.
func TestCheckerSeesBrokenRules(t *testing.T) {
	tests := []struct {
		name, path, imports string
		want                string // empty: legal
	}{
		{"a lower level is fine", "enroll/engine.go", "badged/reader", ""},
		{"a plain value is fine", "keypad/keypad.go", "badged/internal/secret", ""},
		{"the standard library is fine", "keypad/keypad.go", "time", ""},
		{"a library in its place is fine", "sync/mqttlink/link.go", "github.com/eclipse/paho.mqtt.golang", ""},
		{"a test may bring in a neighbour", "sync/mqttlink/link_test.go", "badged/sync/hub/broker", ""},
		{"a test may use a test library", "keypad/keypad_test.go", "pgregory.net/rapid", ""},
		{"a test helper may use a test library", "reader/readertest/x.go", "pgregory.net/rapid", ""},
		{"a test may use another's library", "sync/hub/broker/broker_test.go", "github.com/eclipse/paho.mqtt.golang", ""},

		{"base imports ours", "internal/clock/clock.go", "badged/keypad", "nothing of ours"},
		{"a higher level", "keypad/keypad.go", "badged/reader", "keypad (level 0) may not import reader (level 1)"},
		{"a sibling that is not listed", "reader/line/line.go", "badged/reader/rdm6300", "reader/line (level 2) may not import"},
		{"reader knows enrolment", "reader/serialport/port.go", "badged/enroll", "must never import"},
		{"enrolment knows the wire", "enroll/engine.go", "badged/sync/wire", "must never import"},
		{"enrolment's inner test knows the wire", "enroll/engine_test.go", "badged/sync/wire", "must never import"},
		{"the wire knows enrolment", "sync/wire/messages.go", "badged/enroll", "must never import"},
		{"the hub knows enrolment", "sync/hub/web/web.go", "badged/enroll/store", "must never import"},
		{"a door knows people", "internal/door/door.go", "badged/enroll", "must never import"},
		{"somebody imports a command", "internal/agent/agent.go", "badged/cmd/badged", "must never import"},
		{"the panel reaches the network", "enroll/kiosk/kiosk.go", "badged/sync/uplink", "must never import"},

		{"a package without a level", "surprise/surprise.go", "fmt", "has no level"},
		{"an import without a level", "cmd/badged/main.go", "badged/surprise", "has no level"},
		{"a Go file in sync", "sync/sync.go", "fmt", "shadow"},
		{"a library elsewhere", "internal/agent/agent.go", "go.bug.st/serial", "may be imported by reader/serialport"},
		{"a package of a library elsewhere", "enroll/engine.go", "golang.org/x/text/message", "enroll/kiosk, sync/hub/people, sync/hub/mail, internal/password only"},
		{"an unknown library", "enroll/engine.go", "example.org/left/pad", "no line of the table of libraries"},
		{"a library that only looks like a known one", "reader/serialport/port.go", "go.bug.st/serialize", "no line of the table"},
		{"a test library in the program", "keypad/keypad.go", "pgregory.net/rapid", "for tests only"},
		{"a test helper in the program", "internal/rig/sim/sim.go", "badged/reader/readertest", "for tests only"},
		{"the agent links the hub", "cmd/badged/main.go", "badged/sync/hub/store", "links sync/hub/store"},
		{"the agent links the workbench's devices", "cmd/badged/main.go", "badged/internal/rig/sim", "links internal/rig/sim"},
		{"the technician's tool links the workbench", "cmd/badgectl/main.go", "badged/internal/rig/workbench", "links internal/rig/workbench"},
		{"the hub links enrolment", "cmd/badgehub/main.go", "badged/enroll", "may not import enroll"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantViolation(t, fstest.MapFS{tt.path: goFile("", tt.imports)}, tt.want)
		})
	}
}

func TestCheckerSeesFilesOfOtherSystemsAndTags(t *testing.T) {
	for _, tree := range []fstest.MapFS{
		{"keypad/keypad_windows.go": goFile("", "badged/enroll")},
		{"keypad/keypad.go": goFile("//go:build plan9 && libusb\n\n", "badged/enroll")},
		{"keypad/keypad.go": goFile("//go:build ignore\n\n", "badged/enroll")},
	} {
		wantViolation(t, tree, "must never import")
	}
}

func TestCheckerLetsTestsFromOutsideBringInNeighbours(t *testing.T) {
	outer := &fstest.MapFile{Data: []byte("package enroll_test\n\nimport _ \"badged/sync/wire\"\n")}
	wantViolation(t, fstest.MapFS{"enroll/engine_test.go": outer}, "")
	wantViolation(t, fstest.MapFS{"enroll/engine.go": outer}, "must never import")
}

func TestCheckerFollowsWhatACommandLinks(t *testing.T) {
	tree := fstest.MapFS{
		"cmd/badged/main.go":           goFile("", "badged/internal/agent"),
		"internal/agent/agent.go":      goFile("", "badged/internal/door"),
		"internal/door/door.go":        goFile("", "badged/sync/hub/broker"),
		"internal/door/door_test.go":   goFile("", "badged/sync/hub/web"),
		"sync/hub/broker/broker.go":    goFile("", "github.com/nats-io/nats-server/v2/server"),
		"internal/agent/agent_test.go": goFile("", "badged/internal/rig/sim"),
	}
	wantViolation(t, tree, "cmd/badged -> internal/agent -> internal/door -> sync/hub/broker")
	delete(tree, "internal/door/door.go")
	wantViolation(t, tree, "")
}

func TestCheckerPassesOverOtherFolders(t *testing.T) {
	wantViolation(t, fstest.MapFS{
		"testdata/x.go":        goFile("", "badged/surprise"),
		"reader/testdata/x.go": goFile("", "badged/surprise"),
		".git/x.go":            goFile("", "badged/surprise"),
	}, "")
}

// TestTables holds the tables against each other and against go.mod.
func TestTables(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lib := range libraries {
		if !strings.Contains(string(mod), "\t"+lib.module+" ") {
			t.Errorf("the table names %s, which go.mod does not require", lib.module)
		}
		if lib.why == "" {
			t.Errorf("%s stands in the table without a reason", lib.module)
		}
	}
	for _, line := range folders {
		for _, p := range line.may {
			to, ok := lookup(strings.TrimSuffix(strings.TrimSuffix(p, "/..."), "/*"))
			if ok && to.level > line.level {
				t.Errorf("%s (%s) is allowed to import %s (%s), which is higher", line.name, line.level, p, to.level)
			}
		}
	}
}

// TestEveryLineIsUsed keeps the table of levels free of packages that are gone.
func TestEveryLineIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, f := range loadModule(t) {
		if line, ok := lookup(f.pkg); ok {
			used[line.name] = true
		}
	}
	for _, line := range folders {
		if !used[line.name] {
			t.Errorf("the table names %s, and no Go file is there", line.name)
		}
	}
}

func goFile(head, imports string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(head + "package x\n\nimport _ \"" + imports + "\"\n")}
}

// wantViolation wants a violation with that text, or for "" none at all.
func wantViolation(t *testing.T, tree fstest.MapFS, want string) {
	t.Helper()
	files, err := load(tree)
	if err != nil {
		t.Fatal(err)
	}
	got := check(files)
	if want == "" && len(got) == 0 {
		return
	}
	for _, v := range got {
		if want != "" && strings.Contains(v.String(), want) {
			return
		}
	}
	t.Errorf("got %v, want a violation with %q", got, want)
}
