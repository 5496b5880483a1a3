package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/roster"
	"badged/sync/hub/words"
)

// The bounds of an import: what is read of a file, and how many lines share a transaction.
const (
	maxImport   = 65 << 20
	importBatch = 500
)

// importing is one import that is on its way.
type importing struct {
	*server
	r     *http.Request
	by    audit.Actor
	sheet roster.Sheet
	out   *json.Encoder
	flush *http.ResponseController
}

// importPeople brings a list of people in, batch by batch, and tells each line that is not the
// same as before as it goes. What was brought in stays when the request ends early, and the
// same file again goes on from there.
func (s *server) importPeople(w http.ResponseWriter, r *http.Request) {
	by, err := s.Actor(r)
	var file []byte
	if err == nil {
		if file, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxImport)); err != nil {
			err = invalid(CodeRequest, "detail", "too large, or cut off")
		}
	}
	var sheet roster.Sheet
	if err == nil {
		sheet, err = roster.Read(file)
	}
	im := importing{server: s, r: r, by: by, sheet: sheet, out: json.NewEncoder(w), flush: http.NewResponseController(w)}
	var begun people.Import
	if err == nil && !flagOf(r, "preview") {
		begun, err = im.beginImport(file)
	}
	if err != nil {
		s.sendAnswer(w, r, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	switch err = im.tellUnused(); {
	case err != nil:
	case flagOf(r, "preview"):
		err = im.preview()
	default:
		err = im.run(begun)
	}
	if err != nil {
		p, _ := s.describeProblem(r, err)
		_ = im.out.Encode(ImportStep{Problem: &p}) // whoever went away needs no answer
	}
}

func (im *importing) beginImport(file []byte) (begun people.Import, err error) {
	state := people.State(cmp.Or(im.r.FormValue("state"), string(people.Created)))
	err = im.Store.Write(im.r.Context(), im.by, func(tx fleet.Tx) (err error) {
		begun, err = roster.Begin(tx.Tx.Tx.Tx, im.r.FormValue("name"), file, im.sheet, state)
		return err
	})
	return begun, err
}

// options are those of a transaction.
func (im *importing) options(tx fleet.Tx) (roster.Options, error) {
	site, err := access.Settings(tx.Tx.Tx)
	return roster.Options{
		State: people.State(cmp.Or(im.r.FormValue("state"), string(people.Created))), Zone: site.Location(),
		Give: func(a people.Account, number secret.Text) (bool, error) {
			return access.GiveOnce(tx.Tx.Tx, im.Fleet.SiteKey().Card(number.Reveal()), a.ID)
		},
	}, err
}

// preview shows what each line would do, and takes each batch back.
func (im *importing) preview() error {
	sum := Import{Lines: len(im.sheet.Lines)}
	for from := 0; from < len(im.sheet.Lines); from += importBatch {
		batch := im.sheet.Lines[from:min(from+importBatch, len(im.sheet.Lines))]
		var results []roster.Result
		err := im.Store.Write(im.r.Context(), im.by, func(tx fleet.Tx) error {
			o, err := im.options(tx)
			if err != nil {
				return err
			}
			if results, err = roster.Preview(tx.Tx.Tx.Tx, batch, o); err != nil {
				return err
			}
			return roster.ErrPreview
		})
		if !errors.Is(err, roster.ErrPreview) {
			return err
		}
		if err := im.sendLines(results, &sum); err != nil {
			return err
		}
	}
	return im.out.Encode(ImportStep{Import: &sum})
}

// run brings the lines in that are not in yet.
func (im *importing) run(at people.Import) error {
	if at.Done == at.Lines {
		now := importOf(at)
		return im.out.Encode(ImportStep{Import: &now})
	}
	for at.Done < at.Lines {
		var results []roster.Result
		err := im.Store.Write(im.r.Context(), im.by, func(tx fleet.Tx) error {
			o, err := im.options(tx)
			if err != nil {
				return err
			}
			at, results, err = roster.Run(tx.Tx.Tx.Tx, at.ID, im.sheet, o, importBatch)
			return err
		})
		if err != nil {
			return err
		}
		if err := im.sendLines(results, nil); err != nil {
			return err
		}
		now := importOf(at)
		if err := errors.Join(im.out.Encode(ImportStep{Import: &now}), im.flush.Flush()); err != nil {
			return err
		}
	}
	return nil
}

// tellUnused says which columns stand for nothing, so that nobody believes them to be in.
func (im *importing) tellUnused() error {
	unused := im.sheet.Unused()
	if len(unused) == 0 {
		return nil
	}
	note := im.warning(&refusal.Error{Code: CodeColumns, Fields: refusal.Fields{"columns": unused}})
	return im.out.Encode(ImportStep{Line: &ImportLine{Line: 1, Result: "unused", Notes: []Warning{note}}})
}

// sendLines writes the lines that are not the same as before, and counts all if sum is given.
func (im *importing) sendLines(results []roster.Result, sum *Import) error {
	for _, r := range results {
		if sum != nil {
			sum.count(r.Outcome)
		}
		if r.Outcome == roster.Same && len(r.Notes) == 0 {
			continue
		}
		line := ImportLine{Line: r.Line, Result: string(r.Outcome), Name: im.sheet.NameAt(r.Line)}
		if r.Account != (people.ID{}) {
			line.Account = people.HexID(r.Account)
		}
		if r.Refusal != nil {
			line.Notes = append(line.Notes, im.warning(r.Refusal))
		}
		for _, n := range r.Notes {
			line.Notes = append(line.Notes, im.warning(n))
		}
		if err := im.out.Encode(ImportStep{Line: &line}); err != nil {
			return err
		}
	}
	return nil
}

func (im *importing) warning(e *refusal.Error) Warning {
	return Warning{e.Code, words.Text(langOf(im.r), e)}
}

func (i *Import) count(o roster.Outcome) {
	i.Done++
	switch o {
	case roster.Made:
		i.New++
	case roster.Changed:
		i.Changed++
	case roster.Same:
		i.Same++
	case roster.Wrong:
		i.Wrong++
	}
}

func importOf(i people.Import) Import {
	return Import{
		ID: people.HexID(i.ID), Name: i.Name, Lines: i.Lines, Done: i.Done, New: i.Made, Changed: i.Changed, Same: i.Same, Wrong: i.Wrong,
		Started: Time{i.Started}, Undone: i.Undo == people.Undone,
	}
}

func listImports(tx fleet.Tx, r *http.Request) (Page[Import], error) {
	l, err := listingOf(r)
	if err != nil {
		return Page[Import]{}, err
	}
	page, next, err := people.ListImports(tx.Tx.Tx.Tx, l)
	return pageOf(page, next, err, func(i people.Import) (Import, error) { return importOf(i), nil })
}

// undoImport takes the accounts back that an import made, batch by batch.
func (s *server) undoImport(w http.ResponseWriter, r *http.Request) {
	by, err := s.Actor(r)
	var id access.ID
	if err == nil {
		id, err = idOf(r)
	}
	var at people.Import
	for err == nil && at.Undo != people.Undone {
		err = s.Store.Write(r.Context(), by, func(tx fleet.Tx) (err error) {
			at, err = roster.Undo(tx.Tx.Tx.Tx, id, importBatch, func(a people.ID) error { return access.Purge(tx.Tx.Tx, a) })
			return err
		})
	}
	s.sendAnswer(w, r, importOf(at), err)
}
