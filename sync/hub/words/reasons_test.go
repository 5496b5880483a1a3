package words_test

import (
	"strings"
	"testing"

	"badged/sync/hub/words"
	"badged/sync/wire"
)

// TestO2_EveryReasonHasWords (O2): each event says in words what happened and why, in both
// languages, and whoever is told what to do in one language is told it in the other.
func TestO2_EveryReasonHasWords(t *testing.T) {
	names := append(wire.Names[wire.Reason](), "no_card")
	if len(names) < 50 {
		t.Fatalf("only %d reasons", len(names))
	}
	for _, name := range names {
		if name == "none" {
			continue
		}
		fr, frTodo := words.Reason("fr", name)
		en, enTodo := words.Reason("en", name)
		if fr == name || fr == en || !strings.HasSuffix(fr, ".") || !strings.HasSuffix(en, ".") {
			t.Errorf("%s is said as %q and %q", name, fr, en)
		}
		if (frTodo == "") != (enTodo == "") || frTodo != "" && (!strings.HasSuffix(frTodo, ".") || !strings.HasSuffix(enTodo, ".")) {
			t.Errorf("%s: what to do is %q and %q", name, frTodo, enTodo)
		}
	}
	if what, todo := words.Reason("fr", "reason_99"); what != "reason_99" || todo != "" {
		t.Errorf("a reason of the future is said as %q, %q", what, todo)
	}
}
