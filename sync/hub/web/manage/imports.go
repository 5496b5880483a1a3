package manage

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/roster"
	"badged/sync/hub/web/page"
)

func (m *manage) importRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/import", Right: page.Members, Fresh: true, Handle: showImports},
		{Method: "POST", Path: "/g/import", Right: page.Members, Fresh: true, Body: maxImportFile + 64<<10, Handle: m.previewImport},
		{Method: "POST", Path: "/g/import/confirmer", Right: page.Members, Fresh: true, Handle: m.beginImport},
		{Method: "GET", Path: "/g/import/{id}", Right: page.Members, Handle: showImport},
		{Method: "GET", Path: "/g/import/{id}/reprendre", Right: page.Members, Fresh: true, Handle: confirmUndo},
		{Method: "POST", Path: "/g/import/{id}/reprendre", Right: page.Members, Fresh: true, Handle: undoImport},
	}
}

// importsPage is the page of a new import, and of the former ones.
type importsPage struct {
	Form *page.Form
	List *page.List
	Past []people.Import
}

func showImports(r *page.Request) (page.Reply, error) { return importsReply(r, r.Fill(nil)) }

func importsReply(r *page.Request, f *page.Form) (page.Reply, error) {
	d := importsPage{Form: f, List: r.NameList()}
	err := r.Read(func(tx fleet.Tx) (err error) {
		d.Past, d.List.Next, err = people.ListImports(tx.Tx.Tx.Tx, d.List.Listing())
		return err
	})
	return page.Show("manage/imports", r.T("manage.import.title"), d), err
}

// previewPage shows what a file would do.
type previewPage struct {
	Name   string
	Sum    string // that confirms it
	Total  int
	Looked int // lines
	Counts map[string]int
	Lines  []importLine
	Unused []string
}

// importLine is a line of a file that is not the same as what the hub has.
type importLine struct {
	Line   int
	Name   string
	Path   string // of the member; empty: none
	Status page.Tag
	Notes  []string
}

// mostShown bounds the lines of one page.
const mostShown = 200

func (m *manage) previewImport(r *page.Request) (page.Reply, error) {
	f := r.Form()
	name, body, err := r.File("file")
	if errors.Is(err, http.ErrMissingFile) || err == nil && len(body) == 0 {
		f.Refuse("file", r.T("manage.import.nofile"))
	} else if err != nil {
		return r.Fail(http.StatusBadRequest), nil
	}
	var sheet roster.Sheet
	if f.OK() {
		sheet, err = roster.Read(body)
		if err = f.Explain(err, allTo("file")); err != nil {
			return page.Reply{}, err
		}
	}
	if !f.OK() {
		reply, err := importsReply(r, f)
		return reply.Refused(), err
	}
	results, err := m.imports.preview(r.Context(), r.Actor(), sheet)
	if err != nil {
		return page.Reply{}, err
	}
	sum := m.imports.hold(heldFile{name: name, body: body, by: r.Account().ID}, r.Now)
	d := previewPage{Name: name, Sum: hexText(sum[:]), Total: len(sheet.Lines), Looked: len(results), Counts: map[string]int{}, Unused: sheet.Unused()}
	for _, result := range results {
		d.Counts[string(result.Outcome)]++
	}
	// What is wrong comes first: it is what somebody looks for.
	for _, wrong := range []bool{true, false} {
		for _, result := range results {
			isWrong := result.Outcome == roster.Wrong || len(result.Notes) > 0
			if isWrong == wrong && (isWrong || result.Outcome != roster.Same) && len(d.Lines) < mostShown {
				d.Lines = append(d.Lines, previewLine(r, sheet, result))
			}
		}
	}
	return page.Show("manage/preview", r.T("manage.import.preview"), d), nil
}

// allTo puts every refusal of a file beside its field.
func allTo(field string) page.Fields {
	to := page.Fields{}
	for _, code := range []string{
		roster.CodeFileLarge, roster.CodeFileLines, roster.CodeFileEmpty, roster.CodeFileHeader, roster.CodeColumnTwo,
	} {
		to[code] = field
	}
	return to
}

// outcomeTones are the colours of what becomes of a line.
var outcomeTones = map[string]string{string(roster.Made): "good", string(roster.Changed): "info", string(roster.Wrong): "bad"}

func outcomeTag(r *page.Request, outcome string) page.Tag {
	return page.Tag{Text: r.T("manage.import.one." + outcome), Tone: outcomeTones[outcome]}
}

