package readertest

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Vector is a line of testdata/vectors/serial.jsonl.
type Vector struct {
	Bytes, Request []byte // what a device says, and what that answers, if it is asked
	Card           string // as its source writes it, often in hex
}

// Serial gives the vectors of a protocol, one or more. It is for tests of packages two
// folders below the module.
func Serial(tb testing.TB, proto string) (list []Vector) {
	tb.Helper()
	f, err := os.Open("../../testdata/vectors/serial.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v struct{ Proto, Bytes, Request, Card string }
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatal(err)
		}
		if v.Proto == proto {
			list = append(list, Vector{Unhex(tb, v.Bytes), Unhex(tb, v.Request), v.Card})
		}
	}
	if list == nil {
		tb.Fatal("the vectors are missing: " + proto)
	}
	return list
}

// Unhex reads bytes in hex, with spaces anywhere.
func Unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
