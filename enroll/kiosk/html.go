package kiosk

import (
	"html"
	"strings"
)

// markup is HTML. A constant of the source is one by itself; a string is not, and
// becomes one by text or attr only, which escape it. So a page is put together with
// plain +, and what a person typed cannot get into it as HTML: that does not compile.
// A test holds that nothing is converted to markup outside this file.
type markup string

// address is a path of this site, the only thing that a page links to. A test holds
// that none is made but by basePath and assetURL, which escape what they are given.
type address string

// text is s where the page has text.
func text(s string) markup { return markup(html.EscapeString(clean(s))) }

// attr is an attribute with its value, always in quotes. It is not for addresses,
// styles or scripts.
func attr(name markup, value string) markup { return " " + name + `="` + text(value) + `"` }

// link is an attribute that leads somewhere: href, src, action.
func link(name markup, to address) markup { return attr(name, string(to)) }

// when is m, or nothing.
func when(ok bool, m markup) markup {
	if !ok {
		return ""
	}
	return m
}

// lines is its parts below each other.
func lines(parts ...markup) markup {
	var b strings.Builder
	for i, m := range parts {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(string(m))
	}
	return markup(b.String())
}

// clean replaces what no HTML may have: NUL, and bytes that are not UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
