package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"badged/sync/hub/refusal"
	"badged/sync/hub/roster"
)

func read(t *testing.T, file string) roster.Sheet {
	t.Helper()
	s, err := roster.Read([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Issue 8, 4; PEOPLE §8: French Excel writes ; and a BOM, or Windows-1252.
func TestFilesOfSpreadsheetsAreUnderstood(t *testing.T) {
	const text = "Prénom;Nom;E-mail\r\nLéa;Roy;lea@example.com\r\n"
	utf16le := "\xff\xfe"
	for _, u := range utf16.Encode([]rune(text)) {
		utf16le += string([]byte{byte(u), byte(u >> 8)})
	}
	utf16be := "\xfe\xff"
	for _, u := range utf16.Encode([]rune(text)) {
		utf16be += string([]byte{byte(u >> 8), byte(u)})
	}
	for name, c := range map[string]struct{ file, encoding, delimiter string }{
		"plain":        {text, "utf-8", ";"},
		"BOM":          {"\ufeff" + text, "utf-8", ";"},
		"sep":          {"sep=;\r\n" + text, "utf-8", ";"},
		"tabs":         {strings.ReplaceAll(text, ";", "\t"), "utf-8", "\t"},
		"commas":       {strings.ReplaceAll(text, ";", ","), "utf-8", ","},
		"bars":         {strings.ReplaceAll(text, ";", "|"), "utf-8", "|"},
		"Windows-1252": {"Pr\xe9nom;Nom;E-mail\r\nL\xe9a;Roy;lea@example.com\r\n", "windows-1252", ";"},
		"UTF-16":       {utf16le, "utf-16", ";"},
		"UTF-16 BE":    {utf16be, "utf-16", ";"},
		"quotes":       {"\"Prénom;s\";Nom;E-mail;Prénom\n;Roy;lea@example.com;Léa", "utf-8", ";"},
	} {
		s := read(t, c.file)
		if s.Encoding != c.encoding || s.Delimiter != c.delimiter {
			t.Errorf("%s: read as %s with %q", name, s.Encoding, s.Delimiter)
		}
		if len(s.Lines) != 1 || s.Lines[0].First != "Léa" || s.Lines[0].Last != "Roy" || s.Lines[0].Email != "lea@example.com" {
			t.Errorf("%s: lines %+v", name, s.Lines)
		}
	}
	if l := read(t, "Nom\n\x8cuvrard \x80\xe9").Lines[0]; l.Last != "Œuvrard €é" {
		t.Errorf("Windows-1252: %q", l.Last)
	}
}

// Columns are known by their headers, in any order, and others are passed over.
func TestColumnsAreKnownByTheirHeaders(t *testing.T) {
	s := read(t, "Service;NOM;prénom ;Adresse e-mail;N° de carte;Groupes;Groupe;Langue;Matricule;Date de fin\n"+
		"RH;Roy;Léa;lea@example.com;0012,0034;Club, Staff;Extra;FR;17;2026-12-31\n;;\n\nX;Byron\n")
	want := []string{"", "last", "first", "email", "cards", "groups", "groups", "lang", "external", "until"}
	if !slices.Equal(s.Columns, want) || s.Headers[0] != "Service" {
		t.Errorf("columns %q", s.Columns)
	}
	l := s.Lines[0]
	if got := fmt.Sprintln(l.Number, l.Last, l.First, l.Email, l.Groups, l.Lang, l.External, l.Until); got !=
		"2 Roy Léa lea@example.com [Club Staff Extra] fr 17 2026-12-31\n" {
		t.Errorf("line %s", got)
	}
	if len(l.Cards) != 2 || l.Cards[0].Reveal() != "0012" || l.Cards[1].Reveal() != "0034" || strings.Contains(fmt.Sprintf("%+v", l), "0034") {
		t.Errorf("cards of %+v", l)
	}
	if len(s.Lines) != 2 || s.Lines[1].Number != 5 || s.Lines[1].Last != "Byron" {
		t.Errorf("lines %+v", s.Lines)
	}
	if l := read(t, "Name\n Ada  King Byron").Lines[0]; l.First != "Ada" || l.Last != "King Byron" {
		t.Errorf("a full name: %+v", l)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for code, file := range map[string]string{
		roster.CodeFileEmpty:  "",
		roster.CodeFileHeader: "Ville;Pays\nParis;France",
		roster.CodeColumnTwo:  "Nom;E-mail;Courriel\n",
		roster.CodeFileLarge:  strings.Repeat("x", 64<<20+1),
		roster.CodeFileLines:  "Nom\n" + strings.Repeat("a\n", 500_001),
	} {
		if _, err := roster.Read([]byte(file)); refusal.Code(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "Nom;Prénom\na;b\n", "\xff\xfeN\x00", "sep=|\nNom\n\"x", "Name,card\na,\"1\n2\"\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := roster.Read(file)
		if err != nil && refusal.Code(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
		if err == nil && len(s.Columns) != len(s.Headers) {
			t.Error("headers and columns differ")
		}
	})
}
