// Command badgehub is the central server of a site's badge terminals, and the tool
// that manages it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"badged/internal/foreign"
)

// version is set by the build.
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, os.Args[1:], os.Getenv, Stdio{Out: os.Stdout, Err: os.Stderr})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "badgehub:", foreign.Text(err.Error()))
	}
	os.Exit(exitCode(err))
}
