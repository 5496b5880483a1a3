package box

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"badged/firmware/slot"
	"badged/internal/boxctl"
	"badged/internal/ctl"
	"badged/internal/health"
)

// The kernel is told its slot by the boot loader, and nothing else is taken for that.
func TestTheSlotThatRuns(t *testing.T) {
	for cmdline, want := range map[string]slot.Slot{
		"console=ttyS0 badged.slot=a": slot.A, "badged.slot=b quiet": slot.B, "quiet": 0, "badged.slot=c": 0, "badged.slot=": 0, "xbadged.slot=a": 0,
	} {
		if got, err := bootedSlot(cmdline); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %v, %v", cmdline, got, err)
		}
	}
}

// Devices of readers go to the groups that udev gives them on a terminal of packages, no others.
func TestWhoGetsWhichDevice(t *testing.T) {
	for node, want := range map[string]int{
		"hidraw0": badgedIO, "input/event3": badgedIO, "gpiochip1": badgedIO, "bus/usb/001/002": badgedIO, "spidev0.0": badgedIO,
		"ttyUSB0": dialout, "ttyACM1": dialout, "ttyAMA0": dialout, "ttyS1": dialout, "vda": 0, "input/mouse0": 0, "mem": 0, "watchdog": 0,
	} {
		if got, _ := groupOf(node); got != want {
			t.Errorf("%s goes to %d, want %d", node, got, want)
		}
	}
}

// What the kernel says of a device is a line and then fields; what is cut is left out.
func TestWhatTheKernelSaysOfADevice(t *testing.T) {
	e := parseUevent([]byte("add@/devices/x\x00ACTION=add\x00DEVNAME=ttyUSB0\x00MODALIAS=usb:v1=2\x00cut"))
	if e["ACTION"] != "add" || e["DEVNAME"] != "ttyUSB0" || e["MODALIAS"] != "usb:v1=2" || len(e) != 3 {
		t.Errorf("%v", e)
	}
}

