package paint_test

import (
	"bytes"
	"os"
	"testing"

	"badged/internal/paint"
)

func TestOnlyAScreenGetsColours(t *testing.T) {
	screen, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as a screen is
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := func(string) string { return "" }
	never := func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }
	if got := paint.Text(screen, none, paint.Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("on a screen: %q", got)
	}
	for name, got := range map[string]string{
		"in a file": paint.Text(file, none, paint.Red, "x"), "in memory": paint.Text(new(bytes.Buffer), none, paint.Red, "x"),
		"with NO_COLOR": paint.Text(screen, never, paint.Red, "x"),
	} {
		if got != "x" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
