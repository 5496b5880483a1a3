// Command badgehub is the central server of a site's badge terminals, and the tool
// that manages it.
package main

import (
	"time"

	"badged/internal/cli"
)

// version is set by the build.
var version = "devel"

func main() { command.Main() }

var command = cli.Program{Name: "badgehub", Run: Run, Code: exitCode, Grace: 30 * time.Second}
