// Package spelling finds the word that somebody meant who wrote another.
package spelling

import (
	"fmt"
	"slices"
	"strings"
)

// maxWord bounds what is compared: names that people write are shorter.
const maxWord = 40

// Near gives the word of known that written is likeliest a slip of, or "". A slip is a letter
// too many, too few, another or two exchanged, one for every three letters; capitals count as
// small letters, and - as _.
func Near(written string, known []string) string {
	near, least := "", len(fold(written))/3+1
	if len(written) < 2 || len(written) > maxWord {
		return ""
	}
	for _, k := range known {
		if d := distance(fold(written), fold(k)); d < least {
			near, least = k, d
		}
	}
	return near
}

// Hint asks in brackets, behind a blank, whether the near word was meant; it is empty if there
// is none.
func Hint(written string, known []string) string {
	if near := Near(written, known); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// Word is an error, which begins with the name of what is written, if that is none of the words
// that it may be.
func Word[T ~string](name string, written T, words ...T) error {
	if slices.Contains(words, written) {
		return nil
	}
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	last := len(list) - 1
	return fmt.Errorf("%s %.40q%s: must be %s or %s", name, string(written), HintValue(string(written), list), strings.Join(list[:last], ", "), list[last])
}

// HintValue is Hint that also finds a word that lost its end: the values of an option are few.
func HintValue(written string, words []string) string {
	if hint := Hint(written, words); hint != "" || len(written) < 2 {
		return hint
	}
	for _, word := range words {
		if strings.HasPrefix(word, fold(written)) {
			return fmt.Sprintf(" (did you mean %q?)", word)
		}
	}
	return ""
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance counts the slips between two words: the optimal string alignment of Damerau and
// Levenshtein.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			other := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				other++
			}
			rows[i][j] = min(other, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
