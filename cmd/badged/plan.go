package main

import (
	"errors"
	"maps"
	"slices"

	"badged/enroll"
	"badged/internal/agent"
	"badged/internal/config"
	"badged/internal/door"
	"badged/reader/gpioport"
	"badged/reader/number"
	"badged/reader/protocols"
	"badged/reader/serialport"
)

// plan is a configuration that was checked to the end: everything that it names is
// built, and nothing is opened.
type plan struct {
	cfg     *config.Config
	points  []enroll.Point
	readers []agent.Reader
	doors   []agent.Door
	boards  gpioport.Boards
}

// newPlan builds what a configuration names. An error is config.Problems.
func newPlan(cfg *config.Config) (*plan, error) {
	p := &plan{cfg: cfg}
	var problems config.Problems
	for _, c := range cfg.Points {
		problems = append(problems, p.addPoint(c)...)
	}
	for _, c := range cfg.Readers {
		problems = append(problems, p.addReader(c)...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}

func (p *plan) addPoint(c config.Point) config.Problems {
	pt := enroll.Point{Name: c.Name, Kind: enroll.Print, Door: c.Door, LogFirst: c.LogFirst}
	if c.Kind == config.KindDoor {
		pt.Kind = enroll.DoorP
	}
	p.points = append(p.points, pt)
	if c.Relay == "" {
		return nil
	}
	return p.addDoor(c)
}

func (p *plan) addDoor(c config.Point) (problems config.Problems) {
	d := agent.Door{
		Name: c.Door, Point: c.Name,
		Config: door.Config{OpenFor: c.OpenFor, HeldAfter: c.HeldAfter, RelockOnOpen: c.RelockOnOpen},
	}
	note := func(key string, err error) {
		if err != nil {
			problems = append(problems, c.Problem(key, err.Error(), "virtual:/PATH/OF/SOCKET#"+key))
		}
	}
	relay, err := p.pin(c.Relay, "relay")
	note("relay", err)
	if err == nil {
		d.Relay = gpioport.NewRelay(relay)
	}
	if c.Contact != "" {
		d.Contact, err = p.input(c.Contact, "contact", gpioport.Contact)
		note("contact", err)
	}
	if c.Exit != "" {
		d.Exit, err = p.input(c.Exit, "exit", gpioport.Button)
		note("exit", err)
	}
	p.doors = append(p.doors, d)
	return problems
}

func (p *plan) pin(spec, name string) (*gpioport.Pin, error) {
	s, err := gpioport.ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	if s.Pin != name {
		return nil, errors.New("this is the pin of something else")
	}
	return p.boards.Open(s), nil
}

func (p *plan) input(spec, name string, open func(*gpioport.Pin) (*gpioport.Input, error)) (agent.Input, error) {
	pin, err := p.pin(spec, name)
	if err != nil {
		return nil, err
	}
	return open(pin)
}

func (p *plan) addReader(c config.Reader) (problems config.Problems) {
	dec, err := protocols.New(c.Protocol, c.Options)
	if err != nil {
		problems = append(problems, c.Problem(optionOf(c), err.Error(), ""))
	}
	rule, err := number.Parse(c.Number)
	if err != nil {
		problems = append(problems, c.Problem("number", err.Error(), ""))
	}
	if problems != nil {
		return problems
	}
	baud := c.Baud
	if baud == 0 {
		baud = defaultBaud(c.Protocol)
	}
	port := serialport.New(serialport.Config{Name: c.Name, Path: c.Port, Baud: baud}, dec)
	p.readers = append(p.readers, agent.Reader{Source: port, Point: c.Point, Number: rule.Apply})
	return nil
}

// optionOf is the key that a protocol complains about: the option that is wrong even
// when it stands alone, or else the protocol.
func optionOf(c config.Reader) string {
	if _, err := protocols.New(c.Protocol, nil); err != nil {
		return "protocol"
	}
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		if _, err := protocols.New(c.Protocol, map[string]string{name: c.Options[name]}); err != nil {
			return "options." + name
		}
	}
	return "protocol"
}

func defaultBaud(protocol string) int {
	for _, p := range protocols.All() {
		if p.Name == protocol {
			return p.DefaultBaud
		}
	}
	return serialport.DefaultBaud
}
