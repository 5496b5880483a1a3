// Badgeinit is the first program of a terminal that starts from a card.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"badged/firmware/box"
)

// readable is how long what went wrong stands on the console before the machine starts again.
const readable = 10 * time.Second

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "badgeinit: it is the first program of a card that `badgectl flash` made, and does nothing elsewhere")
		os.Exit(64)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := box.Run(context.Background(), log, os.Stderr); err != nil {
		log.Error("the box cannot start", "err", err)
		<-time.After(readable)
	}
	box.Restart()
}
