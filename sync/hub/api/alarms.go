package api

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/words"
)

// Alarm is something that somebody must look at. Missing is what a hub that was put back to a
// backup lacks.
type Alarm struct {
	ID      uint64    `json:"id"`
	Kind    string    `json:"kind"`
	Object  string    `json:"object,omitempty"` // a terminal's name
	First   Time      `json:"first_at"`
	Last    Time      `json:"last_at"`
	Text    string    `json:"text"`
	Todo    string    `json:"todo"`
	Missing []Missing `json:"missing,omitempty"`
	Done    Time      `json:"done,omitzero"` // when it was acknowledged
	By      string    `json:"by,omitempty"`
}

// Missing is what a terminal has of the time after the backup: changes of a collection that
// operators made and that do not come back, or events, which the terminal sends again.
type Missing struct {
	Terminal   string `json:"terminal"`
	Collection string `json:"collection,omitempty"`
	Changes    uint64 `json:"change_count,omitempty"`
	Events     uint64 `json:"event_count,omitempty"`
}

func listAlarms(tx fleet.Tx, r *http.Request) (Page[Alarm], error) {
	q := fleet.AlarmQuery{Open: r.FormValue("open") == "true"}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Alarm]{}, err
	}
	if q.Below, err = numberIn(r, "after"); err != nil {
		return Page[Alarm]{}, err
	}
	var page []fleet.Alarm
	err = tx.EachAlarm(q, func(a fleet.Alarm) error {
		page = append(page, a)
		return nil
	})
	next := ""
	if len(page) == q.Limit {
		next = strconv.FormatUint(page[len(page)-1].ID, 10)
	}
	return pageOf(page, next, err, func(a fleet.Alarm) (Alarm, error) { return alarmOf(langOf(r), a) })
}

func alarmOf(lang string, a fleet.Alarm) (Alarm, error) {
	out := Alarm{ID: a.ID, Kind: string(a.Kind), Object: a.Object, First: Time{a.First}, Last: Time{a.Last}, Done: Time{a.Done}, By: a.By}
	out.Text, out.Todo = words.Alarm(lang, out.Kind, a.Object)
	if a.Kind != fleet.HubRestored {
		return out, nil
	}
	r, err := fleet.RestoreOf(a)
	if err != nil {
		return out, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Terminals)) {
		ahead := r.Terminals[name]
		for _, c := range slices.Sorted(maps.Keys(ahead.Collections)) {
			gap := ahead.Collections[c]
			out.Missing = append(out.Missing, Missing{Terminal: name, Collection: c, Changes: max(gap.Terminal-gap.Hub, 1)})
		}
		if ahead.Events > 0 {
			out.Missing = append(out.Missing, Missing{Terminal: name, Events: ahead.Events})
		}
	}
	return out, nil
}

func (s *server) acknowledgeAlarm(w http.ResponseWriter, r *http.Request) {
	var out Alarm
	by, err := s.Actor(r)
	if err == nil {
		out, err = s.endAlarm(r, by)
	}
	s.sendAnswer(w, r, out, err)
}

func (s *server) endAlarm(r *http.Request, by audit.Actor) (Alarm, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 62)
	if err != nil {
		return Alarm{}, invalid(CodeNumber, "field", "id", "value", clip(r.PathValue("id")))
	}
	a, err := s.Fleet.Acknowledge(r.Context(), by, id)
	if err != nil {
		return Alarm{}, err
	}
	return alarmOf(langOf(r), a)
}
