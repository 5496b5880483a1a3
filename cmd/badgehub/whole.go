package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"badged/internal/cli"
	"badged/sync/hub/fleet"
	"badged/sync/hub/pki"
	"badged/sync/hub/store"
)

// A site is its database and its keys: with half of them, cards would get other ids
// and terminals would trust nobody. The first start gives the database the site's id,
// then makes the keys, then the settings in the database.
//
//	id       keys    settings
//	none     none    -           a new site
//	none     some    -           refused: the database is lost, or it is another one
//	there    any     none        the power went during the first start, which goes on
//	there    some    there       refused: a key is lost
//	there    others  -           refused: keys of another site
//	there    all     there       the site

// checkDatabase refuses a folder that has keys and no file of the database, and makes none.
func checkDatabase(dir string, db database) error {
	missing, err := pki.Missing(dir) // before the file is looked for: another first start makes that first
	if err != nil || len(missing) == pki.Files || db.url != "" {
		return err
	}
	if _, err := os.Lstat(db.path); errors.Is(err, fs.ErrNotExist) {
		return lostDatabase(cli.Phrase{Format: "%s is missing", Args: []any{db.path}}, dir)
	}
	return nil // what else is wrong, opening it tells
}

func lostDatabase(what cli.Phrase, dir string) error {
	return cli.Errorf("%s, but the keys of an older site are in %s: restore the database from a backup of the hub, say with --db where it is, "+
		"or start a new site in an empty folder (--dir)", what, dir)
}

// checkKeys refuses keys without a site, and a site whose keys are not all there.
func checkKeys(ctx context.Context, dir string, db database, st *store.Store) error {
	site, err := st.SiteID(ctx, "")
	if err != nil {
		return err
	}
	missing, err := pki.Missing(dir)
	if err == nil && site == "" && len(missing) < pki.Files {
		err = lostDatabase(cli.Phrase{Format: "there is no site in %s", Args: []any{db.what()}}, dir)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	begun, err := fleet.Begun(ctx, st)
	if err != nil || !begun {
		return err
	}
	return cli.Errorf("the site in %s is not whole, missing: %s. Restore from a backup of the hub; "+
		"new ones would be those of another site, for every card and terminal", dir, strings.Join(missing, ", "))
}
