package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// The help of a flag calls its value by one word. A command in backquotes in the words of a flag
// would stand in its place: «--disk badgectl flash list».
func TestTheHelpOfAFlagNamesItsValueInOneWord(t *testing.T) {
	flags := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for line := range strings.Lines(c.Flags().FlagUsages()) {
			_, flag, _ := strings.Cut(line, "--")
			flag, _, _ = strings.Cut(flag, "   ")
			flags++
			if len(strings.Fields(flag)) > 2 {
				t.Errorf("%s: the help has a flag --%s", c.CommandPath(), flag)
			}
		}
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk((&app{env: func(string) string { return "" }}).root())
	if flags < 20 {
		t.Fatalf("only %d flags were seen", flags)
	}
}
