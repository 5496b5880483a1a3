package roster

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// ErrPreview ends a transaction whose results were wanted and nothing else: return it, and
// nothing of the transaction stays.
var ErrPreview = errors.New("this was a preview")

// Preview brings lines in, to show what would happen. The caller takes the transaction back
// with ErrPreview.
func Preview(tx people.Tx, lines []Line, o Options) ([]Result, error) {
	return applyAll(tx, lines, o)
}

func applyAll(tx people.Tx, lines []Line, o Options) ([]Result, error) {
	b := &batch{tx: tx, opt: o, groups: make(map[string]people.Group)}
	var results []Result
	for _, l := range lines {
		r, err := b.apply(l)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// Begin makes the record of an import, or gives that of the same file that stopped half way.
func Begin(tx people.Tx, name string, file []byte, s Sheet, state people.State) (people.Import, error) {
	sum := sha256.Sum256(file)
	former, err := tx.ImportOf(sum)
	if err == nil && former.Done < former.Lines && former.Undo == people.NotUndone {
		return former, nil
	}
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return former, err
	}
	im := people.Import{Name: clip(name), Sum: sum, State: state, Lines: len(s.Lines), Started: tx.Now}
	_, _ = rand.Read(im.ID[:]) // never fails
	if err := tx.PutImport(im); err != nil {
		return im, err
	}
	return im, tx.Record(audit.Change{
		Action: "import.begin", Object: people.HexID(im.ID), After: map[string]any{"file": im.Name, "lines": im.Lines},
	})
}

// Run brings the next lines of a file in, n at most, and tells how far the import is then.
func Run(tx people.Tx, id people.ID, s Sheet, o Options, n int) (people.Import, []Result, error) {
	im, err := find(tx, id)
	if err != nil {
		return im, nil, err
	}
	if im.Undo != people.NotUndone || im.Lines != len(s.Lines) {
		return im, nil, &refusal.Error{Kind: refusal.Conflict, Code: CodeUndone, Fields: refusal.Fields{"import": people.HexID(id)}}
	}
	o.State = im.State
	results, err := applyAll(tx, s.Lines[im.Done:min(im.Done+n, im.Lines)], o)
	if err != nil {
		return im, nil, err
	}
	for _, r := range results {
		if err := keep(tx, &im, r); err != nil {
			return im, nil, err
		}
	}
	if err := tx.PutImport(im); err != nil || im.Done < im.Lines {
		return im, results, err
	}
	return im, results, tx.Record(audit.Change{Action: "import.end", Object: people.HexID(id), After: map[string]any{
		"new": im.Made, "changed": im.Changed, "same": im.Same, "error": im.Wrong,
	}})
}

// keep counts a result, and remembers it if anything came of the line.
func keep(tx people.Tx, im *people.Import, r Result) error {
	im.Done++
	count := map[Outcome]*int{Made: &im.Made, Changed: &im.Changed, Same: &im.Same, Wrong: &im.Wrong}[r.Outcome]
	*count++
	if r.Outcome == Same && len(r.Notes) == 0 {
		return nil
	}
	l := people.ImportLine{Line: r.Line, Result: string(r.Outcome), Account: r.Account}
	switch {
	case r.Refusal != nil:
		l.Code = r.Refusal.Code
	case len(r.Notes) > 0:
		l.Code = r.Notes[0].Code
	}
	return tx.AddImportLine(im.ID, l)
}

// Undo takes accounts back that an import made, of n lines at most, and tells how far it is
// then. What the import changed stays as it is, and so do accounts that are administrators or
// may manage something by now. purge takes cards and rights away.
func Undo(tx people.Tx, id people.ID, n int, purge func(people.ID) error) (people.Import, error) {
	im, err := find(tx, id)
	if err != nil || im.Undo == people.Undone {
		return im, err
	}
	lines, err := tx.ImportLines(id, im.Undone, n)
	if err != nil {
		return im, err
	}
	for _, l := range lines {
		im.Undone = l.Line
		if l.Result != string(Made) {
			continue
		}
		if err := takeBack(tx, l.Account, purge); err != nil {
			return im, err
		}
	}
	im.Undo = people.Undoing
	if len(lines) < n {
		im.Undo = people.Undone
	}
	if err := tx.PutImport(im); err != nil || im.Undo == people.Undoing {
		return im, err
	}
	return im, tx.Record(audit.Change{Action: "import.undo", Object: people.HexID(id)})
}

func takeBack(tx people.Tx, id people.ID, purge func(people.ID) error) error {
	a, err := tx.Account(id)
	if errors.Is(err, people.ErrNotFound) || err == nil && (a.State.Final() || a.Role == people.Admin || len(a.Rights) > 0) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := purge(id); err != nil {
		return err
	}
	return people.Purge(tx, id)
}

func find(tx people.Tx, id people.ID) (people.Import, error) {
	im, err := tx.Import(id)
	if errors.Is(err, people.ErrNotFound) {
		err = &refusal.Error{Kind: refusal.Missing, Code: CodeNotFound, Fields: refusal.Fields{"import": people.HexID(id)}}
	}
	return im, err
}
