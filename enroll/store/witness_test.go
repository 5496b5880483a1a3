package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
)

// sealed is a witness with this text, twice, whose checksums are right.
func sealed(text string) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	block := append(b, make([]byte, 4096-len(b))...)
	return bytes.Repeat(block, 2)
}

// Issue 7, 6: reading the second record never makes a counter fall, and what makes no sense
// in it is not used. A later time refunded guesses, null was a panic, and a bad key kept the
// agent from starting.
func TestAWitnessNeverRefunds(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 1000)
	guess(t, s, 5)
	given := enrol(t, s, 1)
	now := disk(t, s, path)
	chain := strings.Repeat("00", 16)
	many := func(n int, format string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(all, ",")
	}
	for text, bad := range map[string]bool{
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{"wrong-codes/0":{"n":1,"since":9000000000000}},"given":{}}`: false,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{"wrong-codes/0":{"n":0,"since":1}},"given":{}}`:             false,
		`{"seq":99,"order":0,"chain":"","tallies":{},"given":{}}`:                                                           true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":null,"given":{}}`:                                            true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{},"given":null}`:                                            true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{"wrong-codes/0":{"n":-7,"since":1}},"given":{}}`:            true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{"wrong-codes/0":{"n":7,"since":-1}},"given":{}}`:            true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{},"given":{"no hex":7}}`:                                    true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{},"given":{"00":-7}}`:                                       true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{},"given":{"00":18446744073709551615}}`:                     true,
		`{"seq":99,"order":-1,"chain":"` + chain + `","tallies":{},"given":{}}`:                                             true,
		`{"seq":99,"order":1,"chain":"xy","tallies":{},"given":{}}`:                                                         true,
		`{"seq":18446744073709551615,"order":1,"chain":"` + chain + `","tallies":{},"given":{}}`:                            true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{` + many(17, `"t%d":{"n":1}`) + `},"given":{}}`:             true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{},"given":{` + many(33, `"%02x":1`) + `}}`:                  true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{"` + strings.Repeat("x", 41) + `":{"n":1}},"given":{}}`:     true,
		`{"seq":99,"order":1,"chain":"` + chain + `","tallies":{"\u0000":{"n":1}},"given":{}}`:                              true,
		`null`: true, `[]`: true, `{}`: true, `7`: true, ``: true, `{"seq":99`: true,
	} {
		b := now.with(".witness", sealed(text)).start(t)
		if got := tally(t, b); got != 5 {
			t.Errorf("%.140s: %d guesses are counted of 5", text, got)
		}
		if number := enrol(t, b, 2); number <= given {
			t.Errorf("%.140s: the number %d is given again", text, number)
		}
		if r := b.Recovery(); r.BadWitness != bad || bad && r.Restored > 0 {
			t.Errorf("%.140s: %+v", text, r)
		}
		must(t, b.Close())
	}
}

// What a start makes of such a record is sound: the next one finds nothing odd.
func TestASenselessWitnessIsReplaced(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	guess(t, s, 5)
	queue(t, s, routine(1))
	must(t, s.Close())
	must(t, os.WriteFile(path+".witness", sealed("null"), 0o600))
	s = openStore(t, path)
	if r := s.Recovery(); r != (store.Recovery{Unclean: true, NoWitness: true, BadWitness: true}) {
		t.Errorf("the start found %+v", r)
	}
	queue(t, s, routine(1))
	s = reopen(t, s, path)
	if r := s.Recovery(); r != (store.Recovery{}) || tally(t, s) != 5 {
		t.Errorf("the next start found %+v, %d guesses", r, tally(t, s))
	}
}

// Both records of a window that was renewed are behind: the higher count and the later time
// hold.
func TestTheHigherOfBothRecordsHolds(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	since := time.UnixMilli(5000).UTC()
	update(t, s, func(tx enroll.Tx) error { return tx.PutTally(guesses, enroll.Tally{Count: 5, Since: since}) })
	text := `{"seq":99,"order":0,"chain":"` + strings.Repeat("00", 16) + `","tallies":{"wrong-codes/0":{"n":%d,"since":%d}},"given":{}}`
	for _, tt := range []struct{ n, since, wantN, wantSince int64 }{{9, 4000, 9, 5000}, {2, 6000, 5, 6000}, {2, 2, 5, 5000}, {9, 6000, 9, 6000}} {
		b := disk(t, s, path).with(".witness", sealed(fmt.Sprintf(text, tt.n, tt.since))).start(t)
		must(t, b.View(t.Context(), func(tx enroll.Tx) error {
			if v, err := tx.Tally(guesses); err != nil || v.Count != tt.wantN || v.Since.UnixMilli() != tt.wantSince {
				t.Errorf("%+v: got %+v, %v", tt, v, err)
			}
			return nil
		}))
		must(t, b.Close())
	}
}
