package foreign

import (
	"strings"
	"unicode/utf8"
)

// Cell gives s as the cell of a sheet that no spreadsheet calculates: one that begins as a
// formula, also behind spaces, gets an apostrophe before it, which marks it as text. Every
// file of cells that a program writes goes through it.
func Cell(s string) string {
	inner := strings.TrimLeft(s, " \t\r\n\u00a0\ufeff")
	if inner == "" {
		return s
	}
	first, _ := utf8.DecodeRuneInString(inner)
	if strings.ContainsRune("=+-@|%＝＋－＠", first) || s[0] == '\t' || s[0] == '\r' {
		return "'" + s
	}
	return s
}
