// Package plan builds the points, doors, readers and pins that a configuration names. It
// reports all problems at once, each at its line, and opens nothing.
package plan

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"badged/enroll"
	"badged/internal/agent"
	"badged/internal/config"
	"badged/internal/door"
	"badged/internal/terminal/rs485"
	"badged/reader"
	"badged/reader/gpioport"
	"badged/reader/number"
	"badged/reader/protocols"
	"badged/reader/usbport"
)

// Plan is a configuration that was checked to the end: everything that it names is
// built, and nothing is opened.
type Plan struct {
	Config  *config.Config
	Points  []enroll.Point
	Readers []agent.Reader
	Doors   []agent.Door
	Boards  gpioport.Boards
	Lines   []*rs485.Line // with the readers that speak OSDP

	shared [][]agent.Reader     // of each line, without their sources until all are known
	claims map[string]string    // who has which port, line or pin so far
	kinds  []protocols.Port     // and what kind they are of
	usb    []usbport.Spec       // of the readers that hang on USB
	guard  *usbport.GuardConfig // nil: any keyboard may be plugged in
}

// New builds what a configuration names. guard is the command that releases relays when the
// agent hangs; an empty one guards nothing. An error is config.Problems.
func New(cfg *config.Config, guard gpioport.Guard) (*Plan, error) {
	p := &Plan{Config: cfg, claims: map[string]string{}, Boards: gpioport.Boards{Guard: guard}}
	var problems config.Problems
	for _, c := range cfg.Points {
		problems = append(problems, p.addPoint(c)...)
	}
	for _, c := range cfg.Readers {
		problems = append(problems, p.addReader(c)...)
	}
	problems = append(problems, p.addGuard(cfg.USB)...)
	if len(problems) > 0 {
		return nil, problems
	}
	p.joinLines()
	return p, nil
}

func (p *Plan) addPoint(c config.Point) config.Problems {
	pt := enroll.Point{Name: c.Name, Kind: enroll.Print, Door: c.Door, LogFirst: c.LogFirst}
	if c.Kind == config.KindDoor {
		pt.Kind = enroll.DoorP
	} else {
		pt.NoKeyboard = !c.Keyboard
	}
	p.Points = append(p.Points, pt)
	if c.Relay == "" {
		return nil
	}
	return p.addDoor(c)
}

func (p *Plan) addDoor(c config.Point) (problems config.Problems) {
	d := agent.Door{
		Name: c.Door, Point: c.Name,
		Config: door.Config{OpenFor: c.OpenFor, HeldAfter: c.HeldAfter, RelockOnOpen: c.RelockOnOpen},
	}
	note := func(key string, err error) {
		allowed := "gpiochip0:17, or virtual:/PATH/OF/SOCKET#" + key
		if errors.Is(err, errClaimed) {
			allowed = unclaimed
		}
		if err != nil {
			problems = append(problems, c.Problem(key, err.Error(), allowed))
		}
	}
	relay, err := p.claimPin(c, c.Relay, "relay")
	note("relay", err)
	if err == nil {
		d.Relay = gpioport.NewRelay(relay)
	}
	if c.Contact != "" {
		d.Contact, err = p.claimInput(c, c.Contact, "contact", gpioport.Contact)
		note("contact", err)
	}
	if c.Exit != "" {
		d.Exit, err = p.claimInput(c, c.Exit, "exit", gpioport.Button)
		note("exit", err)
	}
	p.Doors = append(p.Doors, d)
	return problems
}

// claimPin claims the pin of a point for the use name: "relay", "contact" or "exit".
func (p *Plan) claimPin(c config.Point, spec, name string) (*gpioport.Pin, error) {
	s, err := gpioport.ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	if s.Board == "" {
		s.Pin = name // a line of a chip is for anything
	}
	if s.Pin != name {
		return nil, errors.New("this is the pin of something else")
	}
	thing := "pin " + s.String()
	if s.Board == "" {
		thing = chipLine(s.Chip, s.Line)
	}
	if err := p.claimThing(thing, fmt.Sprintf("the %s of point %s", name, c.Name)); err != nil {
		return nil, err
	}
	return p.Boards.Open(s), nil
}

func (p *Plan) claimInput(c config.Point, spec, name string, open func(*gpioport.Pin) (*gpioport.Input, error)) (agent.Input, error) {
	pin, err := p.claimPin(c, spec, name)
	if err != nil {
		return nil, err
	}
	return open(pin)
}

