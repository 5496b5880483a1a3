package main

import (
	"os"
	"strings"
	"testing"
)

// TestOneBadgeOneNumber types what docs/readers.md tells a technician to type: three
// readers that say three things of one badge come to one number.
func TestOneBadgeOneNumber(t *testing.T) {
	text, err := os.ReadFile("../../docs/readers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Numbers\n")
	_, block, _ := strings.Cut(section, "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	commands := strings.Split(strings.TrimSpace(block), "\n")
	if len(commands) != 3 {
		t.Fatalf("%d commands, want 3", len(commands))
	}
	for _, command := range commands {
		echo, rest, piped := strings.Cut(command, " | badgectl ")
		if !piped {
			echo, rest = "", strings.TrimPrefix(command, "badgectl ")
		}
		got := run(t, strings.TrimPrefix(echo, "echo "), words(rest)...)
		if number := strings.Contains(got.out, `"number":"6F6C3A"`) || got.out == "6F6C3A\n"; got.code != 0 || !number {
			t.Errorf("%s\ngave %d %s%s", command, got.code, got.out, got.stderr)
		}
	}
}

// words splits a command as a shell does, with ” for quotes.
func words(command string) (list []string) {
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}
