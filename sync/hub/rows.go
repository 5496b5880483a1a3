package hub

import (
	"cmp"
	"errors"
	"fmt"

	"badged/sync/wire"
)

// body is what a row of a collection decodes to.
type body interface {
	wire.Account | wire.Binding | wire.Claim | wire.Grant | wire.Door | wire.Lease | wire.Site
}

// get decodes one row that all terminals share; found is false if there is none.
func get[T body](tx Tx, c wire.Collection, key []byte) (v T, found bool, err error) {
	b, err := tx.Row(c, "", key)
	if errors.Is(err, ErrNotFound) {
		return v, false, nil
	}
	if err == nil {
		err = wire.Unmarshal(b, &v)
	}
	if err != nil {
		return v, false, fmt.Errorf("read a row of %s: %w", c, err)
	}
	return v, true, nil
}

// put writes one row that all terminals share.
func put[T body](tx Tx, c wire.Collection, key []byte, v T) error {
	return putScoped(tx, c, "", key, v)
}

func putScoped[T body](tx Tx, c wire.Collection, scope string, key []byte, v T) error {
	b, err := wire.Marshal(v)
	if err == nil {
		err = tx.PutRow(c, scope, key, b)
	}
	if err != nil {
		return fmt.Errorf("write a row of %s: %w", c, err)
	}
	return nil
}

// each decodes the live rows that all terminals share.
func each[T body](tx Tx, c wire.Collection, fn func(key []byte, v T) error) error {
	return tx.EachRow(c, "", func(r Row) error {
		var v T
		if err := wire.Unmarshal(r.Body, &v); err != nil {
			return fmt.Errorf("read a row of %s: %w", c, err)
		}
		return fn(r.Key, v)
	})
}

// site is the settings; a site always has them.
func site(tx Tx) (wire.Site, error) {
	s, found, err := get[wire.Site](tx, wire.Config, siteKey)
	if err == nil && !found {
		err = errors.New("the settings of the site are missing")
	}
	s.SessionMax = cmp.Or(s.SessionMax, defaultSite("").SessionMax) // a site that is older than the setting
	return s, err
}
