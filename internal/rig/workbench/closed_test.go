package workbench

import (
	"testing"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/sync/hub/api"
)

// closeClaims types wrong codes at the door until claiming closes, and gives a good one.
func closeClaims(t *testing.T, s *story) (code string) {
	t.Helper()
	ctx := within(t)
	member, err := s.hub.addMember(ctx, "Ada Byron")
	if err != nil {
		t.Fatal(err)
	}
	if code, err = s.claimed(ctx, member, 1); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if _, err := s.typed(ctx, "*"+wrong(code, code)); err != nil {
			t.Fatal(err)
		}
	}
	return code
}

// Issue 7, 4.5: whoever looks sees that claiming is closed: at the door, at the hub and
// on the page, from where it can be opened again.
func TestClosedClaimingIsSeenAndOpened(t *testing.T) {
	w := start(t, "")
	s := &story{Workbench: w}
	ctx := within(t)
	code := closeClaims(t, s)
	if _, err := w.hub.events.wait(ctx, 0, func(ev api.Event) bool { return ev.Reason == "claims_closed" && ev.Stream == "sec" }); err != nil {
		t.Fatal("the hub did not hear of it: ", err)
	}
	claiming := func(want health.State) func(ctl.Status) bool {
		return func(st ctl.Status) bool {
			for _, it := range st.Health {
				if it.Name == "claiming" {
					return it.State == want && (want == health.OK || it.Do != "")
				}
			}
			return false
		}
	}
	if _, err := w.door.await(ctx, "is red", claiming(health.Fail)); err != nil {
		t.Fatal(err)
	}
	if !w.State().Hub.ClaimsClosed {
		t.Error("the page does not show it")
	}
	list, err := w.hub.api.Terminals(ctx)
	if err != nil || len(list) != 2 || !list[0].ClaimsClosed || !list[1].ClaimsClosed {
		t.Errorf("the list of terminals is %+v, %v", list, err)
	}
	if ev, err := s.typed(ctx, "*"+code); err != nil || ev.Outcome != "refused" {
		t.Errorf("a good code is answered %+v, %v", ev, err)
	}
	if err := w.doDeed(ctx, "reopen", deed{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.door.await(ctx, "is no longer red", claiming(health.OK)); err != nil {
		t.Fatal(err)
	}
	if w.State().Hub.ClaimsClosed {
		t.Error("the page still shows it")
	}
	if ev, err := s.typed(ctx, "*"+code); err != nil || ev.Reason != "await_card" {
		t.Errorf("after it was opened a good code is answered %+v, %v", ev, err)
	}
}
