package plan

import (
	"cmp"
	"fmt"
	"path/filepath"

	"badged/internal/agent"
	"badged/internal/config"
	"badged/internal/terminal/rs485"
	"badged/reader/number"
	"badged/reader/osdp"
	"badged/reader/protocols"
)

// addOSDP puts a reader on the line of its port.
func (p *Plan) addOSDP(c config.Reader, proto protocols.Protocol, rule number.Rule) config.Problems {
	unit, keyFile, problems := osdpOptions(c)
	if err := serialPath(c); err != nil {
		problems = append(problems, c.Problem("port", err.Error(), ""))
	}
	if len(problems) > 0 {
		return problems
	}
	i, problem := p.findLine(c, proto)
	if problem != nil {
		return config.Problems{*problem}
	}
	if err := p.Lines[i].Add(rs485.Reader{Name: c.Name, Unit: unit, KeyFile: keyFile}); err != nil {
		return config.Problems{c.Problem("options.address", err.Error(), "")}
	}
	p.shared[i] = append(p.shared[i], agent.Reader{Point: c.Point, Number: rule.Apply})
	return nil
}

// osdpOptions reads the options of a reader and returns all problems with them.
func osdpOptions(c config.Reader) (u osdp.Unit, keyFile string, problems config.Problems) {
	problems = optionProblems(c)
	u, keyFile, err := protocols.OSDPUnit(c.Options)
	if err != nil && len(problems) == 0 {
		problems = append(problems, c.Problem("options.key", err.Error(), "")) // else CheckOptions would have complained
	}
	if path := c.Options["key_file"]; path != "" && !filepath.IsAbs(path) {
		problems = append(problems, c.Problem("options.key_file", fmt.Sprintf("%.120q must be an absolute path", path), ""))
	}
	return u, keyFile, problems
}

// findLine returns the index of a port's line in Lines, and adds the line if it is new.
func (p *Plan) findLine(c config.Reader, proto protocols.Protocol) (int, *config.Problem) {
	baud := cmp.Or(c.Baud, proto.DefaultBaud)
	for i, l := range p.Lines {
		if filepath.Clean(l.Path) != filepath.Clean(c.Port) {
			continue
		}
		if l.Baud != baud {
			problem := c.Problem("baud", fmt.Sprintf("another reader on this port speaks at %d", l.Baud), "")
			return 0, &problem
		}
		return i, nil
	}
	if taken := p.addPort(c, proto.Port); len(taken) > 0 {
		return 0, &taken[0]
	}
	p.Lines = append(p.Lines, &rs485.Line{Path: c.Port, Baud: baud})
	p.shared = append(p.shared, nil)
	return len(p.Lines) - 1, nil
}

// joinLines adds the readers of each line to Readers. New calls it when all are known.
func (p *Plan) joinLines() {
	for i, l := range p.Lines {
		for n, source := range l.Sources() {
			r := p.shared[i][n]
			r.Source = source
			p.Readers = append(p.Readers, r)
		}
	}
}
