package release

import (
	"errors"
	"slices"
	"time"

	"badged/sync/hub/access"
	"badged/sync/wire"
)

// Told is what a terminal is told after a hello, and what became of a release with it.
type Told struct {
	Order   Order
	Release Release
	Retry   bool
	Stopped *Release // that this report has stopped; nil: none
}

// AnswerReport records what a terminal reports about releases, and decides what it is told. groupsOf gives
// the groups of doors of another terminal.
func AnswerReport(tx Tx, m Member, u wire.Update, groupsOf func(terminal string) ([]string, error)) (out Told, err error) {
	all, err := listReleases(tx)
	if err != nil || len(all) == 0 {
		return out, err
	}
	at, err := readMinute(tx)
	if err != nil {
		return out, err
	}
	installs, stopped, err := recordReport(tx, all, m, u)
	if err != nil {
		return out, err
	}
	out.Stopped = stopped
	for i, r := range all {
		if busy := slices.IndexFunc(installs, func(i Install) bool { return i.Stage == Installing }); busy >= 0 && busy != i {
			continue // one after the other
		}
		if stopped != nil && stopped.ID == r.ID {
			r = *stopped
		}
		m.Install, m.Begun = installs[i], hasBegun(u, r.ID)
		order, err := decideAmongOthers(tx, r, m, at, groupsOf)
		if err != nil {
			return out, err
		}
		if order != Nothing {
			out.Order, out.Release, out.Retry = order, r, m.Install.Retry
			return out, recordOrder(tx, m.Install, order)
		}
	}
	return out, nil
}

func listReleases(tx Tx) (all []Release, err error) {
	return all, tx.EachRelease(func(r Release) error {
		all = append(all, r)
		return nil
	})
}

// recordReport stores what a terminal reports. It gives an install for each release, and makes a
// new one where the terminal has none yet.
func recordReport(tx Tx, all []Release, m Member, u wire.Update) (installs []Install, stopped *Release, err error) {
	for _, r := range all {
		was, err := tx.Install(r.ID, m.Terminal)
		if err != nil && !isNotFound(err) {
			return nil, nil, err
		}
		if err != nil {
			was = Install{Release: r.ID, Terminal: m.Terminal, Stage: Fetching, Since: tx.Now}
		}
		is, news := applyReport(was, u, tx.Now)
		installs = append(installs, is)
		if !news {
			continue
		}
		if err := tx.PutInstall(is); err != nil {
			return nil, nil, err
		}
		if is.hasFailed() && !was.hasFailed() {
			if stopped, err = stopIfTooMany(tx, r.ID); err != nil {
				return nil, nil, err
			}
		}
	}
	return installs, stopped, nil
}

// readMinute is the time of the day on the site's clocks.
func readMinute(tx Tx) (Minute, error) {
	site, err := access.Settings(tx.Tx)
	return MinuteOf(tx.Now.In(site.Location())), err
}

// hasBegun reports whether a terminal says that it is in the middle of a release.
func hasBegun(u wire.Update, id ID) bool {
	return string(u.Release) == string(id[:]) && (u.Phase == wire.UpdateInstalling || u.Phase == wire.UpdateTrial)
}

// decideAmongOthers decides for one terminal. Only one that waits for its turn depends on the
// other terminals.
func decideAmongOthers(tx Tx, r Release, m Member, at Minute, groupsOf func(string) ([]string, error)) (Order, error) {
	if m.Install.Stage != Ready {
		return Decide(r, m, Others{At: at}), nil
	}
	a, err := lookAround(tx, r.ID, at, groupsOf)
	return Decide(r, m, a.without(m.Terminal)), err
}

// around is what terminals that wait for their turn must know of all.
type around struct {
	Others
	busy map[string][]string // terminals that are under way, and the groups of their doors
}

func lookAround(tx Tx, id ID, at Minute, groupsOf func(string) ([]string, error)) (a around, err error) {
	a = around{Others{At: at}, map[string][]string{}}
	err1 := tx.EachInstall(id, func(i Install) error {
		switch {
		case i.Stage == Healthy:
			a.Healthy++
		case i.underWay():
			a.Going++
		}
		return nil
	})
	err2 := tx.EachUnderWay(func(i Install) (err error) {
		a.busy[i.Terminal], err = groupsOf(i.Terminal)
		return err
	})
	return a, errors.Join(err1, err2)
}

// without is what one terminal must know of the others.
func (a around) without(terminal string) Others {
	for name, groups := range a.busy {
		if name != terminal {
			a.Busy = append(a.Busy, groups...)
		}
	}
	return a.Others
}

// Waits says of each terminal that is ready for a release what it waits for.
func Waits(tx Tx, r Release, memberOf func(terminal string) (Member, error)) (map[string]Wait, error) {
	waits := map[string]Wait{}
	if !r.GoesOn() {
		return waits, nil
	}
	groupsOf := func(terminal string) ([]string, error) {
		m, err := memberOf(terminal)
		return m.Groups, err
	}
	at, err1 := readMinute(tx)
	a, err2 := lookAround(tx, r.ID, at, groupsOf)
	err3 := tx.EachInstall(r.ID, func(i Install) error {
		if i.Stage != Ready {
			return nil
		}
		m, err := memberOf(i.Terminal)
		waits[i.Terminal] = waitsFor(r, m, a.without(i.Terminal))
		return err
	})
	return waits, errors.Join(err1, err2, err3)
}

// recordOrder stores an order before the terminal gets it.
func recordOrder(tx Tx, i Install, order Order) error {
	turn := i.Stage
	switch {
	case order == Go:
		turn = Installing
	case i.Stage == Installing: // the hours ended before it began
		turn = Ready
	}
	if turn != i.Stage {
		i.Stage, i.Since = turn, tx.Now
		return tx.PutInstall(i)
	}
	_, err := tx.Install(i.Release, i.Terminal)
	if isNotFound(err) {
		err = tx.PutInstall(i)
	}
	return err
}

// MarkLost gives up on terminals that were told to install and are silent. It gives the releases
// that stop for that.
func MarkLost(tx Tx, lastSeen func(terminal string) (time.Time, error)) (stopped []Release, err error) {
	err = tx.EachUnderWay(func(i Install) error {
		seen, err := lastSeen(i.Terminal)
		if err != nil || !i.isLost(seen, tx.Now) {
			return err
		}
		i.Stage, i.Since = Lost, tx.Now
		if err := tx.PutInstall(i); err != nil {
			return err
		}
		r, err := stopIfTooMany(tx, i.Release)
		if r != nil {
			stopped = append(stopped, *r)
		}
		return err
	})
	return stopped, err
}

// Message is what a terminal is told, in a connection.
func (t Told) Message(nonce [16]byte) wire.Release {
	r := t.Release
	return wire.Release{
		Nonce: nonce, ID: r.ID, Version: r.Version, Size: r.Size, Pieces: r.Pieces, Install: t.Order == Go, Retry: t.Retry,
	}
}
