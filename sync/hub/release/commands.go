package release

import (
	"errors"
	"slices"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// fewestDigits of an id name a release.
const fewestDigits = 8

// Find gives the release that somebody means by its version, or by 8 digits of its id or more.
func Find(tx Tx, ref string) (r Release, err error) {
	var found []Release
	err = tx.EachRelease(func(r Release) error {
		id := r.ID.String()
		if r.Version == ref || len(ref) >= fewestDigits && strings.HasPrefix(id, strings.ToLower(ref)) {
			found = append(found, r)
		}
		return nil
	})
	switch {
	case err != nil:
		return r, err
	case len(found) == 0:
		return r, refuse(refusal.Missing, CodeNone, refusal.Fields{"release": ref[:min(len(ref), 64)]})
	case len(found) > 1:
		var ids []string
		for _, r := range found {
			ids = append(ids, r.ID.String()[:fewestDigits])
		}
		return r, refuse(refusal.Conflict, CodeAmbiguous, refusal.Fields{"release": ref, "candidates": ids})
	}
	return found[0], nil
}

// auditedFields are what the audit log says of a release.
func auditedFields(r Release) map[string]any {
	out := map[string]any{"version": r.Version, "sequence": r.Sequence}
	if r.Assigned.IsZero() {
		return out
	}
	out["percent"], out["stop_after"], out["paused"], out["stopped"] = r.Percent, r.StopAfter, r.Paused, r.Stopped
	if !r.Between.Always() {
		out["between"] = r.Between.String()
	}
	if len(r.Groups) > 0 {
		out["groups"] = r.Groups
	}
	if len(r.Terminals) > 0 {
		out["terminals"] = r.Terminals
	}
	return out
}

func record(tx Tx, action string, before, after Release) error {
	c := audit.Change{Action: action, Object: after.ID.String(), After: auditedFields(after)}
	if before.Version != "" {
		c.Before = auditedFields(before)
	}
	return tx.Record(c)
}

// Add keeps a release whose bundle was verified. Added again, perhaps with more signatures, it
// stays assigned as it is.
func Add(tx Tx, r Release) (Release, error) {
	known, err := tx.Release(r.ID)
	if err == nil {
		known.Size, known.Pieces = r.Size, r.Pieces
		return known, tx.PutRelease(known)
	}
	if !isNotFound(err) {
		return known, err
	}
	r.Added = tx.Now
	if err := tx.PutRelease(r); err != nil {
		return r, err
	}
	return r, record(tx, "release.add", Release{}, r)
}

// Assign says who is to have a release, and lets it go on if it was paused or has stopped. With
// retry, terminals on which it failed try again.
func Assign(tx Tx, ref string, w Wave, retry bool) (Release, error) {
	r, err := Find(tx, ref)
	if err != nil {
		return r, err
	}
	if err := CheckWave(tx, w); err != nil {
		return r, err
	}
	before := r
	r.Wave = w
	r.Assigned, r.Paused, r.Stopped = tx.Now, false, false
	if err := tx.PutRelease(r); err != nil {
		return r, err
	}
	if retry {
		if err := allowRetry(tx, r.ID); err != nil {
			return r, err
		}
	}
	return r, record(tx, "release.assign", before, r)
}

// CheckWave refuses a wave that nobody can be in.
func CheckWave(tx Tx, w Wave) error {
	if w.Percent < 1 || w.Percent > 100 {
		return refuse(refusal.Invalid, CodePercent, refusal.Fields{"percent": w.Percent})
	}
	return checkGroups(tx, w.Groups)
}

// checkGroups refuses groups that no door is in.
func checkGroups(tx Tx, groups []string) error {
	var known []string
	err := tx.EachDoor(func(d access.Door) error {
		known = append(known, d.Group)
		return nil
	})
	for _, g := range groups {
		if err == nil && (g == "" || !slices.Contains(known, g)) {
			err = refuse(refusal.Missing, CodeMeant, refusal.Fields{"name": g[:min(len(g), 64)]})
		}
	}
	return err
}

// allowRetry lets terminals on which a release failed try it again.
func allowRetry(tx Tx, id ID) error {
	return tx.EachInstall(id, func(i Install) error {
		if !i.hasFailed() {
			return nil
		}
		i.Stage, i.Why, i.Retry, i.Since = Fetching, "", true, tx.Now
		return tx.PutInstall(i)
	})
}

// Pause tells nobody more of a release. Terminals that are on trial with it go on.
func Pause(tx Tx, ref string) (Release, error) {
	r, err := Find(tx, ref)
	switch {
	case err != nil:
		return r, err
	case r.Assigned.IsZero():
		return r, refuse(refusal.Conflict, CodeUnassigned, refusal.Fields{"release": r.Version})
	case r.Paused:
		return r, nil
	}
	before := r
	r.Paused = true
	if err := tx.PutRelease(r); err != nil {
		return r, err
	}
	return r, record(tx, "release.pause", before, r)
}

// Remove forgets a release, and how far terminals are with it. It stays while terminals may fetch
// it, and while one is in the middle of it or was lost there: what becomes of that one must be known.
func Remove(tx Tx, ref string) (Release, error) {
	r, err := Find(tx, ref)
	if err != nil {
		return r, err
	}
	going, err := listUnderWay(tx, r.ID)
	switch {
	case err != nil:
		return r, err
	case len(going) > 0:
		return r, refuse(refusal.Conflict, CodeUnderWay, refusal.Fields{"release": r.Version, "terminals": going})
	case r.GoesOn():
		return r, refuse(refusal.Conflict, CodeGiven, refusal.Fields{"release": r.Version})
	}
	if err := tx.DropRelease(r.ID); err != nil {
		return r, err
	}
	return r, tx.Record(audit.Change{Action: "release.remove", Object: r.ID.String(), Before: auditedFields(r)})
}

// listUnderWay names the terminals that are in the middle of a release, or were lost there.
func listUnderWay(tx Tx, id ID) (names []string, err error) {
	err = tx.EachInstall(id, func(i Install) error {
		if i.underWay() {
			names = append(names, i.Terminal)
		}
		return nil
	})
	return names, err
}

// stopIfTooMany stops a release that has failed on more terminals than it may.
func stopIfTooMany(tx Tx, id ID) (stopped *Release, err error) {
	r, err := tx.Release(id)
	if err != nil || r.Stopped || r.Assigned.IsZero() {
		return nil, err
	}
	failed := uint64(0)
	err = tx.EachInstall(id, func(i Install) error {
		if i.hasFailed() {
			failed++
		}
		return nil
	})
	if err != nil || failed <= r.StopAfter {
		return nil, err
	}
	before := r
	r.Stopped = true
	if err := tx.PutRelease(r); err != nil {
		return nil, err
	}
	return &r, record(tx, "release.stop", before, r)
}

func isNotFound(err error) bool { return errors.Is(err, people.ErrNotFound) }
