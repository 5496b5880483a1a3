package store

import (
	"errors"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/people"
)

const accountColumns = `SELECT a.id, a.kind, a.state, a.first, a.last, a.name_attested, a.email, a.email_key, a.verified,
	a.typed_email, a.lang, a.number, a.role, a.rights, a.source, a.external, a.expires, a.created, a.merged_to FROM account a `

func readAccount(scan scan) (a people.Account, err error) {
	var key *string
	err = scan(idInto{&a.ID}, &a.Kind, &a.State, &a.First, &a.Last, flagInto{&a.NameAttested}, &a.Email, &key, timeInto{&a.Verified},
		&a.TypedEmail, &a.Lang, &a.Number, &a.Role, rightsInto{&a.Rights}, &a.Source, &a.External, timeInto{&a.Expires}, timeInto{&a.Created},
		idInto{&a.MergedTo})
	if key != nil {
		a.EmailKey = *key
	}
	return a, err
}

const (
	sqlAccount        = accountColumns + `WHERE a.id = ?`
	sqlAccountByEmail = accountColumns + `WHERE a.email_key = ?`
	sqlAliases        = `SELECT n FROM number WHERE goes_to = ? AND n <> ? ORDER BY n LIMIT 64`
)

// account reads one account with its aliases.
func (x *tx) account(query string, arg any) (people.Account, error) {
	a, err := first(x, query, []any{arg}, readAccount)
	if err != nil {
		return a, err
	}
	return a, x.readAliases(&a)
}

func (x *tx) readAliases(a *people.Account) (err error) {
	a.Aliases, err = list(x, sqlAliases, []any{a.ID[:], a.Number}, func(scan scan) (n uint64, err error) { return n, scan(&n) })
	return err
}

// accounts reads many accounts with their aliases.
func (x *tx) accounts(query string, args ...any) ([]people.Account, error) {
	found, err := list(x, query, args, readAccount)
	if err != nil || len(found) == 0 {
		return found, err
	}
	return found, x.addAliases(found)
}

// atOnce is how many accounts one statement reads by their ids.
const atOnce = 20

var (
	twenty          = "(" + strings.Repeat("?, ", atOnce-1) + "?)"
	sqlAccountsByID = accountColumns + `WHERE a.id IN ` + twenty
	sqlAliasesByID  = `SELECT goes_to, n FROM number WHERE goes_to IN ` + twenty + ` ORDER BY n LIMIT 1000`
)

// byIDs reads the accounts of ids, in their order.
func (x *tx) byIDs(ids []people.ID) (found []people.Account, err error) {
	at := make(map[people.ID]int)
	for i, id := range ids {
		at[id] = i
	}
	found = make([]people.Account, len(ids))
	for chunk := range slices.Chunk(ids, atOnce) {
		some, err := list(x, sqlAccountsByID, idArgs(chunk), readAccount)
		if err != nil {
			return nil, err
		}
		for _, a := range some {
			found[at[a.ID]] = a
		}
	}
	return found, x.addAliases(found)
}

// idArgs gives ids as atOnce arguments, the last one again where there are fewer.
func idArgs(ids []people.ID) (args []any) {
	for i := range atOnce {
		args = append(args, ids[min(i, len(ids)-1)][:])
	}
	return args
}

