package web

import (
	"fmt"
	"testing"
	"time"
)

func TestTheLimiterForgetsAndIsBounded(t *testing.T) {
	l := newLimiter(2, time.Minute)
	now := time.Unix(1000, 0)
	for i, want := range []bool{true, true, false} {
		if l.allow("a", now) != want {
			t.Errorf("try %d", i)
		}
	}
	if !l.allow("b", now) || !l.allow("a", now.Add(time.Minute)) {
		t.Error("a limit holds for others, or for ever")
	}
	for i := range 20000 {
		l.allow(fmt.Sprint(i), now.Add(time.Minute))
	}
	if l.allow("yet another", now.Add(time.Minute)) {
		t.Error("what is remembered is not bounded")
	}
}