// A trial has failed as long as something has that was fine before: a reader, the hub. What was not
// there before need not come.
func TestWhatATrialMustHave(t *testing.T) {
	status := func(connected bool, state health.State, readers ...health.State) ctl.Status {
		s := ctl.Status{Uplink: ctl.Uplink{Connected: connected}, Health: []health.Item{{Name: "store", State: state, Text: "full"}}}
		for i, r := range readers {
			s.Readers = append(s.Readers, ctl.Reader{Name: string(rune('a' + i)), State: r})
		}
		return s
	}
	before := baselineOf(status(true, health.OK, health.OK, health.Warn))
	for _, tt := range []struct {
		now  ctl.Status
		want string
	}{
		{status(true, health.OK, health.OK, health.Warn), ""},
		{status(true, health.Warn, health.OK, health.OK), ""},
		{status(true, health.OK, health.Warn, health.OK), "reader a worked before the update"},
		{status(true, health.OK), "reader a worked before the update"},
		{status(false, health.OK, health.OK), "the hub was connected before the update"},
		{status(true, health.Fail, health.OK), "store: full"},
	} {
		if got := before.missing(tt.now); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if got := (baseline{}).missing(status(false, health.OK)); got != "" {
		t.Errorf("a box that had nothing: %q", got)
	}
}

// A clock is set by half of what both ways differ, and by no answer that is not one: to another
// question, of a server that does not know the time, or cut.
func TestWhatAServerSaysOfTheTime(t *testing.T) {
	sent := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	got := sent.Add(200 * time.Millisecond)
	stamp := func(b []byte, at time.Time) {
		d := at.Sub(ntpEra)
		binary.BigEndian.PutUint32(b, uint32(d/time.Second))
		binary.BigEndian.PutUint32(b[4:], uint32(uint64(d%time.Second)<<32/1e9))
	}
	q := make([]byte, 48)
	q[40] = 9
	good := make([]byte, 48)
	good[0], good[1] = 4<<3|4, 2
	copy(good[24:], q[40:])
	stamp(good[32:], sent.Add(time.Hour+100*time.Millisecond))
	stamp(good[40:], sent.Add(time.Hour+100*time.Millisecond))
	off, err := offset(q, good, sent, got)
	if err != nil || (off-time.Hour).Abs() > time.Millisecond {
		t.Errorf("%v, %v", off, err)
	}
	for what, change := range map[string]func(b []byte) []byte{
		"cut": func(b []byte) []byte { return b[:47] }, "a client": func(b []byte) []byte { b[0] = 4<<3 | 3; return b },
		"not set": func(b []byte) []byte { b[0] |= 3 << 6; return b }, "go away": func(b []byte) []byte { b[1] = 0; return b },
		"another question": func(b []byte) []byte { b[24]++; return b }, "no time": func(b []byte) []byte { clear(b[32:]); return b },
	} {
		if _, err := offset(q, change(append([]byte(nil), good...)), sent, got); err == nil {
			t.Errorf("%s: the clock is set", what)
		}
	}
	if got := ntpTime([]byte{0, 0, 0, 1, 0x80, 0, 0, 0}); !got.Equal(time.Date(2036, 2, 7, 6, 28, 17, 5e8, time.UTC)) {
		t.Errorf("the second era: %v", got)
	}
}

// Issue 12, 4: what breaks off is fetched on from there, and a server that begins anew, that says
// nothing of the length or that has too much is refused.
func TestABundleIsFetchedOn(t *testing.T) {
	whole := bytes.Repeat([]byte("bundle "), 50_000)
	var asked []string
	answer := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range"))
		if len(asked) < 4 { // breaks off three times
			w = &breaking{w, 60_000}
		}
		http.ServeContent(w, r, "bundle", time.Time{}, bytes.NewReader(whole))
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	defer srv.Close()
	to := filepath.Join(t.TempDir(), "bundle")
	var last boxctl.Step
	if err := fetch(t.Context(), srv.URL, to, func(s boxctl.Step) { last = s }); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil || !bytes.Equal(got, whole) || len(asked) != 4 || asked[0] != "" || asked[3] == "" || last.Done != last.Total {
		t.Errorf("%d of %d bytes, asked %v, %+v, %v", len(got), len(whole), asked, last, err)
	}
	for what, bad := range map[string]http.HandlerFunc{
		"missing": http.NotFound,
		"no length": func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(whole)
		},
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999999999999")
			_, _ = w.Write(whole)
		},
	} {
		answer = bad
		if err := fetch(t.Context(), srv.URL, to, func(boxctl.Step) {}); err == nil {
			t.Errorf("%s: fetched", what)
		}
		if kept, err := os.ReadFile(to); err != nil || len(kept) > 0 {
			t.Errorf("%s: %d bytes are kept, %v", what, len(kept), err)
		}
	}
}

// breaking ends a connection after some bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return b.ResponseWriter.Write(p)
}

// Issue 12, 5: why a trial failed is known after the restart, and is not said of another release.
func TestWhyATrialFailedIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.json")
	const nothing = "the machine started again before the release was found healthy"
	if got := whyFailed(path, "ab"); got != nothing {
		t.Errorf("a trial that the power ended: %q", got)
	}
	if err := keepWhy(path, "ab", "reader hall worked before the update"); err != nil {
		t.Fatal(err)
	}
	if got := whyFailed(path, "ab"); got != "reader hall worked before the update" {
		t.Errorf("the release that failed: %q", got)
	}
	if got := whyFailed(path, "cd"); got != nothing {
		t.Errorf("another release: %q", got)
	}
}

// The agent hands over what it fetched from the hub, and nothing else: it neither rolls back nor
// has root fetch or read what it names.
func TestWhatTheAgentMayAskTheBox(t *testing.T) {
	for from, want := range map[string]bool{
		updatesDir + "/ab.bundle": true, updatesDir + "/../identity/key": false, "/etc/shadow": false,
		"http://10.0.0.5/x.bundle": false, updatesDir: false, "": false,
	} {
		if got := fromHub(from); got != want {
			t.Errorf("%q: %v", from, got)
		}
	}
	r := httptest.NewRequest("POST", "/v1/rollback", nil)
	if isRoot(r) {
		t.Error("a request of nobody counts as one of root")
	}
}
