// Package roster brings lists of people in: it reads a CSV file as spreadsheets write them,
// shows line by line what would happen, makes it happen in small transactions that can be
// resumed, and takes the new accounts back.
package roster

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"badged/internal/profile"
	"badged/internal/secret"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// The codes of refusals, with their fields.
const (
	CodeFileLarge  = "import_file_large" // most: MiB
	CodeFileLines  = "import_file_lines" // most
	CodeFileEmpty  = "import_file_empty"
	CodeFileHeader = "import_header"           // columns
	CodeColumnTwo  = "import_column_twice"     // column
	CodeLineText   = "import_line_text"        // a quote that does not end, a NUL
	CodeLineTwice  = "import_line_twice"       // line
	CodeLineName   = "import_line_namesake"    // name
	CodeLineOpen   = "import_line_unconfirmed" // address
	CodeLineDate   = "import_line_date"        // text
	CodeLineGroups = "import_line_groups"      // most
	CodeNotFound   = "import_not_found"        // import
	CodeUndone     = "import_changed"          // import: it is being undone, or its file is another
)

// The bounds of a file.
const (
	maxFile    = 64 << 20
	maxLines   = 500_000
	maxGroups  = 20 // of one person
	maxColumns = 100
)

// Sheet is a file as it was understood.
type Sheet struct {
	Encoding  string   // "utf-8", "utf-16" or "windows-1252"
	Delimiter string   // ";"
	Columns   []string // what each column is, in the order of the file; "" for one that is not used
	Headers   []string // what they are called in the file
	Lines     []Line
}

// Line is one person in a file.
type Line struct {
	Number      int // in the file; the header is 1
	First, Last string
	Email       string
	Lang        string
	External    string
	Groups      []string
	Cards       []secret.Text // numbers
	Until       string        // a day, as written

	fault *refusal.Error // what is wrong with the line whatever the site has
}

// Read reads a file: its encoding, its delimiter, and its columns by the header.
func Read(file []byte) (Sheet, error) {
	if len(file) > maxFile {
		return Sheet{}, refuse(CodeFileLarge, refusal.Fields{"most": maxFile >> 20})
	}
	text, encoding := decode(file)
	delimiter, text := findDelimiter(text)
	s := Sheet{Encoding: encoding, Delimiter: string(delimiter)}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = delimiter, -1, true
	if err := s.readHeader(r); err != nil {
		return Sheet{}, err
	}
	return s, s.readLines(r)
}

func (s *Sheet) readHeader(r *csv.Reader) error {
	fields, err := r.Read()
	if err != nil || len(fields) > maxColumns {
		return refuse(CodeFileEmpty, nil)
	}
	for _, header := range fields {
		column := columnOf(header)
		if column != "" && column != colGroup && column != colCard && slices.Contains(s.Columns, column) {
			return refuse(CodeColumnTwo, refusal.Fields{"column": clip(header)})
		}
		s.Columns = append(s.Columns, column)
		s.Headers = append(s.Headers, clip(header))
	}
	if !slices.ContainsFunc(s.Columns, func(c string) bool { return c == colFirst || c == colLast || c == colName }) {
		return refuse(CodeFileHeader, refusal.Fields{"columns": s.Headers})
	}
	return nil
}

// Unused are the headers of columns that stand for nothing here.
func (s Sheet) Unused() (headers []string) {
	for i, column := range s.Columns {
		if column == "" && strings.TrimSpace(s.Headers[i]) != "" {
			headers = append(headers, s.Headers[i])
		}
	}
	return headers
}

// NameAt is the name on a line of the file.
func (s Sheet) NameAt(number int) string {
	i, found := slices.BinarySearchFunc(s.Lines, number, func(l Line, n int) int { return l.Number - n })
	if !found {
		return ""
	}
	return strings.TrimSpace(s.Lines[i].First + " " + s.Lines[i].Last)
}

func (s *Sheet) readLines(r *csv.Reader) error {
	seen := make(map[string]int)
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if len(s.Lines) == maxLines {
			return refuse(CodeFileLines, refusal.Fields{"most": maxLines})
		}
		l := Line{}
		if err != nil {
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				l.Number = parse.StartLine
			}
			l.fault = refuse(CodeLineText, nil)
		} else {
			l.Number, _ = r.FieldPos(0)
			if isBlank(fields) {
				continue
			}
			l.read(s.Columns, fields)
			l.notTwice(seen)
		}
		s.Lines = append(s.Lines, l)
	}
}

func isBlank(fields []string) bool { return strings.TrimSpace(strings.Join(fields, "")) == "" }

// read fills a line in from its fields.
func (l *Line) read(columns, fields []string) {
	for i, field := range fields {
		if i >= len(columns) {
			break
		}
		if !profile.IsText(strings.Map(spaceForControl, field)) {
			l.fault = refuse(CodeLineText, nil)
			return
		}
		l.set(columns[i], strings.Clone(strings.TrimSpace(field)))
	}
	if len(l.Groups) > maxGroups || len(l.Cards) > maxGroups {
		l.fault = refuse(CodeLineGroups, refusal.Fields{"most": maxGroups})
	}
}

// spaceForControl lets a cell have several lines.
func spaceForControl(r rune) rune {
	if r == '\n' || r == '\t' {
		return ' '
	}
	return r
}

func (l *Line) set(column, v string) {
	switch column {
	case colFirst:
		l.First = v
	case colLast:
		l.Last = v
	case colName:
		l.First, l.Last = profile.SplitName(v)
	case colEmail:
		l.Email = v
	case colLang:
		l.Lang = strings.ToLower(v)
	case colExternal:
		l.External = v
	case colUntil:
		l.Until = v
	case colGroup:
		l.Groups = append(l.Groups, splitList(v)...)
	case colCard:
		for _, number := range splitList(v) {
			l.Cards = append(l.Cards, secret.New(number))
		}
	}
}

// splitList splits a cell with several values.
func splitList(v string) (parts []string) {
	for _, p := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(",;|\n", r) }) {
		if p = profile.CleanName(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// notTwice refuses a line about whom an earlier one was.
func (l *Line) notTwice(seen map[string]int) {
	key := "n" + people.NameKey(profile.JoinName(l.First, l.Last))
	if email, ok := people.EmailKey(profile.CleanEmail(l.Email)); ok {
		key = "e" + email
	}
	if l.External != "" {
		key = "x" + l.External
	}
	if former, twice := seen[key]; twice && l.fault == nil {
		l.fault = refuse(CodeLineTwice, refusal.Fields{"line": former})
		return
	}
	seen[key] = l.Number
}

func refuse(code string, fields refusal.Fields) *refusal.Error {
	return &refusal.Error{Kind: refusal.Invalid, Code: code, Fields: fields}
}

// clip keeps a hostile text short and clean.
func clip(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 64)], "?")
	if !profile.IsText(s) {
		return "?"
	}
	return profile.CleanName(s)
}
