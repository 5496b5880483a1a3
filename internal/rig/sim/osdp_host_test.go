package sim

import (
	"bytes"
	"testing"
)

// osdpHost is the other end, with the primitives of the reader turned round. That
// these are right is shown by the vectors and by the capture.
type osdpHost struct {
	t       *testing.T
	say     func(p []byte) [][]byte
	address byte
	seq     byte
	c       osdpChannel
	last    []byte
}

// command sends a command and gives the code and the data of the answer; code 0: none.
func (h *osdpHost) command(code byte, data ...byte) (byte, []byte) {
	h.last = h.frame(osdpFrame{code: code, data: data})
	return h.read(h.say(h.last))
}

func (h *osdpHost) repeat() (byte, []byte) { return h.read(h.say(h.last)) }

func (h *osdpHost) frame(f osdpFrame) []byte {
	f.address, f.seq, f.crc = h.address, h.seq, true
	h.seq = h.seq%3 + 1
	if !h.c.open {
		return closeOSDP(buildOSDP(f, 0), true)
	}
	f.block = []byte{scsCommandMAC}
	if len(f.data) > 0 {
		f.block, f.data = []byte{scsCommandData}, h.c.encrypt(h.c.lastAns, f.data)
	}
	p := buildOSDP(f, osdpMAC)
	h.c.lastCmd = h.c.sum(h.c.lastAns, p)
	return closeOSDP(append(p, h.c.lastCmd[:osdpMAC]...), true)
}

func (h *osdpHost) read(pieces [][]byte) (byte, []byte) {
	raw, rest := cutOSDP(bytes.TrimLeft(bytes.Join(pieces, nil), "\xFF"))
	if raw == nil {
		return 0, nil
	}
	f, err := parseOSDP(raw)
	if err != nil || len(rest) > 0 || raw[1] != h.address|osdpAnswer {
		h.t.Fatalf("the answer is no frame: %x, %v", raw, err)
	}
	if f.mac == nil {
		return f.code, f.data
	}
	mac := h.c.sum(h.c.lastCmd, f.signed)
	if !bytes.Equal(mac[:osdpMAC], f.mac) {
		return f.code, []byte("bad MAC")
	}
	if f.block[0] == scsAnswerData {
		f.data, _ = h.c.decrypt(h.c.lastCmd, f.data)
	}
	h.c.lastAns = mac
	return f.code, f.data
}

// open opens the channel with a key, and tells whether it could.
func (h *osdpHost) open(kind byte, key []byte) bool {
	h.seq, h.c = 0, osdpChannel{}
	rndA := []byte("12345678")
	ask := h.frame(osdpFrame{block: []byte{scsChallenge, kind}, code: cmdChallenge, data: rndA})
	code, d := h.read(h.say(ask))
	if code != ansCrypt {
		return false
	}
	var c osdpChannel
	if !bytes.Equal(c.ask(key, rndA, d[8:16]), d[16:]) {
		return false
	}
	server := encryptBlock(c.enc, append(bytes.Clone(d[8:16]), rndA...))
	code, d = h.read(h.say(h.frame(osdpFrame{block: []byte{scsServer, 1}, code: cmdServer, data: server})))
	if want, _ := c.checkCryptogram(server); code != ansInitial || !bytes.Equal(d, want) {
		return false
	}
	h.c = c
	return true
}

func (h *osdpHost) expect(what string, want byte, data []byte, code byte, got []byte) {
	h.t.Helper()
	if code != want || !bytes.Equal(got, data) {
		h.t.Fatalf("%s: got %02X %x, want %02X %x", what, code, got, want, data)
	}
}

func newOSDPHost(t *testing.T, r *OSDPReader) *osdpHost {
	return &osdpHost{t: t, say: r.Receive, address: r.Address()}
}

var osdpTestKey = []byte("\x9c\x1f\x02\xe8\x55\xb7\x40\x3d\xd6\x11\x8a\xfe\x27\x63\x90\xcb")
