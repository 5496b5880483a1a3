// Command badged is the agent of a terminal: it reads badges and keypads, decides at
// once and alone, and tells the hub when it can.
package main

import (
	"os"
	"time"

	"badged/internal/cli"
	"badged/reader/gpioport"
)

// version is set by the build.
var version = "devel"

// holdWord is the command by which badged starts itself as the guard of a relay. It is
// nobody else's, and no part of its usage.
const holdWord = "hold-relay"

// relayGuard is how that is done. It stays empty where Run is called by others than main.
var relayGuard gpioport.Guard

var program = cli.Program{Name: "badged", Run: Run, Code: exitCode, Grace: 30 * time.Second}

func main() {
	if len(os.Args) == 3 && os.Args[1] == holdWord {
		os.Exit(program.Exit(gpioport.HoldLine(os.Args[2]), os.Stderr))
	}
	relayGuard = gpioport.Guard{"/proc/self/exe", os.Args[0], holdWord}
	program.Main()
}
