package osdp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// vector is a line of testdata/vectors/osdp.jsonl.
type vector struct {
	Kind, Msg, CRC, Sum, Hex, Mean, Code, Src string
	CRCLE                                     string `json:"crc_le"`
	SCBK                                      string
	RndA                                      string `json:"rnd_a"`
	RndB                                      string `json:"rnd_b"`
	SMAC1                                     string `json:"s_mac1"`
	SMAC2                                     string `json:"s_mac2"`
	SEnc                                      string `json:"s_enc"`
	Server                                    string `json:"server_cryptogram"`
	Client                                    string `json:"client_cryptogram"`
	RMAC                                      string `json:"rmac_i"`
}

func vectors(tb testing.TB) (all []vector) {
	tb.Helper()
	p, err := os.ReadFile("../../testdata/vectors/osdp.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(p)) {
		var v vector
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			tb.Fatal(err)
		}
		all = append(all, v)
	}
	if len(all) < 9 {
		tb.Fatal("the vectors are missing")
	}
	return all
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestVectors(t *testing.T) {
	tests := map[string]func(*testing.T, vector){
		"crc": func(t *testing.T, v vector) {
			if got := binary.LittleEndian.AppendUint16(nil, crc16(unhex(t, v.Msg))); !bytes.Equal(got, unhex(t, v.CRCLE)) {
				t.Errorf("CRC %x, want %s", got, v.CRCLE)
			}
		},
		"checksum": func(t *testing.T, v vector) {
			if got := checksum(unhex(t, v.Msg)); got != unhex(t, v.Sum)[0] {
				t.Errorf("checksum %x, want %s", got, v.Sum)
			}
		},
		"sc":      secureVector,
		"frame":   frameVector,
		"payload": payloadVector,
	}
	for _, v := range vectors(t) {
		t.Run(v.Kind+" "+v.Msg+v.Mean, func(t *testing.T) { tests[v.Kind](t, v) })
	}
}

func secureVector(t *testing.T, v vector) {
	key, err := ParseKey(v.SCBK)
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(key, [8]byte(unhex(t, v.RndA)))
	crypt := bytes.Join([][]byte{make([]byte, 8), unhex(t, v.RndB), unhex(t, v.Client)}, nil)
	if !s.checkCryptogram(crypt) {
		t.Error("the client's cryptogram is refused")
	}
	for _, k := range []struct {
		name, want string
		encrypt    func(dst, src []byte)
	}{{"S-ENC", v.SEnc, s.enc.Encrypt}, {"S-MAC1", v.SMAC1, s.mac1.Encrypt}, {"S-MAC2", v.SMAC2, s.mac2.Encrypt}} {
		var got, want [16]byte
		k.encrypt(got[:], got[:])
		newAES(unhex(t, k.want)).Encrypt(want[:], want[:])
		if got != want {
			t.Errorf("%s is another", k.name)
		}
	}
	if server := s.hostCryptogram(); !bytes.Equal(server[:], unhex(t, v.Server)) {
		t.Error("the server's cryptogram is another")
	}
	if !s.startMACs(unhex(t, v.RMAC)) {
		t.Error("RMAC_I is refused")
	}
	for _, p := range [][]byte{crypt, unhex(t, v.RMAC)} {
		for i := range 8 * len(p) {
			bad := bytes.Clone(p)
			bad[i/8] ^= 1 << (i % 8)
			if i >= 64 && len(p) == cryptLen && newSession(key, s.rndA).checkCryptogram(bad) || len(p) == 16 && s.startMACs(bad) {
				t.Fatalf("bit %d does not count", i)
			}
		}
	}
}

// told is what a Monitor says, in short: "card 26 H10301" or "fault checksum".
func told(events []reader.Event) string {
	var s []string
	for _, e := range events {
		text := string(e.Kind)
		switch {
		case e.Kind == reader.KindCard:
			text += " " + e.Card.Reveal() + " " + e.Card.FrameFormat()
		case e.Kind == reader.KindKey:
			text += " " + e.Key.Reveal()
		case e.Why != "":
			text += " " + string(e.Why)
		}
		s = append(s, text)
	}
	return strings.Join(s, ", ")
}

// listen gives what a Monitor says of chunks that come at one moment.
func listen(m *Monitor, chunks ...[]byte) string {
	var events []reader.Event
	emit := func(e reader.Event) { events = append(events, e) }
	for _, c := range chunks {
		m.Feed(t0, c, emit)
	}
	m.Tick(t0.Add(time.Minute), emit)
	return told(events)
}

func frameVector(t *testing.T, v vector) {
	want := map[string]string{
		"osdp_KEYPAD addr1 reader0 key 4, double mark bytes": "key 4",
		"osdp_FMT wrongly used for keypad 1234 (bug)":        "fault format",
		"osdp_BUZ": "",
	}
	expect, ok := want[v.Mean]
	if !ok {
		t.Fatalf("unknown vector %s", v.Mean)
	}
	m := NewMonitor(MonitorConfig{Address: -1})
	if got := listen(m, unhex(t, v.Hex)); got != expect {
		t.Errorf("got %q, want %q", got, expect)
	}
	if s := m.Summary(); s.Frames != 1 || s.BadCRC != 0 {
		t.Errorf("%d frames, %d of them damaged", s.Frames, s.BadCRC)
	}
	withFMT := NewMonitor(MonitorConfig{Address: -1, FMT: true})
	if got := listen(withFMT, unhex(t, v.Hex)); strings.Contains(got, "card") {
		t.Error("a PIN of four digits became a badge")
	}
	if v.Mean == "osdp_BUZ" {
		f := frame{addr: 0, seq: 2, code: cmdBuz, data: []byte{0, 2, 2, 2, 1}}
		if got := f.encodeClear(nil); !bytes.Equal(got[1:], unhex(t, v.Hex)) {
			t.Errorf("encoded as %x", got)
		}
	}
}

func payloadVector(t *testing.T, v vector) {
	raw, err := pacs.Select("raw")
	if err != nil {
		t.Fatal(err)
	}
	f := frame{addr: 1, reply: true, seq: 1, code: unhex(t, v.Code)[0], data: unhex(t, v.Hex)}
	if got := listen(NewMonitor(MonitorConfig{Address: -1, Formats: raw}), f.encodeClear(nil)); got != "card 12AB raw" {
		t.Errorf("got %q", got)
	}
	if got := listen(NewMonitor(MonitorConfig{Address: -1}), f.encodeClear(nil)); got != "fault length" {
		t.Errorf("16 bits, which no format has: got %q", got)
	}
}

// capture gives the frames of testdata/vectors/osdp-secure-channel.osdpcap: libosdp
// 3.2, host and reader in one process (its trace), 2026-11-21.
func capture(tb testing.TB) (frames [][]byte) {
	tb.Helper()
	f, err := os.Open("../../testdata/vectors/osdp-secure-channel.osdpcap")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var line struct{ Data string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			tb.Fatal(err)
		}
		frames = append(frames, unhex(tb, line.Data))
	}
	return frames
}

const captureKey = "101112131415161718191A1B1C1D1E1F"

func captureMonitor(tb testing.TB, key string) *Monitor {
	tb.Helper()
	cfg := MonitorConfig{Address: -1}
	if key != "" {
		k, err := ParseKey(key)
		if err != nil {
			tb.Fatal(err)
		}
		cfg.Keys = []Key{k}
	}
	return NewMonitor(cfg)
}
