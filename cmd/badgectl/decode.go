package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/reader"
	"badged/reader/capture"
	"badged/reader/dump"
	"badged/reader/number"
	"badged/reader/pacs"
	"badged/reader/protocols"
)

// decoding is how bytes become events.
type decoding struct {
	protocol string
	options  []string // key=value
	rule     string
	bits     int // of frames of edges in hex that do not say it; 0: they must
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
		return nil, number.Rule{}, cli.Usagef("name the protocol with --protocol (see badgectl decode --help)")
	}
	options := map[string]string{}
	for _, pair := range o.options {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, number.Rule{}, cli.Usagef("-o %q: must be key=value", pair)
		}
		options[key] = value
	}
	if err := o.takeBits(options); err != nil {
		return nil, number.Rule{}, cli.Usage(err)
	}
	dec, err := protocols.New(o.protocol, options)
	if err != nil {
		return nil, number.Rule{}, cli.Usage(err)
	}
	rule, err := number.Parse(o.rule)
	if err != nil {
		return nil, number.Rule{}, cli.Usage(err)
	}
	return dec, rule, nil
}

// takeBits takes the option bits out of those of a protocol of edges: it describes what is pasted,
// not the reader.
func (o *decoding) takeBits(options map[string]string) (err error) {
	text, ok := options["bits"]
	if !ok || !o.edges() {
		return nil
	}
	delete(options, "bits")
	if o.bits, err = strconv.Atoi(text); err != nil || o.bits < 1 || o.bits > dump.MaxBits {
		err = fmt.Errorf("-o bits=%s: must be a number, 1 to %d", text, dump.MaxBits)
	}
	return err
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
			"input: a capture will do. Hex may stand as terminals and logs print it: with\n" +
			"blanks, colons, dashes, commas, 0x or \\x, as xxd, hexdump -C and od -tx1 do,\n" +
			"as an array of C, or as a text with \\x02 or <STX>. A frame of wiegand is a\n" +
			"string of 0 and 1, also in groups (x is a lost edge), or hex with its length:\n" +
			"22CD46E, 26 bits, or 22CD46E with -o bits=26. Without times, each line is a\n" +
			"frame of its own. For osdp, FILE may be an .osdpcap file, and a summary comes\n" +
			"last. decode prints one JSON object an event and ends with 0 if nothing was\n" +
			"faulty, else with 1.\n\n" + protocolHelp(),
		Example: "  echo 0236324533303836434544303803 | badgectl decode --protocol rdm6300\n" +
			"  echo 10001011001101010001101110 | badgectl decode --protocol wiegand\n" +
			"  echo '22CD46E, 26 bits' | badgectl decode --protocol wiegand\n" +
			"  badgectl decode --protocol osdp -o key=HEX trace.osdpcap\n" +
			"  badgectl decode --protocol line -o charset=digits -o min=8 capture.txt",
		Args: cli.ArgsBetween(0, 1),
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
			return a.play(in, &printer{app: a, rule: rule}, dec, o.parser(dec))
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

// maxLine is the longest line: the largest chunk as bytes with 0x, comma and blank, and its time.
const maxLine = 6*capture.MaxChunk + 64

// play feeds the chunks of in to dec and prints what comes of them.
func (a *app) play(in io.Reader, out *printer, dec reader.Decoder, p parsing) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), capture.Mark))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		chunk, timed, err := p.line(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		at, err := p.next(chunk, timed)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		capture.Ticks(dec, at, out.event)
		if len(chunk.Bytes) > 0 { // the last line of a dump has none
			dec.Feed(at, chunk.Bytes, out.event)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d characters: a chunk has at most %d bytes", n, maxLine, capture.MaxChunk)
	} else if err != nil {
		return fmt.Errorf("%s: %w", readBytes, err)
	}
	capture.Ticks(dec, p.last.Add(time.Hour), out.event) // a frame that stopped in the middle
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
		return cli.ErrReported
	}
	return p.err
}
