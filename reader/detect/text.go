package detect

import (
	"bytes"
	"fmt"
	"time"

	"badged/reader/chars"
)

// textTrials returns the trials for a swipe that is text: as a line, or as keys. Both read
// digits with CR; the speed distinguishes a person from a reader.
func textTrials(swipe []Chunk) []trial {
	keys := trial{protocol: "asciikeypad"}
	options, ok := lineOptions(joinChunks(swipe))
	switch {
	case !ok:
		return []trial{keys}
	case typedByHand(swipe) && keys.readSwipe(swipe).explainsSwipe():
		return []trial{keys}
	}
	return []trial{{protocol: "line", options: options}}
}

func joinChunks(swipe []Chunk) (all []byte) {
	for _, c := range swipe {
		all = append(all, c.Bytes...)
	}
	return all
}

// byHand is the shortest time between two keys of a person. Readers send faster.
const byHand = 40 * time.Millisecond

// typedByHand reports whether the bytes came as slowly as a person types.
func typedByHand(swipe []Chunk) bool {
	n := len(joinChunks(swipe))
	if n < 2 {
		return n == 1
	}
	return swipe[len(swipe)-1].At.Sub(swipe[0].At) >= time.Duration(n-1)*byHand
}

// lineOptions returns the options of the protocol line that read a text: its terminator, what
// stands around the number, and its charset. ok is false if it is no text, or has no end.
func lineOptions(text []byte) (options map[string]string, ok bool) {
	body, end, found := firstLine(bytes.TrimLeft(text, "\r\n"))
	if !found {
		return nil, false
	}
	options = map[string]string{}
	if end != 0 {
		options["terminator"] = escapeControls([]byte{end})
	}
	prefix, body, suffix := splitAround(body)
	if len(prefix) > 0 {
		options["prefix"] = escapeControls(prefix)
	}
	if len(suffix) > 0 {
		options["suffix"] = escapeControls(suffix)
	}
	if len(body) == 0 || bytes.ContainsFunc(body, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, false
	}
	for _, c := range []chars.Charset{chars.Digits, chars.Hex} {
		if !bytes.ContainsFunc(body, func(r rune) bool { return !c.Has(byte(r)) }) {
			options["charset"] = string(c)
			break
		}
	}
	return options, true
}

// firstLine cuts the first line off. end is the byte that ends it; 0: CR or LF.
func firstLine(text []byte) (line []byte, end byte, ok bool) {
	if i := bytes.IndexAny(text, "\r\n"); i >= 0 {
		return text[:i], 0, true
	}
	if len(text) < 2 {
		return nil, 0, false
	}
	last := text[len(text)-1]
	if !isControl(last) {
		return nil, 0, false
	}
	return text[:bytes.IndexByte(text[1:], last)+1], last, true
}

func isControl(b byte) bool { return b < ' ' || b == 0x7F }

// splitAround cuts off what stands in front of a number and behind it: control characters, or
// the sentinels of a magnetic stripe.
func splitAround(line []byte) (prefix, body, suffix []byte) {
	from, to := 0, len(line)
	for from < to && isControl(line[from]) {
		from++
	}
	for to > from && isControl(line[to-1]) {
		to--
	}
	if to-from > 2 && line[from] == ';' && line[to-1] == '?' {
		from, to = from+1, to-1
	}
	return line[:from], line[from:to], line[to:]
}

// escapeControls writes bytes as an option does: control characters as \x02.
func escapeControls(p []byte) string {
	var b bytes.Buffer
	for _, c := range p {
		if isControl(c) || c == '\\' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
