package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"badged/internal/agent"
	"badged/internal/config"
	"badged/internal/health"
	"badged/internal/keyfile"
	"badged/internal/secret"
	"badged/reader"
	"badged/reader/number"
	"badged/reader/osdp"
	"badged/reader/protocols"
	"badged/reader/serialport"
)

// osdpLine is an RS-485 line with its OSDP readers.
type osdpLine struct {
	path    string
	baud    int
	readers []*osdpReader
	units   []osdp.Unit // of the readers, in their order
	host    *osdp.Bus
	port    *serialport.Bus
}

// osdpReader is one reader on a line.
type osdpReader struct {
	line    *osdpLine
	name    string
	point   string
	number  func(reader.Card) (reader.Number, error)
	address int
	keyFile string // somebody else keeps its key; "": the agent does

	filing chan struct{} // holds the lock of its key files: a commissioning has it
}

// addOSDP puts a reader on the line of its port.
func (p *plan) addOSDP(c config.Reader, proto protocols.Protocol, rule number.Rule) config.Problems {
	if _, err := protocols.New(c.Protocol, c.Options); err != nil {
		return optionProblems(c, err)
	}
	unit, keyFile, err := protocols.OSDPUnit(c.Options)
	if err != nil {
		return config.Problems{c.Problem("options.key", err.Error(), "")} // else New would have complained
	}
	if keyFile != "" && !filepath.IsAbs(keyFile) {
		return config.Problems{c.Problem("options.key_file", fmt.Sprintf("%.120q must be an absolute path", keyFile), "")}
	}
	if err := serialPath(c); err != nil {
		return config.Problems{c.Problem("port", err.Error(), "")}
	}
	line, problem := p.osdpLine(c, proto)
	if problem != nil {
		return config.Problems{*problem}
	}
	if i := slices.IndexFunc(line.units, func(u osdp.Unit) bool { return u.Address == unit.Address }); i >= 0 {
		what := fmt.Sprintf("reader %s on this port has the address %d already: give each its own address (0 without this option)", line.readers[i].name, unit.Address)
		return config.Problems{c.Problem("options.address", what, "")}
	}
	units := append(line.units, unit)
	line.host, err = osdp.NewBus(osdp.BusConfig{Units: units, Baud: line.baud, Random: rand.Reader})
	if err != nil {
		return config.Problems{c.Problem("options.address", err.Error(), "")}
	}
	line.units = units
	line.readers = append(line.readers, &osdpReader{
		line: line, name: c.Name, point: c.Point, number: rule.Apply, address: unit.Address, keyFile: keyFile,
		filing: make(chan struct{}, 1),
	})
	return nil
}

// osdpLine finds the line of a port, or makes it.
func (p *plan) osdpLine(c config.Reader, proto protocols.Protocol) (*osdpLine, *config.Problem) {
	baud := c.Baud
	if baud == 0 {
		baud = proto.DefaultBaud
	}
	for _, l := range p.lines {
		if filepath.Clean(l.path) != filepath.Clean(c.Port) {
			continue
		}
		if l.baud != baud {
			problem := c.Problem("baud", fmt.Sprintf("another reader on this port speaks at %d", l.baud), "")
			return nil, &problem
		}
		return l, nil
	}
	if taken := p.addPort(c, proto.Port); len(taken) > 0 {
		return nil, &taken[0]
	}
	l := &osdpLine{path: c.Port, baud: baud}
	p.lines = append(p.lines, l)
	return l, nil
}

// joinLines makes the readers of each line, when all are known.
func (p *plan) joinLines() {
	for _, l := range p.lines {
		l.port = serialport.NewBus(serialport.Config{Name: l.readers[0].name, Path: l.path, Baud: l.baud, RS485: true}, l.host)
		var parts []reader.Part
		for _, r := range l.readers {
			parts = append(parts, reader.Part{Name: r.name, Unit: r.address})
		}
		for i, src := range reader.Split(l.port, parts...) {
			r := l.readers[i]
			p.readers = append(p.readers, agent.Reader{Source: src, Point: r.point, Number: r.number})
		}
	}
}

// osdpReader finds one; nil: no OSDP reader has this name.
func (p *plan) osdpReader(name string) *osdpReader {
	for _, l := range p.lines {
		for _, r := range l.readers {
			if r.name == name {
				return r
			}
		}
	}
	return nil
}

func (t *terminal) osdpKeys() keyfile.Folder {
	return keyfile.New(filepath.Join(t.plan.cfg.StateDir, "osdp"))
}