func previewLine(r *page.Request, sheet roster.Sheet, result roster.Result) importLine {
	l := importLine{Line: result.Line, Name: sheet.NameAt(result.Line), Status: outcomeTag(r, string(result.Outcome))}
	if result.Refusal != nil {
		l.Notes = append(l.Notes, r.Words(result.Refusal))
	}
	for _, n := range result.Notes {
		l.Notes = append(l.Notes, r.Words(n))
	}
	return l
}

// beginImport brings a file in that was shown.
func (m *manage) beginImport(r *page.Request) (page.Reply, error) {
	b, err := hex.DecodeString(r.Form().Value("sum"))
	if err != nil || len(b) != 32 {
		return page.Reply{}, page.ErrNotFound
	}
	file, ok := m.imports.takeFile([32]byte(b), r.Account().ID, r.Now)
	if !ok {
		return page.Go("/g/import").Flash("manage.import.gone"), nil
	}
	sheet, err := roster.Read(file.body)
	if err != nil {
		return page.Reply{}, err
	}
	var begun people.Import
	err = r.Write(func(tx fleet.Tx) (err error) {
		begun, err = roster.Begin(tx.Tx.Tx.Tx, file.name, file.body, sheet, people.Created)
		return err
	})
	if err != nil {
		return page.Reply{}, err
	}
	select {
	case m.imports.work <- importJob{begun.ID, sheet, r.Actor()}:
	default:
		return page.Go("/g/import").Flash("manage.import.busy"), nil
	}
	return page.Go("/g/import/" + people.HexID(begun.ID)), nil
}

// importPage is the page of one import.
type importPage struct {
	people.Import
	Path  string
	Lines []importLine
	List  *page.List
	Over  bool // nothing more comes
}

func showImport(r *page.Request) (page.Reply, error) {
	id, err := r.ID("id")
	if err != nil {
		return page.Reply{}, err
	}
	d := importPage{Path: "/g/import/" + people.HexID(id), List: r.List("")}
	after, _ := strconv.Atoi(d.List.After()) // the beginning for anything else
	err = r.Read(func(tx fleet.Tx) (err error) {
		if d.Import, err = tx.Import(id); err != nil {
			return page.OrNotFound(err)
		}
		lines, err := tx.ImportLines(id, max(after, 0), mostShown)
		d.Lines = nil
		for _, l := range lines {
			if err == nil {
				err = d.addLine(r, tx, l)
			}
		}
		return err
	})
	d.Over = d.Done == d.Import.Lines || d.Undo != people.NotUndone
	if len(d.Lines) == mostShown {
		d.List.Next = strconv.Itoa(d.Lines[mostShown-1].Line)
	}
	return page.Show("manage/import", r.T("manage.import.of", d.Name), d), err
}

func (d *importPage) addLine(r *page.Request, tx fleet.Tx, l people.ImportLine) error {
	line := importLine{Line: l.Line, Status: outcomeTag(r, l.Result)}
	if l.Account != (people.ID{}) {
		a, err := tx.Account(l.Account)
		if err != nil && !errors.Is(err, people.ErrNotFound) {
			return err
		}
		if err == nil {
			line.Name, line.Path = a.DisplayName(), "/g/membres/"+people.HexID(a.ID)
		}
	}
	if l.Code != "" {
		line.Notes = []string{r.Words(&refusal.Error{Code: l.Code})}
	}
	d.Lines = append(d.Lines, line)
	return nil
}

func confirmUndo(r *page.Request) (page.Reply, error) {
	id, err := r.ID("id")
	if err != nil {
		return page.Reply{}, err
	}
	var im people.Import
	err = r.Read(func(tx fleet.Tx) (err error) {
		im, err = tx.Import(id)
		return page.OrNotFound(err)
	})
	path := "/g/import/" + people.HexID(id)
	return r.Confirm(page.Confirm{
		Title: r.T("manage.import.undo.title", im.Name), Text: r.T("manage.import.undo.text"), Action: path + "/reprendre",
		Button: r.T("manage.import.undo"), Cancel: path, Danger: true,
	}), err
}

// undoImport takes the accounts back that an import made, batch by batch.
func undoImport(r *page.Request) (page.Reply, error) {
	id, err := r.ID("id")
	for at := (people.Import{}); err == nil && at.Undo != people.Undone && r.Context().Err() == nil; {
		err = r.Write(func(tx fleet.Tx) (err error) {
			at, err = roster.Undo(tx.Tx.Tx.Tx, id, importBatch, func(a people.ID) error { return access.Purge(tx.Tx.Tx, a) })
			return err
		})
	}
	return page.Go("/g/import/" + people.HexID(id)).Flash("manage.import.undone"), err
}
