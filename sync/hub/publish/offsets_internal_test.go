package publish

import (
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"badged/sync/hub/access"
)

// TestTheClocksOfAZoneHaveAnEnd: beyond the last day of 2040, too, at which the bounds that
// time.Time gives for Paris stand still.
func TestTheClocksOfAZoneHaveAnEnd(t *testing.T) {
	all := offsets(access.Site{TimeZone: "Europe/Paris"}, time.Date(2032, 6, 1, 0, 0, 0, 0, time.UTC))
	if len(all) != 1+2*10 {
		t.Fatalf("%d offsets", len(all))
	}
	if last := time.Unix(all[len(all)-1].Since, 0).UTC(); last.Format(time.DateOnly) != "2040-10-28" {
		t.Errorf("the last begins on %s", last)
	}
}