// loadKeys gives the OSDP readers their keys, before any port is opened. A reader whose
// key cannot be read stays offline, and health says why.
func (t *terminal) loadKeys() {
	folder, holders := t.osdpKeys(), map[osdp.Key]string{}
	for _, l := range t.plan.lines {
		for i, r := range l.readers {
			err := r.loadKeys(folder, holders)
			clear := l.units[i].ClearText
			switch {
			case err != nil && clear:
				l.host.Bar(r.address)
				t.noKey(r, fmt.Errorf("there is a key for it, and yet its option secure is \"off\": it is not used (%w)", err),
					"take the option out; or, if the reader is to speak in the clear, delete its keys in "+folder.String())
			case err != nil:
				t.noKey(r, err, "put the file right, and start the terminal again")
			case clear:
				t.health.Set(health.Item{
					Name: "line of reader " + r.name, State: health.Warn,
					Text: "reader " + r.name + " speaks in the clear, as its option secure = \"off\" says: whoever reaches its line can copy badges and make them up",
					Do:   "take the option out, then give the reader a key: badgectl osdp commission " + r.name,
				})
			}
		}
	}
}

// noKey tells that a reader stays offline for what is wrong with its keys.
func (t *terminal) noKey(r *osdpReader, err error, do string) {
	t.health.Set(health.Item{Name: "key of reader " + r.name, State: health.Fail, Text: err.Error(), Do: do})
}

// loadKeys gives the reader its keys. No two readers of the terminal have the same one:
// holders tells which reader has a key.
func (r *osdpReader) loadKeys(folder keyfile.Folder, holders map[osdp.Key]string) error {
	texts, err := folder.Load(r.name)
	if r.keyFile != "" {
		var text secret.Text
		text, err = keyfile.Read(r.keyFile)
		texts = []secret.Text{text}
	}
	if err != nil {
		return err
	}
	var keys []osdp.Key
	for _, text := range texts {
		key, err := osdp.ParseKey(text.Reveal())
		if err != nil {
			return fmt.Errorf("read a key of reader %s: %w", r.name, err)
		}
		if other := cmp.Or(holders[key], r.name); other != r.name {
			return fmt.Errorf("readers %s and %s have the same key: each can answer in the place of the other (commission one of them anew)", other, r.name)
		}
		holders[key] = r.name
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil
	}
	if err := r.line.host.SetKeys(r.address, keys...); err != nil {
		return err
	}
	if r.keyFile == "" && !folder.Confirmed(r.name) {
		r.line.host.Doubt(r.address)
	}
	return nil
}

// confirmKeys settles, for readers of which several keys are on disk since a power cut,
// which one they have. It ends when all have shown it, or with ctx.
func (t *terminal) confirmKeys(ctx context.Context) error {
	const often = time.Second
	folder := t.osdpKeys()
	open := t.waiting(folder)
	again := time.NewTicker(often)
	defer again.Stop()
	for len(open) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
		open = slices.DeleteFunc(open, func(r *osdpReader) bool { return t.confirmKey(ctx, folder, r) })
	}
	return nil
}

// waiting gives the readers with keys that were not confirmed.
func (t *terminal) waiting(folder keyfile.Folder) (list []*osdpReader) {
	for _, l := range t.plan.lines {
		for _, r := range l.readers {
			if r.keyFile == "" && folder.Waits(r.name) {
				list = append(list, r)
			}
		}
	}
	return list
}

// confirmKey keeps the key that a reader has shown to have, and reports whether nothing
// is left to do.
func (t *terminal) confirmKey(ctx context.Context, folder keyfile.Folder, r *osdpReader) (done bool) {
	select {
	case r.filing <- struct{}{}:
		defer func() { <-r.filing }()
	default:
		return false // it is being commissioned, which settles it, or leaves it open
	}
	if !folder.Waits(r.name) {
		return true
	}
	var key osdp.Key
	var online bool
	err := r.line.port.Do(ctx, func() {
		s, _ := r.line.host.Status(r.address)
		key, online = r.line.host.Opened(r.address)
		online = online && s.Online
	})
	if err != nil || !online {
		return false
	}
	if err := folder.Confirm(r.name, secret.New(key.Hex())); err != nil {
		t.log.Warn("the key of an OSDP reader is not settled", "reader", r.name, "err", err)
		return false
	}
	t.log.Info("OSDP reader has shown which key it has", "reader", r.name)
	return true
}