func (p *Plan) addReader(c config.Reader) (problems config.Problems) {
	rule, err := number.Parse(c.Number)
	if err != nil {
		problems = append(problems, c.Problem("number", err.Error(), ""))
	}
	proto, err := protocols.Find(c.Protocol)
	if err != nil {
		return append(problems, c.Problem("protocol", err.Error(), ""))
	}
	if proto.Port == protocols.Bus {
		return append(problems, p.addOSDP(c, proto, rule)...)
	}
	dec, wrong := newDecoder(c)
	problems = append(problems, wrong...)
	if c.Baud != 0 && proto.DefaultBaud == 0 {
		problems = append(problems, c.Problem("baud", "only a serial port has a speed, and "+c.Protocol+" has none", ""))
	}
	problems = append(problems, p.addPort(c, proto.Port)...)
	if p.isExcluded(proto.Port) {
		problems = append(problems, c.Problem("protocol", "ccid and pcscd exclude each other: the daemon claims every smart card reader for itself", "one of the two for all smart card readers"))
	}
	if proto.Port == protocols.Bulk && errBulk != nil {
		problems = append(problems, c.Problem("protocol", errBulk.Error(), "pcscd, which needs the daemon of that name instead"))
	}
	at, err := parsePort(c, proto.Port)
	if err != nil {
		problems = append(problems, c.Problem("port", err.Error(), ""))
	}
	if len(problems) > 0 {
		return problems
	}
	src, err := p.newSource(c, proto, at, dec)
	if err != nil {
		return config.Problems{c.Problem("port", err.Error(), "")}
	}
	p.Readers = append(p.Readers, agent.Reader{
		Source: src, Point: c.Point, Number: rule.Apply,
		MayBeTyped: protocols.MayBeTyped(c.Protocol, c.Options), KeysOnly: keysOnly(c),
	})
	return nil
}

// keysOnly reports whether a reader is a keypad that reads no badges.
func keysOnly(c config.Reader) bool {
	return c.Protocol == "asciikeypad" || c.Protocol == "hid" && c.Options["keypad"] == "on"
}

// newDecoder makes the decoder of a reader.
func newDecoder(c config.Reader) (reader.Decoder, config.Problems) {
	if wrong := optionProblems(c); len(wrong) > 0 {
		return nil, wrong
	}
	dec, err := protocols.New(c.Protocol, c.Options)
	if err != nil && !errors.Is(err, protocols.ErrNoBytes) {
		return nil, config.Problems{c.Problem("protocol", err.Error(), "")}
	}
	return dec, nil
}

// optionProblems returns the options that a protocol refuses, each at its line.
func optionProblems(c config.Reader) (problems config.Problems) {
	for _, wrong := range protocols.CheckOptions(c.Protocol, c.Options) {
		key := "options"
		if wrong.Option != "" {
			key += "." + wrong.Option
		}
		problems = append(problems, c.Problem(key, wrong.Err.Error(), ""))
	}
	return problems
}

// isExcluded reports whether an earlier reader excludes this kind of port, and records the kind.
func (p *Plan) isExcluded(kind protocols.Port) bool {
	other := map[protocols.Port]protocols.Port{protocols.Bulk: protocols.Daemon, protocols.Daemon: protocols.Bulk}[kind]
	p.kinds = append(p.kinds, kind)
	return other != "" && slices.Contains(p.kinds, other)
}

// guardName is how the guard of the USB sockets is called in events and logs.
const guardName = "usb-guard"

func (p *Plan) addGuard(c config.USB) (problems config.Problems) {
	guard := usbport.GuardConfig{Name: guardName, Readers: p.usb}
	for _, text := range c.Allow {
		spec, err := usbport.ParseSpec(text)
		if err != nil {
			problems = append(problems, c.Problem("allow", err.Error(), ""))
		}
		guard.Allow = append(guard.Allow, spec)
	}
	if c.Guard {
		p.guard = &guard
	}
	return problems
}

// Sources are the readers, and the guard of the USB sockets if there is one.
func (p *Plan) Sources(log *slog.Logger) []agent.Reader {
	if p.guard == nil {
		return p.Readers
	}
	cfg := *p.guard
	cfg.Log = log
	return append(slices.Clip(p.Readers), agent.Reader{Source: usbport.NewGuard(cfg)})
}
