package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/reader"
	"badged/reader/capture"
	"badged/reader/number"
	"badged/reader/osdp"
	"badged/reader/pacs"
	"badged/reader/protocols"
)

// decoding is how bytes become events.
type decoding struct {
	protocol string
	options  []string // key=value
	rule     string
}

func (o *decoding) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.protocol, "protocol", "", "how the reader speaks: `P` of badgectl decode --help")
	f.StringArrayVarP(&o.options, "option", "o", nil, "option of the protocol, as `key=value`; may be repeated")
	f.StringVar(&o.rule, "number", "", "number `RULE`, as in the configuration of a reader")
}

// decoder makes what the flags name.
func (o *decoding) decoder() (reader.Decoder, number.Rule, error) {
	if o.protocol == "" {
		return nil, number.Rule{}, usageError{errors.New("name the protocol with --protocol (see badgectl decode --help)")}
	}
	options := map[string]string{}
	for _, pair := range o.options {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, number.Rule{}, usageError{fmt.Errorf("-o %q: must be key=value", pair)}
		}
		options[key] = value
	}
	dec, err := protocols.New(o.protocol, options)
	if err != nil {
		return nil, number.Rule{}, usageError{err}
	}
	rule, err := number.Parse(o.rule)
	if err != nil {
		return nil, number.Rule{}, usageError{err}
	}
	return dec, rule, nil
}

// edges reports whether the protocol has edges of lines in place of bytes.
func (o *decoding) edges() bool {
	return slices.ContainsFunc(protocols.All(), func(p protocols.Protocol) bool { return p.Name == o.protocol && p.Port == protocols.Lines })
}

func (a *app) decode() *cobra.Command {
	var o decoding
	cmd := &cobra.Command{
		Use:   "decode --protocol P [-o key=value]... [FILE]",
		Short: "Turn raw bytes of a reader into what they mean",
		Long: "decode reads one chunk a line, in hex, with an optional time in front (@ and\n" +
			"milliseconds, of which only the differences count), from FILE or standard\n" +
			"input: a capture will do. A frame of wiegand is a string of 0 and 1 (x is a lost\n" +
			"edge); without times, each line is a frame of its own. For osdp, FILE may be an\n" +
			".osdpcap file, and a summary comes last. decode prints one JSON object an event\n" +
			"and ends with 0 if nothing was faulty, else with 1.\n\n" + protocolHelp(),
		Example: "  echo 0236324533303836434544303803 | badgectl decode --protocol rdm6300\n" +
			"  echo 10001011001101010001101110 | badgectl decode --protocol wiegand\n" +
			"  badgectl decode --protocol osdp -o key=HEX trace.osdpcap\n" +
			"  badgectl decode --protocol line -o charset=digits -o min=8 capture.txt",
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			dec, rule, err := o.decoder()
			if err != nil {
				return err
			}
			in, err := a.input(args, readBytes)
			if err != nil {
				return err
			}
			defer in.Close()
			return a.play(in, &printer{app: a, rule: rule}, dec, o.edges())
		},
	}
	o.flags(cmd)
	return cmd
}

// protocolHelp lists protocols with their options.
func protocolHelp() string {
	var b bytes.Buffer
	b.WriteString("Protocols and their options:\n")
	for _, p := range protocols.All() {
		fill(&b, fmt.Sprintf("\n  %-12s  ", p.Name), strings.Repeat(" ", 16), p.Doc)
		for _, o := range p.Options {
			text := o.Doc
			if o.Default != "" {
				text += "; default " + o.Default
			}
			fill(&b, fmt.Sprintf("    %-11s ", o.Name), strings.Repeat(" ", 16), text)
		}
	}
	formats := pacs.Formats()
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = fmt.Sprintf("%s (%d)", f.Name, f.Bits)
	}
	b.WriteString("\nFormats that have a name, with their bits:\n")
	fill(&b, "  ", "  ", strings.Join(names, ", "))
	return strings.TrimRight(b.String(), "\n")
}

// readBytes is what decode attempts with its input.
const readBytes = "read the bytes to decode"

