package storetest

import (
	"errors"
	"reflect"
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/release"
)

func testReleases(t *testing.T, open Open) {
	s := open(t)
	old := release.Release{ID: release.ID{9}, Version: "1.3.0", Sequence: 13, Boards: []string{"rpi-4"}, Size: 5, Pieces: []byte{0, 0xff}, Added: now}
	next := release.Release{
		ID: release.ID{1}, Version: "1.4.0", Sequence: 14, Boards: []string{"rpi-4", "uefi-amd64"}, Size: 7, Pieces: []byte{1}, Added: now,
		Wave: release.Wave{Assigned: now, Percent: 25, Groups: []string{"inner"}, Terminals: []string{"hall"}, Between: release.Hours{From: 23 * 60, To: 301}, StopAfter: 2, Paused: true, Stopped: true},
	}
	at := func(terminal string, id release.ID, stage release.Stage) release.Install {
		return release.Install{Release: id, Terminal: terminal, Stage: stage, Done: 3, Why: "the reader", Since: now, Retry: true}
	}
	write(t, s, func(tx fleet.Tx) error {
		unassigned := next
		unassigned.Wave = release.Wave{}
		return errors.Join(tx.PutTerminal(fleet.Terminal{Name: "hall"}), tx.PutTerminal(fleet.Terminal{Name: "attic"}),
			tx.PutRelease(old), tx.PutRelease(unassigned), tx.PutRelease(next),
			tx.PutInstall(at("hall", next.ID, release.Fetching)), tx.PutInstall(at("hall", next.ID, release.Lost)),
			tx.PutInstall(at("attic", next.ID, release.Failed)), tx.PutInstall(at("attic", old.ID, release.Installing)))
	})
	read(t, s, func(tx fleet.Tx) error {
		var all []release.Release
		err1 := tx.EachRelease(func(r release.Release) error {
			all = append(all, r)
			return nil
		})
		if !reflect.DeepEqual(all, []release.Release{next, old}) {
			t.Errorf("came back as %+v", all)
		}
		var installs, going []release.Install
		err2 := tx.EachInstall(next.ID, func(i release.Install) error {
			installs = append(installs, i)
			return nil
		})
		err3 := tx.EachUnderWay(func(i release.Install) error {
			going = append(going, i)
			return nil
		})
		if !reflect.DeepEqual(installs, []release.Install{at("attic", next.ID, release.Failed), at("hall", next.ID, release.Lost)}) {
			t.Errorf("installs are %+v", installs)
		}
		if !reflect.DeepEqual(going, []release.Install{at("attic", old.ID, release.Installing), at("hall", next.ID, release.Lost)}) {
			t.Errorf("under way are %+v", going)
		}
		if _, err := tx.Release(release.ID{2}); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("a release that is not there: %v", err)
		}
		return errors.Join(err1, err2, err3)
	})
	write(t, s, func(tx fleet.Tx) error { return tx.DropInstalls("hall") })
	read(t, s, func(tx fleet.Tx) error {
		if _, err := tx.Install(next.ID, "hall"); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("of a box that is gone: %v", err)
		}
		_, err := tx.Install(next.ID, "attic")
		return err
	})
	write(t, s, func(tx fleet.Tx) error { return tx.DropRelease(next.ID) })
	read(t, s, func(tx fleet.Tx) error {
		_, err := tx.Release(next.ID)
		_, err2 := tx.Install(next.ID, "attic")
		if !errors.Is(err, people.ErrNotFound) || !errors.Is(err2, people.ErrNotFound) {
			t.Errorf("of a release that was removed: %v, %v", err, err2)
		}
		_, err3 := tx.Release(old.ID)
		_, err4 := tx.Install(old.ID, "attic")
		return errors.Join(err3, err4)
	})
	if err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		return tx.PutInstall(at("nobody", old.ID, release.Ready))
	}); err == nil {
		t.Error("an install of no terminal was kept")
	}
}
