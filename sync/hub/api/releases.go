package api

import (
	"net/http"
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
)

// Release is a release that the hub keeps, and how far its terminals are.
type Release struct {
	ID        string         `json:"id"`
	Version   string         `json:"name"`
	Sequence  uint64         `json:"sequence"`
	Boards    []string       `json:"boards"`
	Size      uint64         `json:"size"`
	Added     Time           `json:"added"`
	State     string         `json:"state"` // "unassigned", "assigned", "paused", "stopped"
	Assigned  Time           `json:"assigned,omitzero"`
	Percent   uint64         `json:"percent,omitempty"`
	Groups    []string       `json:"groups,omitempty"`
	Terminals []string       `json:"terminals,omitempty"`
	Between   string         `json:"between,omitempty"` // "02:00-05:00"; none: always
	StopAfter uint64         `json:"stop_after"`
	Counts    map[string]int `json:"counts"` // terminals by how far they are
}

// ReleaseWave is who is to have a release. Without groups of doors and terminals, all are.
type ReleaseWave struct {
	Percent   uint64   `json:"percent"`
	Groups    []string `json:"groups,omitempty"`
	Terminals []string `json:"terminals,omitempty"`
	Between   string   `json:"between,omitempty"`
	StopAfter uint64   `json:"stop_after"`
	Retry     bool     `json:"retry,omitempty"`
}

// Install is how far a terminal is with a release.
type Install struct {
	Terminal string `json:"terminal"`
	Stage    string `json:"stage"` // "fetching", "ready", "installing", "healthy", "failed", "lost"
	Percent  uint64 `json:"percent"`
	Since    Time   `json:"since"`
	Why      string `json:"why,omitempty"`
	WaitsFor string `json:"waits_for,omitempty"` // "hours", "group", "first", "others"
}

func (s *server) addRelease(w http.ResponseWriter, r *http.Request) {
	var out Release
	by, err := s.Actor(r)
	var kept release.Release
	if err == nil {
		kept, err = s.Fleet.AddRelease(r.Context(), by, http.MaxBytesReader(w, r.Body, release.MaxSize+1))
	}
	if err == nil {
		err = s.Store.Read(r.Context(), func(tx fleet.Tx) error {
			out, err = releaseOf(tx, kept)
			return err
		})
	}
	s.sendAnswer(w, r, out, err)
}

func (s *server) removeRelease(w http.ResponseWriter, r *http.Request) {
	by, err := s.Actor(r)
	if err == nil {
		err = s.Fleet.RemoveRelease(r.Context(), by, r.PathValue("release"))
	}
	s.sendAnswer(w, r, none{}, err)
}

func releaseOf(tx fleet.Tx, r release.Release) (Release, error) {
	out := Release{
		ID: r.ID.String(), Version: r.Version, Sequence: r.Sequence, Boards: r.Boards, Size: r.Size, Added: Time{r.Added}, State: string(r.State()),
		Assigned: Time{r.Assigned}, Percent: r.Percent, Groups: r.Groups, Terminals: r.Terminals, Between: r.Between.String(), StopAfter: r.StopAfter, Counts: map[string]int{},
	}
	err := tx.EachInstall(r.ID, func(i release.Install) error {
		out.Counts[string(i.Stage)]++
		return nil
	})
	return out, err
}

func listReleases(tx fleet.Tx, _ *http.Request) (Page[Release], error) {
	var all []release.Release
	err := tx.EachRelease(func(r release.Release) error {
		all = append(all, r)
		return nil
	})
	return pageOf(all, "", err, func(r release.Release) (Release, error) { return releaseOf(tx, r) })
}

func assignRelease(tx fleet.Tx, r *http.Request, in ReleaseWave) (out Release, err error) {
	hours, err := release.ParseHours(in.Between)
	if err != nil {
		return out, err
	}
	wave := release.Wave{Between: hours, Percent: in.Percent, Groups: sorted(in.Groups), Terminals: sorted(in.Terminals), StopAfter: min(in.StopAfter, 1<<20)}
	is, err := fleet.AssignRelease(tx, r.PathValue("release"), wave, in.Retry)
	if err != nil {
		return out, err
	}
	return releaseOf(tx, is)
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

func pauseRelease(tx fleet.Tx, r *http.Request, _ none) (out Release, err error) {
	is, err := release.Pause(tx.ReleaseTx(), r.PathValue("release"))
	if err != nil {
		return out, err
	}
	return releaseOf(tx, is)
}

func listInstalls(tx fleet.Tx, r *http.Request) (Page[Install], error) {
	of, err := release.Find(tx.ReleaseTx(), r.PathValue("release"))
	if err != nil {
		return Page[Install]{}, err
	}
	waits, err := fleet.Waits(tx, of)
	if err != nil {
		return Page[Install]{}, err
	}
	var all []release.Install
	err = tx.EachInstall(of.ID, func(i release.Install) error {
		all = append(all, i)
		return nil
	})
	return pageOf(all, "", err, func(i release.Install) (Install, error) {
		return Install{Terminal: i.Terminal, Stage: string(i.Stage), Since: Time{i.Since}, Why: i.Why, Percent: of.DonePercent(i), WaitsFor: string(waits[i.Terminal])}, nil
	})
}