// input opens the file that is named, or takes standard input. what is attempted with it
// stands in the error.
func (a *app) input(args []string, what string) (io.ReadCloser, error) {
	if len(args) == 0 || args[0] == "-" {
		return io.NopCloser(a.io.In), nil
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return f, nil
}

// maxLine is the longest line: the largest chunk in hex, and its time.
const maxLine = 2*capture.MaxChunk + 64

// frameEvery is the time from one frame of edges to the next, if the lines do not say.
const frameEvery = time.Second

// parseEdges reads a line of 0, 1 and x, with an optional time, or of a capture. The
// error does not show them.
func parseEdges(text string) (c capture.Chunk, timed bool, err error) {
	at, timed, edges, err := capture.CutTime(text)
	switch {
	case err != nil:
		return c, false, err
	case strings.Trim(edges, "01x") != "":
		return capture.ParseChunk(text)
	case len(edges) > capture.MaxChunk:
		return c, false, fmt.Errorf("%d edges: a chunk has at most %d", len(edges), capture.MaxChunk)
	}
	return capture.Chunk{At: at, Bytes: []byte(edges)}, timed, nil
}

// moments gives each line of what is decoded its time. A line of bytes without one belongs
// to the moment of the line above, one of edges comes later.
type moments struct {
	times capture.Times
	later time.Duration
	start time.Time // of the first line that has a time
	last  time.Time
}

func (m *moments) next(c capture.Chunk, timed bool) (time.Time, error) {
	if !timed {
		m.last = m.last.Add(m.later)
		return m.last, nil
	}
	since, err := m.times.Since(c.At)
	if err != nil {
		return m.last, err
	}
	if m.start.IsZero() {
		m.start = m.last
	}
	at := m.start.Add(since)
	if at.Before(m.last) {
		return m.last, errors.New("its time is before that of the line above, which came a second after the one before")
	}
	m.last = at
	return at, nil
}

// maxTrace is the longest trace of OSDP: a line may be listened to for months.
const maxTrace = 100 * 365 * 24 * time.Hour

// play feeds the chunks of in to dec and prints what comes of them.
func (a *app) play(in io.Reader, out *printer, dec reader.Decoder, edges bool) error {
	parse, m := capture.ParseChunk, moments{last: time.Unix(0, 0)}
	if edges {
		parse, m.later = parseEdges, frameEvery
	} else if _, ok := dec.(*osdp.Monitor); ok {
		parse, m.times.Most = parseOSDP, maxTrace
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), capture.Mark))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		chunk, timed, err := parse(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		at, err := m.next(chunk, timed)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		capture.Ticks(dec, at, out.event)
		dec.Feed(at, chunk.Bytes, out.event)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d characters: a chunk has at most %d bytes", n, maxLine, capture.MaxChunk)
	} else if err != nil {
		return fmt.Errorf("%s: %w", readBytes, err)
	}
	capture.Ticks(dec, m.last.Add(time.Hour), out.event) // a frame that stopped in the middle
	out.summary(dec)
	return out.end()
}

// line is an event as decode prints it.
type line struct {
	Kind     reader.Kind `json:"kind"`
	Number   string      `json:"number,omitempty"`
	Hex      string      `json:"hex,omitempty"`
	Bits     int         `json:"bits,omitempty"`
	Format   string      `json:"format,omitempty"`
	Facility *uint64     `json:"facility,omitempty"` // this and what follows: nil if the format has none
	Card     *uint64     `json:"card,omitempty"`
	Issue    *uint64     `json:"issue,omitempty"`
	OEM      *uint64     `json:"oem,omitempty"`
	Key      string      `json:"key,omitempty"`
	Why      string      `json:"why,omitempty"`
}

// fields adds what the card's format says.
func (l *line) fields(c reader.Card) {
	f, _ := pacs.FieldsOf(c)
	for _, has := range []struct {
		to    **uint64
		value uint64
		yes   bool
	}{{&l.Facility, f.Facility, f.HasFacility}, {&l.Card, f.Card, f.HasCard}, {&l.Issue, f.Issue, f.HasIssue}, {&l.OEM, f.OEM, f.HasOEM}} {
		if has.yes {
			*has.to = &has.value
		}
	}
}

// printer prints events, with the number that a rule makes of a card; one that it does not
// fit is a fault, as it is for the agent.
type printer struct {
	app    *app
	rule   number.Rule
	faulty bool
	err    error // the first of printing
}

func (p *printer) event(ev reader.Event) {
	l := line{Kind: ev.Kind, Why: string(ev.Why)}
	switch ev.Kind {
	case reader.KindFault:
		p.faulty = true
	case reader.KindKey:
		l.Key = ev.Key.Reveal()
	case reader.KindCard:
		n, err := p.rule.Apply(ev.Card)
		if err != nil {
			l, p.faulty = line{Kind: reader.KindFault, Why: string(reader.BadNumber)}, true
			break
		}
		l.Number, l.Hex, l.Bits, l.Format = n.Reveal(), ev.Card.Hex(), ev.Card.Bits(), ev.Card.FrameFormat()
		l.fields(ev.Card)
	}
	if p.err == nil {
		p.err = p.app.print(l)
	}
}

// end tells whether anything was wrong.
func (p *printer) end() error {
	if p.err == nil && p.faulty {
		return errFaulty
	}
	return p.err
}
