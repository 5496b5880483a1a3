package keypad_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"badged/keypad"
)

// burst is a line of testdata/vectors/keypad-bursts.jsonl.
type burst struct{ Table, Key, Code string }

func TestBurstVectors(t *testing.T) {
	f, err := os.Open("../testdata/vectors/keypad-bursts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[string]string{"4bit": "4bit", "8bit": "8bit", "6bit-rosslare": "6bit", "6bit-nibble-parity": "6bit-parity"}
	seen := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v burst
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		seen[v.Table]++
		t.Run(v.Table+"/"+v.Key, func(t *testing.T) {
			if v.Table == "osdp-ascii" {
				code, err := strconv.ParseUint(v.Code, 16, 8)
				if key, ok := keypad.FromOSDP(byte(code)); err != nil || !ok || key.Reveal() != v.Key {
					t.Errorf("another key")
				}
				return
			}
			list, err := keypad.BurstsOf(names[v.Table])
			if err != nil || len(list) != 1 || list[0].Bits != len(v.Code) {
				t.Fatalf("%d tables, %v", len(list), err)
			}
			code, err := strconv.ParseUint(v.Code, 2, 8)
			if key, ok := list[0].Key(byte(code)); err != nil || !ok || key.Reveal() != v.Key {
				t.Error("another key")
			}
		})
	}
	for table, n := range seen {
		if n != 12 {
			t.Errorf("%s has %d keys", table, n)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d tables", len(seen))
	}
}

// A table has twelve codes and no more; a changed bit of 8bit is no key.
func TestCodesThatAreNoKeys(t *testing.T) {
	for _, name := range []string{"4bit", "6bit", "6bit-parity", "8bit"} {
		list, err := keypad.BurstsOf(name)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for code := range 256 {
			if _, ok := list[0].Key(byte(code)); !ok {
				continue
			}
			n++
			for bit := range 8 {
				if _, ok := list[0].Key(byte(code ^ 1<<bit)); ok && name == "8bit" {
					t.Errorf("8bit: %08b is a key with bit %d changed", code, bit)
				}
			}
		}
		if n != 12 {
			t.Errorf("%s has %d codes", name, n)
		}
	}
	if _, ok := keypad.FromOSDP('A'); ok {
		t.Error("OSDP has a key A")
	}
}

func TestBurstsOf(t *testing.T) {
	auto, err := keypad.BurstsOf("auto")
	if err != nil || len(auto) != 2 || auto[0].Name != "4bit" || auto[1].Name != "8bit" {
		t.Errorf("auto: %d tables, %v", len(auto), err)
	}
	if none, err := keypad.BurstsOf("none"); none != nil || err != nil {
		t.Errorf("none: %v", err)
	}
	if _, err := keypad.BurstsOf("5bit"); err == nil || err.Error() != `"5bit": must be auto, none, 4bit, 6bit, 6bit-parity, 8bit` {
		t.Error(err)
	}
}
