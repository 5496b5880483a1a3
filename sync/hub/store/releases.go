package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"badged/sync/hub/release"
)

const (
	releaseColumns = `SELECT id, version, sequence, boards, size, pieces, added, assigned, percent, door_groups, terminals,
		opens, closes, stop_after, paused, stopped FROM release `
	installColumns = `SELECT release, terminal, stage, done, why, since, retry FROM install `
)

func readRelease(scan scan) (r release.Release, err error) {
	var id []byte
	var boards, groups, terminals string
	err = scan(&id, &r.Version, &r.Sequence, &boards, &r.Size, &r.Pieces, timeInto{&r.Added}, timeInto{&r.Assigned}, &r.Percent,
		&groups, &terminals, &r.Between.From, &r.Between.To, &r.StopAfter, flagInto{&r.Paused}, flagInto{&r.Stopped})
	if err != nil {
		return r, err
	}
	copy(r.ID[:], id)
	err = errors.Join(json.Unmarshal([]byte(boards), &r.Boards), json.Unmarshal([]byte(groups), &r.Groups), json.Unmarshal([]byte(terminals), &r.Terminals))
	if err != nil {
		return r, fmt.Errorf("read release %s: %w", r.Version, err)
	}
	return r, nil
}

// Release implements release.Releases.
func (x *tx) Release(id release.ID) (release.Release, error) {
	return first(x, releaseColumns+`WHERE id = ?`, []any{id[:]}, readRelease)
}

// PutRelease implements release.Releases.
func (x *tx) PutRelease(r release.Release) error {
	var lists [3]string
	for i, l := range [][]string{r.Boards, r.Groups, r.Terminals} {
		text, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("write release %s: %w", r.Version, err)
		}
		lists[i] = string(text)
	}
	_, err := x.exec(`INSERT INTO release (id, version, sequence, boards, size, pieces, added, assigned, percent, door_groups, terminals,
			opens, closes, stop_after, paused, stopped) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET size = excluded.size, pieces = excluded.pieces, assigned = excluded.assigned,
			percent = excluded.percent, door_groups = excluded.door_groups, terminals = excluded.terminals,
			opens = excluded.opens, closes = excluded.closes, stop_after = excluded.stop_after, paused = excluded.paused, stopped = excluded.stopped`,
		r.ID[:], r.Version, r.Sequence, lists[0], r.Size, r.Pieces, millis(r.Added), millis(r.Assigned), r.Percent, lists[1], lists[2],
		r.Between.From, r.Between.To, r.StopAfter, flag(r.Paused), flag(r.Stopped))
	return err
}

// EachRelease implements release.Releases.
func (x *tx) EachRelease(fn func(release.Release) error) error {
	return collect(x, releaseColumns+`ORDER BY sequence DESC, id`, nil, readRelease, fn)
}

func readInstall(scan scan) (i release.Install, err error) {
	var id []byte
	err = scan(&id, &i.Terminal, &i.Stage, &i.Done, &i.Why, timeInto{&i.Since}, flagInto{&i.Retry})
	copy(i.Release[:], id)
	return i, err
}

// Install implements release.Installs.
func (x *tx) Install(id release.ID, terminal string) (release.Install, error) {
	return first(x, installColumns+`WHERE release = ? AND terminal = ?`, []any{id[:], terminal}, readInstall)
}

// PutInstall implements release.Installs.
func (x *tx) PutInstall(i release.Install) error {
	_, err := x.exec(`INSERT INTO install (release, terminal, stage, done, why, since, retry) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (release, terminal) DO UPDATE SET stage = excluded.stage, done = excluded.done, why = excluded.why,
			since = excluded.since, retry = excluded.retry`,
		i.Release[:], i.Terminal, string(i.Stage), i.Done, i.Why, millis(i.Since), flag(i.Retry))
	return err
}

// EachInstall implements release.Installs.
func (x *tx) EachInstall(id release.ID, fn func(release.Install) error) error {
	return collect(x, installColumns+`WHERE release = ? ORDER BY terminal`, []any{id[:]}, readInstall, fn)
}

// EachUnderWay implements release.Installs.
func (x *tx) EachUnderWay(fn func(release.Install) error) error {
	return collect(x, installColumns+`WHERE stage IN (?, ?) ORDER BY terminal, release`,
		[]any{string(release.UnderWay[0]), string(release.UnderWay[1])}, readInstall, fn)
}

// DropInstalls implements release.Installs.
func (x *tx) DropInstalls(terminal string) error {
	_, err := x.exec(`DELETE FROM install WHERE terminal = ?`, terminal)
	return err
}

// DropRelease implements release.Releases.
func (x *tx) DropRelease(id release.ID) error {
	_, err := x.exec(`DELETE FROM install WHERE release = ?`, id[:])
	if err == nil {
		_, err = x.exec(`DELETE FROM release WHERE id = ?`, id[:])
	}
	return err
}
