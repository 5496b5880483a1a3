package sim

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lines reads one JSON object a line from a file of vectors.
func lines[T any](t *testing.T, name string) (list []T) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

type osdpVector struct {
	Kind, Msg, Sum, SCBK string
	CRC                  string `json:"crc_le"`
	RndA                 string `json:"rnd_a"`
	RndB                 string `json:"rnd_b"`
	Client               string `json:"client_cryptogram"`
	Server               string `json:"server_cryptogram"`
	Initial              string `json:"rmac_i"`
}

func TestOSDPVectors(t *testing.T) {
	seen := map[string]int{}
	for _, v := range lines[osdpVector](t, "osdp.jsonl") {
		seen[v.Kind]++
		switch msg := unhex(t, v.Msg); v.Kind {
		case "crc":
			if got := closeOSDP(msg, true); !bytes.HasSuffix(got, unhex(t, v.CRC)) {
				t.Errorf("CRC of %s: %x", v.Msg, got)
			}
		case "checksum":
			if got := closeOSDP(msg, false); !bytes.HasSuffix(got, unhex(t, v.Sum)) {
				t.Errorf("checksum of %s: %x", v.Msg, got)
			}
		case "sc":
			testChannel(t, v)
		}
	}
	if seen["crc"] != 2 || seen["checksum"] != 2 || seen["sc"] != 1 {
		t.Errorf("vectors: %v", seen)
	}
}

func testChannel(t *testing.T, v osdpVector) {
	var c osdpChannel
	if got := c.ask(unhex(t, v.SCBK), unhex(t, v.RndA), unhex(t, v.RndB)); !bytes.Equal(got, unhex(t, v.Client)) {
		t.Errorf("the reader's cryptogram is %x", got)
	}
	got, ok := c.checkCryptogram(unhex(t, v.Server))
	if !ok || !bytes.Equal(got, unhex(t, v.Initial)) {
		t.Errorf("RMAC_I is %x, %v", got, ok)
	}
}

// The captured host gets, byte for byte, what the captured reader said.
func TestOSDPReplaysACapture(t *testing.T) {
	var frames [][]byte
	for _, l := range lines[struct{ Data string }](t, "osdp-secure-channel.osdpcap") {
		frames = append(frames, unhex(t, l.Data))
	}
	r := newOSDPReader(t, OSDPConfig{
		Address: 0x65, Key: unhex(t, "101112131415161718191A1B1C1D1E1F"),
		ID: frames[1][6:18], Caps: frames[3][6:30], CUID: frames[5][9:17], Format: 1,
		Random: bytes.NewReader(frames[5][17:25]),
	})
	const card, keys = 22, 24 // the polls that fetched them
	for i := 0; i < len(frames); i += 2 {
		switch i {
		case card:
			must(t, r.Present(26, unhex(t, "8B351B80")))
		case keys:
			must(t, r.Press("*7365#"))
		}
		if got := bytes.Join(r.Receive(frames[i]), nil); !bytes.Equal(got, frames[i+1]) {
			t.Fatalf("frame %d was answered %x, want %x", i, got, frames[i+1])
		}
	}
	if c := r.Count(); c.Opened != 1 || c.Polls != 18 || c.Refused != 0 || c.Waiting != 0 || c.Clear != 2 {
		t.Errorf("counted %+v", c)
	}
	if s := r.Shown(); s.LEDs != 1 || len(s.LED) != 14 {
		t.Errorf("shown %+v", s)
	}
}

func newOSDPReader(t *testing.T, cfg OSDPConfig) *OSDPReader {
	t.Helper()
	r, err := NewOSDPReader(cfg)
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOSDPCommissioning(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 3})
	h := newOSDPHost(t, r)
	set := append([]byte{1, 16}, osdpTestKey...)
	code, d := h.command(cmdKeySet, set...)
	h.expect("a key in the clear", ansNAK, []byte{nakEncrypt}, code, d)
	if h.open(osdpOwnKey, osdpTestKey) || !h.open(osdpDefaultKey, []byte(osdpSCBKD)) {
		t.Fatal("install mode is not the default key alone")
	}
	code, d = h.command(cmdKeySet, set...)
	h.expect("a key", ansACK, nil, code, d)
	if h.open(osdpDefaultKey, []byte(osdpSCBKD)) || !h.open(osdpOwnKey, osdpTestKey) {
		t.Fatal("the key was not taken")
	}
	if !bytes.Equal(r.Key(), osdpTestKey) || r.Count().KeySets != 1 {
		t.Error("the key is not told")
	}
	must(t, r.SetKey(nil))
	if h.open(osdpOwnKey, osdpTestKey) || !h.open(osdpDefaultKey, []byte(osdpSCBKD)) {
		t.Error("a cleared reader is not in install mode")
	}
}

