package bench

import (
	"context"
	"errors"
	"fmt"
	"net"

	"go.bug.st/serial"
)

// frameLen is the length of an RDM6300 frame in bytes.
const frameLen = 14

// Echo is the yardstick, in a process of its own: the plainest program that could do
// the job. For each port, followed in args by the socket of its pins, it reads with the
// library that the agent uses and, on the fourteenth byte, writes the agent's line to
// the socket. It looks nothing up and decides nothing. It runs until ctx ends.
func Echo(ctx context.Context, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error)
	for i := 0; i+1 < len(args); i += 2 {
		go func() { ended <- echoOne(ctx, args[i], args[i+1]) }()
	}
	var errs error
	for range len(args) / 2 {
		errs = errors.Join(errs, <-ended)
		cancel()
	}
	return errs
}

func echoOne(ctx context.Context, port, pins string) error {
	p, err := serial.Open(port, &serial.Mode{BaudRate: 9600})
	if err != nil {
		return fmt.Errorf("open %s for the yardstick: %w", port, err)
	}
	defer context.AfterFunc(ctx, func() { _ = p.Close() })()
	pin, err := net.Dial("unix", pins)
	if err != nil {
		return fmt.Errorf("connect the yardstick to its pins: %w", err)
	}
	defer pin.Close()
	var buf [512]byte
	for seen := 0; ; {
		n, err := p.Read(buf[:])
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s for the yardstick: %w", port, err)
		}
		if seen += n; seen < frameLen {
			continue
		}
		seen -= frameLen
		if _, err := pin.Write([]byte("relay 1\n")); err != nil {
			return fmt.Errorf("write to the pins of the yardstick: %w", err)
		}
	}
}
