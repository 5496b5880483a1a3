// Command badged is the agent of a terminal: it reads badges and keypads, decides at
// once and alone, and tells the hub when it can.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build.
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, os.Args[1:], os.Getenv, Stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(exitCode(err))
}
