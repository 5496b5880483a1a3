package foreign_test

import (
	"testing"

	"badged/internal/foreign"
)

func TestNoCellIsCalculated(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "Ada": "Ada", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "|calc": "'|calc", "%0A=1": "'%0A=1",
		"\t=1": "'\t=1", "\tAda": "'\tAda", "\r=1": "'\r=1", " =1": "' =1", "\u00a0=1": "'\u00a0=1", "\ufeff=1": "'\ufeff=1", "＝1": "'＝1", "  ": "  ",
	} {
		if got := foreign.Cell(cell); got != want {
			t.Errorf("%q is written as %q, want %q", cell, got, want)
		}
	}
}
