package main

import (
	"encoding/json"
	"strings"
	"testing"

	"badged/internal/cli"
	"badged/internal/rig/bench"
)

// A ratio is nothing without what it is a ratio of.
func TestRowsSayWhatTheyAreAbout(t *testing.T) {
	rows := []bench.Row{
		{Name: "a", Unit: "ms", Value: 1, Yardstick: 1, Ratio: 1, Budget: 1, Met: true, What: "frame against frame: 1.00 is no wait"},
		{Name: "b", Unit: "ms", Value: 2, Yardstick: 1, Ratio: 2, Budget: 1, What: "frame against frame: 1.00 is no wait"},
		{Name: "c", Unit: "MB", Value: 9, Budget: 10, Met: true, What: "memory"},
	}
	var out strings.Builder
	r := &rig{io: cli.Stdio{Out: &out}}
	if err := r.printRows(rows); err != nil {
		t.Fatal(err)
	}
	want := "frame against frame: 1.00 is no wait\n" +
		"  a                         1.0 ms, yardstick 1.0 ms, ratio 1.00, budget 1.00: met\n" +
		"  b                         2.0 ms, yardstick 1.0 ms, ratio 2.00, budget 1.00: NOT MET\n" +
		"memory\n" +
		"  c                         9.0 MB, budget 10 MB: met\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
	out.Reset()
	r.json = true
	if err := r.printRows(rows); err != nil {
		t.Fatal(err)
	}
	var row bench.Row
	if err := json.NewDecoder(strings.NewReader(out.String())).Decode(&row); err != nil || row != rows[0] {
		t.Errorf("%v: %s", err, out.String())
	}
}
