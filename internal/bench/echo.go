package bench

import (
	"context"
	"fmt"
	"net"

	"go.bug.st/serial"
)

// frameLen is the length of an RDM6300 frame in bytes.
const frameLen = 14

// Echo is the yardstick, in a process of its own: the plainest program that could do
// the job. It reads the port with the library that the agent uses and, on the
// fourteenth byte, writes the agent's line to the socket of the pins. It looks nothing
// up and decides nothing. It runs until ctx ends.
func Echo(ctx context.Context, port, pins string) error {
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
