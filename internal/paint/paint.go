// Package paint colours words where a person looks on.
package paint

import (
	"io"
	"os"
)

// The colours of a screen, as in ECMA-48.
const (
	Plain  = "\x1b[0m"
	Bold   = "\x1b[1m"
	Red    = "\x1b[31m"
	Green  = "\x1b[32m"
	Yellow = "\x1b[33m"
)

// Text colours text for out, if that is a screen and NO_COLOR does not forbid it.
func Text(out io.Writer, env func(string) string, colour, text string) string {
	if !OnScreen(out) || env("NO_COLOR") != "" {
		return text
	}
	return colour + text + Plain
}

// OnScreen reports whether out goes to a screen.
func OnScreen(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
