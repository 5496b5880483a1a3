package roster

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"badged/sync/hub/people"
)

// decode gives the text of a file: by its byte order mark, or else UTF-8 if it is valid, or
// else Windows-1252, in which spreadsheets on Windows write CSV.
func decode(file []byte) (text, encoding string) {
	switch {
	case bytes.HasPrefix(file, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(file[3:]), "\ufffd"), "utf-8"
	case bytes.HasPrefix(file, []byte("\xff\xfe")):
		return decodeUTF16(file[2:], binary.LittleEndian), "utf-16"
	case bytes.HasPrefix(file, []byte("\xfe\xff")):
		return decodeUTF16(file[2:], binary.BigEndian), "utf-16"
	case utf8.Valid(file):
		return string(file), "utf-8"
	default:
		return decodeWindows(file), "windows-1252"
	}
}

func decodeUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// windows1252 are the characters 80 to 9F of Windows-1252
// (https://encoding.spec.whatwg.org/index-windows-1252.txt); the others are those of Latin-1.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func decodeWindows(file []byte) string {
	var out strings.Builder
	out.Grow(len(file) + len(file)/8)
	for _, b := range file {
		if b >= 0x80 && b <= 0x9f {
			out.WriteRune(windows1252[b-0x80])
		} else {
			out.WriteRune(rune(b))
		}
	}
	return out.String()
}

// findDelimiter tells what separates the columns of a text: what its first line says
// ("sep=;", which Excel writes and reads), or what the header has most of outside quotes. The
// rest begins with the header.
func findDelimiter(text string) (delimiter rune, rest string) {
	text = strings.TrimLeft(text, "\r\n")
	header, below, _ := strings.Cut(text, "\n")
	if said, ok := strings.CutPrefix(strings.TrimSpace(header), "sep="); ok && len(said) == 1 && strings.Contains(delimiters, said) {
		return rune(said[0]), below
	}
	best, most := ',', 0
	for _, r := range delimiters {
		if n := countUnquoted(header, r); n > most {
			best, most = r, n
		}
	}
	return best, text
}

const delimiters = ",;\t|"

func countUnquoted(s string, wanted rune) (n int) {
	quoted := false
	for _, r := range s {
		if r == '"' {
			quoted = !quoted
		} else if r == wanted && !quoted {
			n++
		}
	}
	return n
}

// What a column can be.
const (
	colFirst    = "first"
	colLast     = "last"
	colName     = "name"
	colEmail    = "email"
	colLang     = "lang"
	colExternal = "external"
	colGroup    = "groups"
	colCard     = "cards"
	colUntil    = "until"
)

// headers are the names of columns, without case, accents and signs.
var headers = map[string]string{
	"prenom": colFirst, "prenoms": colFirst, "first": colFirst, "first name": colFirst, "firstname": colFirst,
	"given name": colFirst, "givenname": colFirst,
	"nom de famille": colLast, "last": colLast, "last name": colLast, "lastname": colLast, "surname": colLast,
	"family name": colLast, "familyname": colLast, "nom": colLast,
	"nom complet": colName, "nom et prenom": colName, "full name": colName, "fullname": colName, "name": colName,
	"display name": colName, "displayname": colName,
	"email": colEmail, "e mail": colEmail, "mail": colEmail, "courriel": colEmail, "adresse": colEmail,
	"adresse e mail": colEmail, "adresse mail": colEmail, "adresse email": colEmail, "adresse electronique": colEmail,
	"adresse courriel": colEmail, "email address": colEmail, "e mail address": colEmail, "login": colEmail,
	"langue": colLang, "lang": colLang, "language": colLang,
	"external": colExternal, "external id": colExternal, "identifiant": colExternal, "identifiant externe": colExternal,
	"matricule": colExternal, "id": colExternal, "employee id": colExternal, "employee number": colExternal,
	"groupe": colGroup, "groupes": colGroup, "group": colGroup, "groups": colGroup,
	"carte": colCard, "cartes": colCard, "badge": colCard, "badges": colCard, "card": colCard, "cards": colCard,
	"numero de carte": colCard, "numero de badge": colCard, "card number": colCard, "badge number": colCard,
	"no de carte": colCard, "n de carte": colCard,
	"fin": colUntil, "expire": colUntil, "expires": colUntil, "until": colUntil, "end": colUntil, "end date": colUntil,
	"date de fin": colUntil, "expiration": colUntil, "jusqu au": colUntil, "valid until": colUntil,
	"dernier jour": colUntil, "last day": colUntil, "date d expiration": colUntil, "expiry": colUntil,
	"expiry date": colUntil, "expiration date": colUntil, "fin de validite": colUntil, "valable jusqu au": colUntil,
}

// columnOf tells what a header stands for; empty for what is not used.
func columnOf(header string) string {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_.'’°()/:*", r) {
			return ' '
		}
		return r
	}, header[:min(len(header), 200)])
	return headers[people.NameKey(plain)]
}
