package release

import (
	"errors"
	"slices"
	"time"

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
		m.Install = installs[i]
		order, err := decideAmongOthers(tx, r, m, groupsOf)
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

// decideAmongOthers decides for one terminal. Only one that waits for its turn depends on the
// other terminals.
func decideAmongOthers(tx Tx, r Release, m Member, groupsOf func(string) ([]string, error)) (Order, error) {
	if m.Install.Stage != Ready {
		return Decide(r, m, Others{}), nil
	}
	var o Others
	err1 := tx.EachInstall(r.ID, func(i Install) error {
		switch {
		case i.Stage == Healthy:
			o.Healthy++
		case i.underWay():
			o.Going++
		}
		return nil
	})
	err2 := tx.EachUnderWay(func(i Install) error {
		if i.Terminal == m.Terminal {
			return nil
		}
		groups, err := groupsOf(i.Terminal)
		o.Busy = append(o.Busy, groups...)
		return err
	})
	return Decide(r, m, o), errors.Join(err1, err2)
}

// recordOrder stores an order before the terminal gets it.
func recordOrder(tx Tx, i Install, order Order) error {
	if order == Go && i.Stage != Installing {
		i.Stage, i.Since = Installing, tx.Now
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
