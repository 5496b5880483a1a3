// Command badgehub is the central server of a site's badge terminals, and the tool
// that manages it.
package main

import (
	"time"
	_ "time/tzdata" // the hub knows all time zones, whatever the machine does, and tells terminals theirs

	"badged/internal/cli"
)

// version is set by the build.
var version = "devel"

func main() { command.Main() }

var command = cli.Program{Name: "badgehub", Run: Run, Code: exitCode, Grace: 30 * time.Second}
