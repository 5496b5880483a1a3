package osdp_test

import (
	"bytes"
	"testing"

	"badged/reader"
)

// Each secure channel begins with a random number of its own: with one that comes
// again, whoever recorded a channel could play the reader's side of it again.
func TestEachChannelHasItsOwnRandomNumber(t *testing.T) {
	const scs11, codeAt, randomLen = 0x11, ctrlAt + 4, 8 // CHLNG stands behind a security block of 3 bytes
	h, r := pair(t)
	h.online()
	r.Restart()
	h.run(reader.AnswerTime * 3)
	var challenges [][]byte
	for _, p := range h.frames {
		if p[ctrlAt]&ctrlBlock != 0 && p[ctrlAt+2] == scs11 {
			challenges = append(challenges, p[codeAt+1:codeAt+1+randomLen])
		}
	}
	if len(challenges) != 2 {
		t.Fatalf("%d channels were opened, want 2", len(challenges))
	}
	if bytes.Equal(challenges[0], challenges[1]) || bytes.Equal(challenges[0], make([]byte, randomLen)) {
		t.Error("two channels have one random number, or one has none")
	}
}
