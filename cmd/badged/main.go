// Command badged is the agent of a terminal: it reads badges and keypads, decides at
// once and alone, and tells the hub when it can.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"badged/reader/gpioport"
)

// version is set by the build.
var version = "devel"

// holdWord is the command by which badged starts itself as the guard of a relay. It is
// nobody else's, and no part of its usage.
const holdWord = "hold-relay"

// relayGuard is how that is done. It stays empty where Run is called by others than main.
var relayGuard gpioport.Guard

func main() {
	if len(os.Args) == 3 && os.Args[1] == holdWord {
		os.Exit(exitCode(gpioport.HoldLine(os.Args[2])))
	}
	relayGuard = gpioport.Guard{"/proc/self/exe", os.Args[0], holdWord}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, os.Args[1:], os.Getenv, Stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(exitCode(err))
}
