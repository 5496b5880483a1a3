// Package rs485 is the OSDP readers of a terminal: the RS-485 lines that they share, the
// keys of their secure channels, how a reader gets its key, and whether a line is disturbed.
//
//	Line.Add, for each reader ──► Line.Sources ──► the agent runs them
//	Lines.LoadKeys, before any port is opened
//	Lines.ConfirmKeys, Lines.WatchNoise ── beside the agent, until its end
//	Lines.Commission ── when a technician asks for it
package rs485

import (
	"crypto/rand"
	"fmt"
	"log/slog"

	"badged/internal/health"
	"badged/internal/keyfile"
	"badged/reader"
	"badged/reader/osdp"
	"badged/reader/serialport"
)

// Line is an RS-485 line with its OSDP readers.
type Line struct {
	Path string
	Baud int

	readers []*Reader
	host    *osdp.Bus
	port    *serialport.Bus // nil until Sources
}

// Reader is one reader on a line.
type Reader struct {
	Name    string
	Unit    osdp.Unit
	KeyFile string // path of a key that somebody else keeps; "": the agent keeps the key

	line   *Line
	filing chan struct{} // holds the lock of its key files: a commissioning has it
}

// Add puts a reader on the line. An error is about its address.
func (l *Line) Add(r Reader) error {
	var units []osdp.Unit
	for _, other := range l.readers {
		if other.Unit.Address == r.Unit.Address {
			return fmt.Errorf("reader %s on this port has the address %d already: give each its own address (0 without this option)", other.Name, r.Unit.Address)
		}
		units = append(units, other.Unit)
	}
	host, err := osdp.NewBus(osdp.BusConfig{Units: append(units, r.Unit), Baud: l.Baud, Random: rand.Reader})
	if err != nil {
		return err
	}
	r.line, r.filing = l, make(chan struct{}, 1)
	l.host, l.readers = host, append(l.readers, &r)
	return nil
}

// Sources makes the sources of the readers, in the order in which they were added. It opens
// nothing. It must be called once, when all readers are on the line.
func (l *Line) Sources() []reader.Source {
	l.port = serialport.NewBus(serialport.Config{Name: l.readers[0].Name, Path: l.Path, Baud: l.Baud, RS485: true}, l.host)
	var parts []reader.Part
	for _, r := range l.readers {
		parts = append(parts, reader.Part{Name: r.Name, Unit: r.Unit.Address})
	}
	return reader.Split(l.port, parts...)
}

// Lines is all lines of a terminal, with the folder of the keys that the agent keeps.
type Lines struct {
	All    []*Line
	Keys   keyfile.Folder
	Health *health.Register
	Log    *slog.Logger
}

// readers gives the readers of all lines.
func (ls Lines) readers() (list []*Reader) {
	for _, l := range ls.All {
		list = append(list, l.readers...)
	}
	return list
}

// findReader gives the reader of that name; nil: no OSDP reader has it.
func (ls Lines) findReader(name string) *Reader {
	for _, r := range ls.readers() {
		if r.Name == name {
			return r
		}
	}
	return nil
}