func TestOSDPWhatAReaderSays(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
	h := newOSDPHost(t, r)
	if !h.open(osdpOwnKey, osdpTestKey) {
		t.Fatal("no channel")
	}
	must(t, r.Present(16, []byte{0x12, 0xAB}))
	must(t, r.PresentFMT("1234"))
	must(t, r.Press("1*#"))
	r.Tamper(true)
	if n := r.Count().Waiting; n != 4 {
		t.Errorf("%d wait", n)
	}
	for _, want := range []osdpSaying{
		{ansLocal, []byte{1, 0}},
		{ansRaw, []byte{0, 0, 16, 0, 0x12, 0xAB}},
		{ansFMT, []byte("\x00\x00\x041234")},
		{ansKeypad, []byte("\x00\x031\x7F\x0D")},
		{ansACK, nil},
	} {
		code, d := h.command(cmdPoll)
		h.expect("a poll", want.code, want.data, code, d)
	}
	for _, err := range []error{r.Present(16, nil), r.Present(0, nil), r.Press(""), r.Press("A")} {
		if err == nil {
			t.Error("nonsense was presented")
		}
	}
}

func TestOSDPWhatAReaderShows(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
	h := newOSDPHost(t, r)
	if !h.open(osdpOwnKey, osdpTestKey) {
		t.Fatal("no channel")
	}
	led := make([]byte, 14)
	for _, c := range []osdpSaying{{cmdLED, led}, {cmdBuzz, []byte{0, 2, 2, 2, 1}}, {cmdText, []byte("\x00\x01\x00\x01\x01\x02Hi")}} {
		code, d := h.command(c.code, c.data...)
		h.expect("a cue", ansACK, nil, code, d)
		code, d = h.command(c.code, c.data[1:]...)
		h.expect("a short cue", ansNAK, []byte{nakLength}, code, d)
	}
	s := r.Shown()
	if s.LEDs != 1 || s.Buzzes != 1 || s.Texts != 1 || s.Text != "Hi" || !bytes.Equal(s.LED, led) || s.Buzz[1] != 2 {
		t.Errorf("shown %+v", s)
	}
	code, d := h.command(cmdComSet, 9, 0x80, 0x25, 0, 0)
	h.expect("COMSET", ansCom, []byte{9, 0x80, 0x25, 0, 0}, code, d)
	if code, _ = h.command(cmdPoll); code != 0 || r.Address() != 9 {
		t.Error("the reader answers at its old address")
	}
}

// A repeated command is answered alike, and the card is not lost with the answer.
func TestOSDPRepeatAndSequence(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
	h := newOSDPHost(t, r)
	if !h.open(osdpOwnKey, osdpTestKey) {
		t.Fatal("no channel")
	}
	must(t, r.Present(8, []byte{0x5A}))
	r.Fail(OSDPLose, 1)
	if code, _ := h.command(cmdPoll); code != 0 {
		t.Fatal("a lost answer came")
	}
	code, d := h.repeat()
	h.expect("a repeat", ansRaw, []byte{0, 0, 8, 0, 0x5A}, code, d)
	if r.Count().Repeats != 1 {
		t.Error("the repeat was not counted")
	}
	h.seq = h.seq%3 + 1
	code, d = h.command(cmdPoll)
	h.expect("a skipped sequence", ansNAK, []byte{nakSequence}, code, d)
	r.Restart()
	code, d = h.command(cmdPoll)
	h.expect("after a restart", ansNAK, []byte{nakSequence}, code, d)
}

func TestOSDPChannelIsGuarded(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
	h := newOSDPHost(t, r)
	if !h.open(osdpOwnKey, osdpTestKey) || !r.Secure() {
		t.Fatal("no channel")
	}
	forged := forge(h.frame(osdpFrame{code: cmdPoll}), osdpMAC)
	code, d := h.read(h.say(forged))
	h.expect("a forged command", ansNAK, []byte{nakSecurity}, code, d)
	if r.Secure() {
		t.Error("the channel outlives a forged command")
	}
	if h.open(osdpOwnKey, []byte(osdpSCBKD)) {
		t.Error("the channel opens with a wrong key")
	}
	strict := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey, Strict: true})
	h = newOSDPHost(t, strict)
	if code, _ := h.command(cmdID); code != ansID {
		t.Errorf("a strict reader says %02X to ID", code)
	}
	code, d = h.command(cmdPoll)
	h.expect("clear text to a strict reader", ansNAK, []byte{nakEncrypt}, code, d)
}
