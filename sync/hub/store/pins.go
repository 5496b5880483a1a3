package store

import (
	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"errors"
)

const pinColumns = `SELECT mac, account, made FROM pin `

func readPIN(scan scan) (p access.PIN, err error) {
	return p, scan(idInto{&p.MAC}, idInto{&p.Account}, timeInto{&p.Made})
}

// PINByMAC implements access.PINs.
func (x *tx) PINByMAC(mac access.ID) (access.PIN, error) {
	return first(x, pinColumns+`WHERE mac = ?`, []any{mac[:]}, readPIN)
}

// PINOf implements access.PINs.
func (x *tx) PINOf(account access.ID) (access.PIN, error) {
	return first(x, pinColumns+`WHERE account = ?`, []any{account[:]}, readPIN)
}

// PutPIN implements access.PINs.
func (x *tx) PutPIN(p access.PIN) error {
	holder, err := x.PINByMAC(p.MAC)
	if err == nil && holder.Account != p.Account {
		return people.ErrTaken
	}
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	if err := x.DropPIN(p.Account); err != nil {
		return err
	}
	_, err = x.exec(`INSERT INTO pin (mac, account, made) VALUES (?, ?, ?)`, p.MAC[:], p.Account[:], millis(p.Made))
	x.changes.PINs[p.MAC] = &p
	return err
}

// DropPIN implements access.PINs.
func (x *tx) DropPIN(account access.ID) error {
	p, err := x.PINOf(account)
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	if err == nil {
		_, err = x.exec(`DELETE FROM pin WHERE account = ?`, account[:])
	}
	x.changes.PINs[p.MAC] = nil
	return err
}

// CountPINs implements access.PINs.
func (x *tx) CountPINs(limit int) (n int, err error) {
	return n, x.one(`SELECT COUNT(*) FROM (SELECT 1 FROM pin LIMIT ?) AS found`, []any{limit}, &n)
}
