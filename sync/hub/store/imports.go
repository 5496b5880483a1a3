package store

import (
	"errors"

	"badged/sync/hub/people"
)

// AccountsByExternal implements people.Directory.
func (x *tx) AccountsByExternal(external string, limit int) ([]people.Account, error) {
	return x.accounts(sqlByExternal, external, limit)
}

const (
	sqlByExternal = accountColumns + `WHERE a.external = ? AND a.external <> '' AND a.state NOT IN ('merged', 'erased')
		ORDER BY a.id LIMIT ?`

	importColumns = `SELECT ` + ofImport + ` FROM import i `
	ofImport      = `i.id, i.name, i.sum, i.state, i.lines, i.done, i.made, i.changed, i.same, i.wrong, i.started, i.undo, i.undone`

	sqlPutImportLine = `INSERT INTO import_line (import, line, result, account, code) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (import, line) DO UPDATE SET result = excluded.result, account = excluded.account, code = excluded.code`
)

func readImport(scan scan) (i people.Import, err error) {
	return i, scan(idInto{&i.ID}, &i.Name, hashInto{&i.Sum}, &i.State, &i.Lines, &i.Done, &i.Made, &i.Changed, &i.Same, &i.Wrong,
		timeInto{&i.Started}, &i.Undo, &i.Undone)
}

var importList = named[people.Import]{
	list: "import", from: "import i", columns: ofImport, ref: "i.id", inHex: true, read: readImport,
	refOf: func(i people.Import) string { return people.HexID(i.ID) },
	orders: map[people.Order]listing{
		people.ByCreated: {by: []string{"i.started", "i.id"}, kinds: "nb", desc: true},
		people.ByName:    {by: []string{"i.name", "i.id"}, kinds: "tb"},
	},
}

// ListImports implements people.Lists.
func (x *tx) ListImports(q people.Listing) ([]people.Import, string, error) {
	return importList.page(x, q, conditions{})
}

// PutImport implements people.Imports.
func (x *tx) PutImport(i people.Import) error {
	_, err := x.exec(`INSERT INTO import (id, name, sum, state, lines, done, made, changed, same, wrong, started, undo, undone)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET done = excluded.done, made = excluded.made, changed = excluded.changed,
			same = excluded.same, wrong = excluded.wrong, undo = excluded.undo, undone = excluded.undone`,
		i.ID[:], i.Name, i.Sum[:], string(i.State), i.Lines, i.Done, i.Made, i.Changed, i.Same, i.Wrong, millis(i.Started),
		string(i.Undo), i.Undone)
	return errors.Join(err, x.putName(importList.list, people.HexID(i.ID), i.Name))
}

// Import implements people.Imports.
func (x *tx) Import(id people.ID) (people.Import, error) {
	return first(x, importColumns+`WHERE id = ?`, []any{id[:]}, readImport)
}

// ImportOf implements people.Imports.
func (x *tx) ImportOf(sum [32]byte) (people.Import, error) {
	return first(x, importColumns+`WHERE sum = ? ORDER BY started DESC, id DESC LIMIT 1`, []any{sum[:]}, readImport)
}

// AddImportLine implements people.Imports.
func (x *tx) AddImportLine(imp people.ID, l people.ImportLine) error {
	_, err := x.exec(sqlPutImportLine, imp[:], l.Line, l.Result, l.Account[:], l.Code)
	return err
}

// ImportLines implements people.Imports.
func (x *tx) ImportLines(imp people.ID, after, limit int) ([]people.ImportLine, error) {
	query := `SELECT line, result, account, code FROM import_line WHERE import = ? AND line > ? ORDER BY line LIMIT ?`
	return list(x, query, []any{imp[:], after, limit}, func(scan scan) (l people.ImportLine, err error) {
		return l, scan(&l.Line, &l.Result, idInto{&l.Account}, &l.Code)
	})
}
