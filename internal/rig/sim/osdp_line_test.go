package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Every fault shows, and as often as it was asked for.
func TestOSDPFaults(t *testing.T) {
	for _, c := range []struct {
		what OSDPFault
		code byte
		data string
	}{
		{OSDPDeaf, 0, ""}, {OSDPLose, 0, ""}, {OSDPLate, 0, ""}, {OSDPRestart, 0, ""},
		{OSDPSplit, ansACK, ""}, {OSDPMarks, ansACK, ""}, {OSDPBusy, ansBusy, ""}, {OSDPNAK, ansNAK, "\x03"},
		{OSDPStale, ansACK, ""}, {OSDPBadMAC, ansACK, "bad MAC"}, {OSDPClear, ansACK, ""},
	} {
		r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
		h := newOSDPHost(t, r)
		if !h.open(osdpOwnKey, osdpTestKey) {
			t.Fatal("no channel")
		}
		r.FailNAK(3, 0)
		r.Fail(c.what, 1)
		code, d := h.command(cmdPoll)
		h.expect(string(c.what), c.code, []byte(c.data), code, d)
		if n := r.Failed()[c.what]; n != 1 {
			t.Errorf("%s happened %d times", c.what, n)
		}
		if late := r.Release(); (late != nil) != (c.what == OSDPLate) {
			t.Errorf("%s holds back %x", c.what, late)
		}
	}
}

func TestOSDPFaultsOfTheHandshake(t *testing.T) {
	for _, what := range []OSDPFault{OSDPBadCryptogram, OSDPBadRMAC} {
		r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
		h := newOSDPHost(t, r)
		r.Fail(what, 1)
		if h.open(osdpOwnKey, osdpTestKey) || r.Failed()[what] != 1 {
			t.Errorf("%s: the channel opened", what)
		}
		if !h.open(osdpOwnKey, osdpTestKey) {
			t.Errorf("%s lasts", what)
		}
	}
	r := newOSDPReader(t, OSDPConfig{Address: 3, Key: osdpTestKey})
	h := newOSDPHost(t, r)
	_, honest := h.command(cmdCap)
	r.Fail(OSDPDowngrade, -1)
	_, low := h.command(cmdCap)
	if !bytes.Contains(honest, []byte{9, 1, 1}) || !bytes.Contains(low, []byte{9, 0, 0}) {
		t.Errorf("capabilities %x, then %x", honest, low)
	}
	r.Fail(OSDPCorrupt, 1)
	p := bytes.Join(r.Receive(h.frame(osdpFrame{code: cmdPoll})), nil)
	if _, err := parseOSDP(p); err != errOSDPCheck {
		t.Errorf("a corrupt answer parses: %v", err)
	}
}

// Any split of the host's bytes is heard alike, and noise between frames is not.
func TestOSDPReceivesSplitBytes(t *testing.T) {
	whole := newOSDPReader(t, OSDPConfig{Address: 3})
	split := newOSDPReader(t, OSDPConfig{Address: 3})
	h := newOSDPHost(t, whole)
	var said []byte
	for _, code := range []byte{cmdPoll, cmdID, cmdCap, 0x99} {
		said = append(append(said, 0xFF, 0x00), h.frame(osdpFrame{code: code})...)
	}
	want := whole.Receive(said)
	var got [][]byte
	for _, b := range said {
		got = append(got, split.Receive([]byte{b})...)
	}
	if len(want) != 4 || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// Readers on one line answer to their own address and to 7F; somebody on the line sees
// and changes what passes.
func TestOSDPLine(t *testing.T) {
	a, b := newOSDPReader(t, OSDPConfig{Address: 1}), newOSDPReader(t, OSDPConfig{Address: 2})
	l := NewOSDPLine(a, b)
	h := &osdpHost{t: t, say: l.Receive, address: 2}
	if code, _ := h.command(cmdID); code != ansID || a.Count().Commands != 0 {
		t.Error("the wrong reader answered")
	}
	l.Swap(a)
	if code, _ := h.command(cmdPoll); code != 0 {
		t.Error("a reader that is gone answers")
	}
	h = &osdpHost{t: t, say: l.Receive, address: osdpEverybody}
	if code, _ := h.command(cmdID); code != ansID {
		t.Error("nobody answers to 7F")
	}
	var seen []bool
	l.Tap(func(toReader bool, frame []byte) []byte {
		seen = append(seen, toReader)
		if toReader {
			return frame
		}
		return nil
	})
	if code, _ := h.command(cmdPoll); code != 0 || !slices.Equal(seen, []bool{true, false}) {
		t.Errorf("the tap saw %v", seen)
	}
}

func TestOSDPBus(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 1})
	b, err := NewOSDPBus(filepath.Join(t.TempDir(), "rs485"), r)
	must(t, err)
	defer func() { must(t, b.Close()) }()
	f := open(t, b.Path())
	buf := make([]byte, 256)
	h := &osdpHost{t: t, address: 1, say: func(p []byte) [][]byte {
		if _, err := f.Write(p); err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			k, err := f.Read(buf[n:])
			must(t, err)
			n += k
			if raw, _ := cutOSDP(bytes.TrimLeft(buf[:n], "\xFF")); raw != nil {
				return [][]byte{bytes.Clone(buf[:n])}
			}
		}
	}}
	b.LateBy(time.Millisecond)
	b.Baud(115200)
	for _, what := range []OSDPFault{OSDPLate, OSDPSplit, OSDPMarks} {
		r.Fail(what, 1)
		if code, _ := h.command(cmdID); code != ansID || r.Failed()[what] != 1 {
			t.Errorf("%s: got %02X", what, code)
		}
	}
	must(t, b.Unplug())
	must(t, b.Replug())
	if _, err := os.Stat(b.Path()); err != nil {
		t.Error(err)
	}
}

// A spy reads what is said under keys that he can guess, and under no other.
func TestOSDPSpy(t *testing.T) {
	r := newOSDPReader(t, OSDPConfig{Address: 3})
	spy := NewOSDPSpy(OSDPWeakKeys()...)
	l := NewOSDPLine(r)
	l.Tap(spy.Hear)
	h := &osdpHost{t: t, say: l.Receive, address: 3}
	card := func() bool {
		must(t, r.Present(8, []byte{0x5A}))
		h.command(cmdPoll)
		last := spy.Heard()[len(spy.Heard())-1]
		return last.Secure && !last.ToReader && bytes.Equal(last.Data, []byte{0, 0, 8, 0, 0x5A})
	}
	if !h.open(osdpDefaultKey, []byte(osdpSCBKD)) || !card() {
		t.Error("the default key is not guessed")
	}
	h.command(cmdKeySet, append([]byte{1, 16}, osdpTestKey...)...)
	if k := spy.Keys(); len(k) != 1 || !bytes.Equal(k[0], osdpTestKey) || !h.open(osdpOwnKey, osdpTestKey) || !card() {
		t.Error("a key set under the default key is not captured")
	}
	must(t, r.SetKey(bytes.Repeat([]byte{7}, 16)))
	if !h.open(osdpOwnKey, bytes.Repeat([]byte{7}, 16)) || !card() {
		t.Error("a repeated key is not guessed")
	}
	spy = NewOSDPSpy(OSDPWeakKeys()...)
	l.Tap(spy.Hear)
	must(t, r.SetKey(osdpTestKey))
	if !h.open(osdpOwnKey, osdpTestKey) || card() {
		t.Error("a good key is guessed")
	}
}
