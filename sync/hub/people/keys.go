package people

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"badged/internal/profile"
)

// EmailKey is the canonical form of an address, the same for all ways to write one: its
// local part by PRECIS UsernameCaseMapped (RFC 8265 §3.3), its domain by IDNA (RFC 5891).
// ok is false for what is no address.
func EmailKey(email string) (key string, ok bool) {
	at := strings.LastIndexByte(email, '@')
	if at < 1 || len(email) > profile.MaxEmail {
		return "", false
	}
	local, err := precis.UsernameCaseMapped.String(email[:at])
	if err != nil {
		return "", false
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(email[at+1:], "."))
	if err != nil || !strings.Contains(domain, ".") {
		return "", false
	}
	key = local + "@" + domain
	return key, profile.CheckEmail(key) == ""
}

// letters without a decomposition that people leave out when they search.
var plainLetters = strings.NewReplacer("ł", "l", "ø", "o", "đ", "d", "æ", "ae", "œ", "oe", "ı", "i")

// NameKey is a name as people compare names: without case, accents, width and extra spaces.
func NameKey(name string) string {
	if isPlain(name) {
		return profile.CleanName(strings.ToLower(name))
	}
	folded := plainLetters.Replace(cases.Fold().String(norm.NFKD.String(name)))
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, folded)
	return profile.CleanName(norm.NFC.String(bare))
}

func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// SortKey is where an account stands in a list by name: those without a name stand last, by
// their number.
func SortKey(a Account) string {
	if key := NameKey(a.FullName()); key != "" {
		return key
	}
	return fmt.Sprintf("\uffff%020d", a.Number)
}

// maxWords bounds by how many words one account is found.
const maxWords = 16

// SearchWords are the words that a search finds an account by: those of its name, its
// e-mail, and anonymN.
func SearchWords(a Account) []string {
	words := NameWords(a.FullName())
	if a.Email != "" {
		words = append(words, strings.ToLower(a.Email))
	}
	if a.Number > 0 {
		words = append(words, anonymName(a.Number))
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// nameWords are the words of a name, each in the form in which it is searched.
func nameWords(s string) []string {
	return strings.FieldsFunc(NameKey(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// NameWords are the words that a search finds a thing by that goes by a name.
func NameWords(name string) []string {
	words := nameWords(name)
	words = words[:min(len(words), maxWords)]
	slices.Sort(words)
	return slices.Compact(words)
}

// QueryWords are the words that a search looks for. One with an @ is the beginning of an e-mail.
func QueryWords(search string) (words []string) {
	for _, part := range strings.Fields(search) {
		if strings.Contains(part, "@") {
			words = append(words, strings.ToLower(part))
		} else {
			words = append(words, nameWords(part)...)
		}
	}
	return words[:min(len(words), maxWords)]
}
