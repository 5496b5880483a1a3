// Badgectl is the technician's tool: it asks a running agent what is wrong, and looks
// at what readers say.
package main

import "badged/internal/cli"

// version is set by the linker.
var version = "unknown"

func main() { program.Main() }

var program = cli.Program{Name: "badgectl", Run: Run}
