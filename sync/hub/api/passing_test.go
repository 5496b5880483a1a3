package api_test

import (
	"testing"
	"time"

	"badged/sync/hub/api"
)

// TestO10_TheAnswerIsInWords (O10): whether a person passes, at a moment of the site's
// clocks, with the reason in words.
func TestO10_TheAnswerIsInWords(t *testing.T) {
	s := newSite(t)
	ada := must[api.Account](s, "POST", "/v1/accounts", object{"name": "Ada Byron", "state": "active"})
	must[api.Door](s, "POST", "/v1/doors", object{"id": "front"})
	must[api.Schedule](s, "POST", "/v1/schedules", object{"name": "office", "windows": []object{{"days": []string{"mon"}, "opens": "08:00", "closes": "18:00"}}})
	must[api.Holiday](s, "POST", "/v1/holidays", object{"day": "2030-01-07", "name": "feast"})
	must[api.Grant](s, "POST", "/v1/grants", object{"account": ada.ID, "door": "front", "schedule": "office"})
	try := func(query string) api.Passing {
		t.Helper()
		return must[api.Passing](s, "GET", "/v1/doors/front/try?account="+ada.ID+query, nil)
	}
	for query, want := range map[string]string{
		"&at=2030-01-14T17:59":               "no_card", // a Monday in Paris
		"&at=2030-01-14T18:00":               "out_of_hours",
		"&at=2030-01-14T16:59:00Z":           "no_card",
		"&at=2030-01-14T17:00:00Z":           "out_of_hours",
		"&at=2030-01-07T12:00":               "out_of_hours",
		"&at=2030-01-14":                     "out_of_hours",
		"&at=2030-01-14T12:00&clock=unknown": "time_unknown",
		"&at=2030-01-14%2012:00&clock=known": "no_card",
	} {
		if got := try(query); got.Reason != want || got.Passes || got.Text == "" || got.Text == want || got.Grant == nil {
			t.Errorf("%s: %+v, want %s", query, got, want)
		}
	}
	if got := try(""); time.Since(got.At.Time).Abs() > time.Hour || got.Terminal != "" || got.AccountName != "Ada Byron" {
		t.Errorf("now: %+v", got)
	}
	for _, bad := range []string{"/try?account=" + ada.ID + "&at=tomorrow", "/try?account=" + ada.ID + "&clock=late", "/who?after=x", "/who?limit=-1", "/try?account=nobody"} {
		if status, answer := s.call("GET", "/v1/doors/front"+bad, nil); status != 400 && status != 404 {
			t.Errorf("%s: %d %s", bad, status, answer)
		}
	}
	if got := must[api.Page[api.Passing]](s, "GET", "/v1/doors/front/who?passing=1", nil); len(got.Items) != 0 || got.Next != "" {
		t.Errorf("somebody without a card passes: %+v", got)
	}
}
