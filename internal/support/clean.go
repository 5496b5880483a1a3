package support

import (
	"bytes"
	"fmt"
	"regexp"
)

// What Clean takes out. The programs keep numbers of badges, codes and keys out of their logs
// and answers already; this is for what they show to the people of the site, and for what
// others write into the same log.
var (
	// aboutPeople are lines of the log that say who was where: every decision, and every
	// line with an account.
	aboutPeople = regexp.MustCompile(`\bmsg="?decided\b|"msg":"decided"|\baccount=|"account":`)

	// Keys and certificates as texts.
	pemBlock = regexp.MustCompile(`(?s)-----BEGIN [^-\n]+-----.*?(-----END [^-\n]+-----|\z)`)

	// replaced are words within a line.
	replaced = []struct {
		what *regexp.Regexp
		with string
	}{
		{regexp.MustCompile(`badged-join-1[.\w=+/-]*`), "(a token)"},
		{regexp.MustCompile(`([?&]t=)[^&\s"'<>]+`), "${1}(a token)"},
		{regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+`), "(an address)"},
	}
)

// Clean takes people, addresses, tokens and keys out of a text, line by line, and says how
// many lines it left out.
func Clean(text []byte) []byte {
	text = pemBlock.ReplaceAll(text, []byte("(a key or certificate)"))
	var clean bytes.Buffer
	left := 0
	for line := range bytes.Lines(text) {
		if aboutPeople.Match(line) {
			left++
			continue
		}
		for _, r := range replaced {
			line = r.what.ReplaceAll(line, []byte(r.with))
		}
		clean.Write(line)
	}
	if left > 0 {
		fmt.Fprintf(&clean, "(lines about people that are left out: %d)\n", left)
	}
	return clean.Bytes()
}

// WithoutComments blanks the comments of a TOML file, in which people write what is for
// themselves. The lines keep their numbers, which messages about the file name.
func WithoutComments(text []byte) []byte {
	var bare bytes.Buffer
	for line := range bytes.Lines(text) {
		code := line[:commentAt(line)]
		bare.Write(code)
		if len(code) < len(line) {
			bare.WriteString("#\n")
		}
	}
	return bare.Bytes()
}

// commentAt is where the comment of a line begins: at the first # that no quote holds.
func commentAt(line []byte) int {
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote == c:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '#':
			return i
		}
	}
	return len(line)
}
