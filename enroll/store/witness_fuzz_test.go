package store

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"badged/sync/wire"
)

// Whatever a block says under a right checksum, nothing panics, and no counter falls by it.
func FuzzWitness(f *testing.F) {
	head := `{"seq":9,"order":1,"chain":"` + strings.Repeat("00", len(wire.Chain{})) + `",`
	for _, text := range []string{
		"null", "{}", "[]", head + `"tallies":null,"given":null}`, head + `"tallies":{},"given":{}}`,
		head + `"tallies":{"wrong-codes/0":{"n":0,"since":7}},"given":{"00ff":7}}`,
		head + `"tallies":{"":{"n":-1}},"given":{"x":1}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		b := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
		sum := sha256.Sum256(b)
		if b = append(b, sum[:]...); len(b) > witnessBlock {
			return
		}
		seen, err := decodeWitness(append(b, make([]byte, witnessBlock-len(b))...))
		if err != nil {
			return
		}
		had := counted{map[string]counter{"wrong-codes/0": {5, 6}}, map[string]uint64{"00ff": 5}}
		lost := had.missingFrom(seen)
		for name, c := range lost.tallies {
			if c.max(had.tallies[name]) != c {
				t.Errorf("%q falls from %+v to %+v", name, had.tallies[name], c)
			}
		}
		for key, next := range lost.given {
			if next <= had.given[key] || !isHex(key, len(key)/2) {
				t.Errorf("%q goes from %d to %d", key, had.given[key], next)
			}
		}
		next := seen.withCounts(had, false)
		if _, err := next.encode(); err != nil && seen.Seq < maxSeq {
			t.Errorf("it cannot be written again: %v", err)
		}
	})
}
