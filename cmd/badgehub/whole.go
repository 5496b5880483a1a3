package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"badged/sync/hub/fleet"
	"badged/sync/hub/pki"
	"badged/sync/hub/store"
)

// A site is its database and its keys: with half of them, cards would get other ids
// and terminals would trust nobody. The first start makes hub.db, then the keys, then
// the settings in hub.db.
//
//	hub.db   keys    settings
//	none     none    -           a new site
//	none     some    -           refused: hub.db is lost
//	there    any     none        the power went during the first start, which goes on
//	there    some    there       refused: a key is lost
//	there    all     there       the site

// checkDatabase refuses a folder that has keys and no database.
func checkDatabase(dir string) error {
	missing, err := pki.Missing(dir) // before hub.db is looked for: another first start makes that first
	if err != nil || len(missing) == pki.Files {
		return err
	}
	path := filepath.Join(dir, "hub.db")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing, but the keys of an older site are here: restore hub.db from a backup of the hub, "+
			"or start a new site in an empty folder (--dir)", path)
	}
	return nil // what else is wrong, opening it tells
}

// checkKeys refuses a site whose keys are not all there.
func checkKeys(ctx context.Context, dir string, st *store.Store) error {
	begun, err := fleet.Begun(ctx, st)
	if err != nil || !begun {
		return err
	}
	missing, err := pki.Missing(dir)
	if err != nil || len(missing) == 0 {
		return err
	}
	return fmt.Errorf("the site in %s is not whole, missing: %s. Restore from a backup of the hub; "+
		"new ones would be those of another site, for every card and terminal", dir, strings.Join(missing, ", "))
}
