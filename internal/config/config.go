// Package config reads the agent's configuration: strict TOML. An unknown key, a
// wrong type or a bad value is an error that names file, line, column, key and what
// is allowed; all of them are reported at once.
package config

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Config is one file, with its defaults filled in.
type Config struct {
	File     string
	StateDir string // database and identity
	Control  string // path of the control socket
	Log      Log
	Kiosk    Kiosk
	USB      USB
	Print    Print
	Points   []Point
	Readers  []Reader
}

// Log is how the agent logs.
type Log struct{ Format string } // "text" or "json"

// Kiosk is how the panels of the print points are served.
type Kiosk struct {
	Listen         string   // host:port on loopback
	FrameAncestors []string // origins that may show a panel in a frame; none by default
}

// USB is what may be plugged in beside the readers.
type USB struct {
	Guard bool     // a keyboard that is neither a reader nor on the list types nothing and is an alarm
	Allow []string // specs of devices, as reader/usbport reads them
	section
}

// Print is the print server whose jobs people release at the panels.
type Print struct {
	Socket        string        // unix socket of the print server
	Account       string        // of the agent on it; empty: the user that the agent runs as
	Queues        []string      // that people send to
	Domains       []string      // whose user names are the names of people here
	TrustProfiles bool          // what people can type at a panel may say whose a job is
	KeepFor       time.Duration // a document that nobody printed is deleted then; 0: never
	section
}

// The kinds of point.
const (
	KindPrint = "print"
	KindDoor  = "door"
)

// Point is a [[point]]. The points of one door share its relay, which one of them
// names together with the other hardware of the door.
type Point struct {
	Name     string
	Kind     string
	LogFirst bool
	Keyboard bool   // KindPrint: people can type on the panel, or touch it
	Printer  string // KindPrint: the queue of the printer that stands there; may be empty

	Door         string // KindDoor: the door that it opens
	Relay        string // specs of pins, as reader/gpioport reads them
	Contact      string
	Exit         string
	OpenFor      time.Duration // how long a grant energises the relay
	HeldAfter    time.Duration // an open door is reported from then on
	RelockOnOpen bool          // the relay drops as soon as the door opens

	section
}

// Reader is a [[reader]].
type Reader struct {
	Name     string
	Point    string
	Protocol string
	Port     string // a path or a spec, as its kind of port reads it
	Baud     int    // 0: the protocol's
	Number   string // number rule; empty: what the reader says
	Options  map[string]string

	section
}

// Problem is one thing that is wrong in a file.
type Problem struct {
	File         string
	Line, Column int
	Key          string // "point.kind"; empty: the syntax
	What         string
	Allowed      string // may be empty
}

// Error gives file:line:column, key, what is wrong and what is allowed.
func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Key != "" {
		fmt.Fprintf(&b, "%s: ", p.Key)
	}
	b.WriteString(p.What)
	if p.Allowed != "" {
		fmt.Fprintf(&b, "; allowed: %s", p.Allowed)
	}
	return b.String()
}

// Problems is all that is wrong in a file, in the order of the file.
type Problems []Problem

// Error gives one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// maxSize bounds the file: a configuration is a few kilobytes.
const maxSize = 1 << 20

// Merge adds the problems that somebody else found, except at a key that is wrong already,
// and orders all as they stand in the file.
func (ps Problems) Merge(others Problems) Problems {
	for _, o := range others {
		known := slices.ContainsFunc(ps, func(p Problem) bool { return p.Line == o.Line && p.Key == o.Key })
		if !known {
			ps = append(ps, o)
		}
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ps
}

// Load reads and checks a file, as Parse does.
func Load(file string) (*Config, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(file, data)
}

// readFile reads a regular file of a sensible size. It waits for no pipe.
func readFile(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s has mode %v: it is no file", file, info.Mode())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = fmt.Errorf("%s has %d bytes: that is too many for a configuration", file, max(info.Size(), int64(len(data))))
	}
	return data, err
}

// Parse checks the content of a file, which is named for its problems. With Problems comes
// what could be understood, so that those who know protocols, rules and pins can tell what
// else is wrong; nil if the content is not TOML.
func Parse(file string, data []byte) (*Config, error) {
	l := newLoader(file)
	if !l.read(data) {
		return nil, l.problems.Merge(nil)
	}
	l.finish()
	if len(l.problems) > 0 {
		return l.cfg, l.problems.Merge(nil)
	}
	return l.cfg, nil
}

// section is where a table and its keys stand, for problems that only those who
// know protocols, rules and pins can see.
type section struct {
	file, name string
	header     position
	keys       map[string]position
}

type position struct{ line, column int }

// Problem points at a key of the table, or at its header when the key is not there.
func (s section) Problem(key, what, allowed string) Problem {
	at, ok := s.keys[key]
	if !ok {
		at = s.header
	}
	name := s.name + "." + key
	return Problem{s.file, at.line, at.column, name, what, allowed}
}

func (s section) has(key string) bool { _, ok := s.keys[key]; return ok }