// addAliases reads the numbers that accounts go by beside their own.
func (x *tx) addAliases(accounts []people.Account) error {
	at := make(map[people.ID]*people.Account)
	var ids []people.ID
	for i := range accounts {
		at[accounts[i].ID] = &accounts[i]
		ids = append(ids, accounts[i].ID)
	}
	for chunk := range slices.Chunk(ids, atOnce) {
		err := x.all(sqlAliasesByID, idArgs(chunk), func(scan scan) error {
			var id people.ID
			var n uint64
			err := scan(idInto{&id}, &n)
			if a := at[id]; a.Number != n && len(a.Aliases) < mostAliases {
				a.Aliases = append(a.Aliases, n)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mostAliases bounds how many numbers an account is shown with.
const mostAliases = 64

// Account implements people.Accounts.
func (x *tx) Account(id people.ID) (people.Account, error) { return x.account(sqlAccount, id[:]) }

// AccountByEmail implements people.Accounts.
func (x *tx) AccountByEmail(key string) (people.Account, error) {
	return x.account(sqlAccountByEmail, key)
}

// AccountByNumber implements people.Accounts.
func (x *tx) AccountByNumber(n uint64) (a people.Account, err error) {
	var id people.ID
	if err := x.one(`SELECT goes_to FROM number WHERE n = ?`, []any{n}, idInto{&id}); err != nil {
		return a, err
	}
	a, err = x.Account(id)
	if err == nil && a.State.Final() {
		return people.Account{}, people.ErrNotFound
	}
	return a, err
}

const (
	sqlNameKey      = `SELECT name_key, email, state FROM account WHERE id = ?`
	sqlEmailOwner   = `SELECT id FROM account WHERE email_key = ?`
	sqlDropWords    = `DELETE FROM word WHERE account = ?`
	sqlPutWord      = `INSERT INTO word (word, account) VALUES (?, ?) ON CONFLICT (word, account) DO NOTHING`
	sqlRenameMember = `UPDATE member SET name_key = ? WHERE account = ?`

	sqlPutAccount = `INSERT INTO account (id, kind, state, first, last, name_key, name_attested, email, email_key, verified,
		typed_email, lang, number, role, rights, source, external, expires, created, merged_to)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state, first = excluded.first,
			last = excluded.last, name_key = excluded.name_key, name_attested = excluded.name_attested,
			email = excluded.email, email_key = excluded.email_key, verified = excluded.verified,
			typed_email = excluded.typed_email, lang = excluded.lang, number = excluded.number, role = excluded.role,
			rights = excluded.rights, source = excluded.source, external = excluded.external, expires = excluded.expires,
			created = excluded.created, merged_to = excluded.merged_to`
)

// PutAccount implements people.Accounts.
func (x *tx) PutAccount(a people.Account) error {
	if a.State.Final() {
		a.EmailKey = ""
	}
	if err := x.checkEmail(a); err != nil {
		return err
	}
	if err := x.putWords(a); err != nil {
		return err
	}
	_, err := x.exec(sqlPutAccount, a.ID[:], string(a.Kind), string(a.State), a.First, a.Last, people.SortKey(a),
		flag(a.NameAttested), a.Email, text(a.EmailKey), millis(a.Verified), a.TypedEmail, a.Lang, a.Number, string(a.Role),
		rightsText(a.Rights), string(a.Source), a.External, millis(a.Expires), millis(a.Created), a.MergedTo[:])
	if err != nil {
		return err
	}
	x.changes.Accounts[a.ID] = &a
	return nil
}

// checkEmail looks for another owner of an e-mail: a transaction that writes is alone.
func (x *tx) checkEmail(a people.Account) error {
	if a.EmailKey == "" {
		return nil
	}
	var owner people.ID
	err := x.one(sqlEmailOwner, []any{a.EmailKey}, idInto{&owner})
	switch {
	case errors.Is(err, people.ErrNotFound):
		return nil
	case err == nil && owner != a.ID:
		return people.ErrTaken
	}
	return err
}

// putWords writes what a search finds an account by, if that changes.
func (x *tx) putWords(a people.Account) error {
	var was people.Account
	var key string
	err := x.one(sqlNameKey, []any{a.ID[:]}, &key, &was.Email, &was.State)
	known := err == nil
	switch {
	case err != nil && !errors.Is(err, people.ErrNotFound):
		return err
	case known && key == people.SortKey(a) && was.Email == a.Email && was.State.Final() == a.State.Final():
		return nil
	}
	if known {
		if _, err := x.exec(sqlDropWords, a.ID[:]); err != nil {
			return err
		}
		if _, err := x.exec(sqlRenameMember, people.SortKey(a), a.ID[:]); err != nil {
			return err
		}
	}
	if a.State.Final() {
		return nil
	}
	for _, w := range people.SearchWords(a) {
		if _, err := x.exec(sqlPutWord, w, a.ID[:]); err != nil {
			return err
		}
	}
	return nil
}

// DropAccount implements people.Accounts.
func (x *tx) DropAccount(id people.ID) error {
	for _, query := range []string{sqlDropWords, `DELETE FROM member WHERE account = ?`, `DELETE FROM account WHERE id = ?`} {
		if _, err := x.exec(query, id[:]); err != nil {
			return err
		}
	}
	x.changes.Accounts[id] = nil
	return x.MoveNumbers(id, people.ID{})
}

// AccountsByID implements people.Directory.
func (x *tx) AccountsByID(prefix []byte, limit int) ([]people.Account, error) {
	last := append(append([]byte{}, prefix...), strings.Repeat("\xff", 17)...)
	return x.accounts(accountColumns+`WHERE a.id >= ? AND a.id <= ? ORDER BY a.id LIMIT ?`, prefix, last, limit)
}

// AccountsByName implements people.Directory.
func (x *tx) AccountsByName(key string, limit int) ([]people.Account, error) {
	return x.accounts(accountColumns+`WHERE a.name_key = ? AND a.state NOT IN ('merged', 'erased') ORDER BY a.id LIMIT ?`,
		key, limit)
}

// CountUnclaimed implements people.Directory.
func (x *tx) CountUnclaimed(most int) (n int, err error) {
	return n, x.one(`SELECT count(*) FROM (SELECT 1 FROM account WHERE expires > 0 AND kind = 'anonymous'
		AND state = 'active' LIMIT ?) AS unclaimed`, []any{most}, &n)
}

// EachLapsed implements people.Directory.
func (x *tx) EachLapsed(t time.Time, fn func(people.Account) error) error {
	found, err := x.accounts(accountColumns+`WHERE a.expires > 0 AND a.expires <= ? AND a.kind = 'anonymous'
		AND a.state = 'active' ORDER BY a.expires, a.id`, millis(t))
	if err != nil {
		return err
	}
	for _, a := range found {
		if err := fn(a); err != nil {
			return err
		}
	}
	return nil
}

// Administrators implements people.Directory.
func (x *tx) Administrators(limit int) ([]people.Account, error) {
	return x.accounts(accountColumns+`WHERE a.role = 'admin' AND a.state NOT IN ('merged', 'erased') ORDER BY a.id LIMIT ?`, limit)
}

// MergedInto implements people.Directory.
func (x *tx) MergedInto(id people.ID, limit int) ([]people.Account, error) {
	return x.accounts(accountColumns+`WHERE a.merged_to = ? AND a.state = 'merged' LIMIT ?`, id[:], limit)
}
