package hid

import (
	"slices"
	"strings"
	"time"

	"badged/reader"
	"badged/reader/chars"
)

// Report is a recorded input report.
type Report struct {
	At   time.Time
	Data []byte
}

// Proposal is a way to read a swipe.
type Proposal struct {
	// Layouts all read the same text, the likelier ones first: Options has the first.
	Layouts []Layout
	Options Options // what New needs to read the swipe, and no more
	Text    string  // what a number rule starts from; never for a log
	Match   Match
}

// Match is how similar a text and the printed number are.
type Match uint8

// The matches, from the worst to the best.
const (
	Unlike  Match = iota // of other characters than letters and digits: another layout's
	Apart                // a number, but another: a number rule may explain it
	Holds                // one has the other in it
	Printed              // the text is what is printed
)

// Learn proposes options for reading a recorded swipe of one badge. printed is the number on
// the badge; its blanks and dashes do not count. descriptor is the report descriptor of the
// reader's interface, nil for a boot keyboard. The best proposal comes first; each reads the
// swipe as exactly one card. An error says why no options do.
func Learn(descriptor []byte, swipe []Report, printed string) ([]Proposal, error) {
	var rs reports
	if len(descriptor) > 0 {
		var err error
		if rs, err = parseDescriptor(descriptor); err != nil {
			return nil, err
		}
	}
	printed = strings.NewReplacer(" ", "", "-", "").Replace(printed)
	var found []Proposal
	var heard verdict
	for _, l := range Layouts {
		r := recordSwipe(rs, l, swipe)
		heard = heard.better(r.verdict())
		for _, o := range r.listOptions(l) {
			found = addProposal(found, rs, o, swipe, printed)
		}
	}
	if len(found) == 0 {
		return nil, heard
	}
	slices.SortStableFunc(found, func(a, b Proposal) int { return int(b.Match) - int(a.Match) })
	best := found[0].Match
	return slices.DeleteFunc(found, func(p Proposal) bool { return p.Match == Unlike && best > Unlike }), nil
}

// recording is a swipe as a layout reads it, without the keys in front of the number and behind
// its end that have no character.
type recording struct {
	symbols     []symbol      // at most one end comes first
	within      bool          // a number began and has no end yet
	stop        obstacle      // the first key that cannot be in a number
	first, last time.Time     // of its keys
	pause       time.Duration // the longest between two changes, until the last key
	change      time.Time     // the last one
	gap         time.Duration // the longest until then
	why         reader.Why    // of a report that could not be read
}

// obstacle is a key that cannot be in a number.
type obstacle struct {
	report    int    // in which it was pressed, from 1
	key       string // what people call it
	character bool   // it has one, though not on this layout
}

func recordSwipe(rs reports, l Layout, swipe []Report) recording {
	var r recording
	b, w := newBoard(rs, l), newWriter(l)
	for n, report := range swipe {
		s, ours := b.readReport(report.Data)
		if !ours {
			continue
		}
		if s.why != "" {
			r.why = s.why
			continue
		}
		w.writeStrokes(s, func(sym symbol) {
			if r.addSymbol(sym) && r.stop.report == 0 {
				r.stop = obstacle{n + 1, keyName(s), sym == bad}
			}
		})
		if s.changed {
			r.addTime(report.At, len(s.pressed) > 0)
		}
	}
	return r
}

// addSymbol adds a symbol. It reports true for one that cannot be in a number.
func (r *recording) addSymbol(s symbol) (stops bool) {
	end := s == enter || s == tab
	switch {
	case s == none, s == part, s == command && !r.within, end && !r.within && len(r.symbols) > 0:
		return false
	}
	r.symbols = append(r.symbols, s)
	r.within = !end
	return s == command || s == bad
}

// addTime adds the time of a change. The swipe begins when its first key goes down and ends when
// its last key goes down, whenever that is released.
func (r *recording) addTime(at time.Time, pressed bool) {
	if r.first.IsZero() {
		if !pressed {
			return
		}
		r.first, r.change = at, at
	}
	r.gap = max(r.gap, at.Sub(r.change))
	r.change = at
	if pressed {
		r.pause, r.last = r.gap, at
	}
}

// verdict is why a swipe cannot be read.
type verdict struct {
	grade grade
	stop  obstacle // of stopped
}

// grade orders verdicts from bad to nearly good.
type grade uint8

const (
	unheard grade = iota
	unreadable
	numberless
	stopped
	readable
)

// better returns the verdict closer to a success: of two layouts that a key stopped, that of
// the one that read more.
func (v verdict) better(w verdict) verdict {
	if w.grade > v.grade || w.grade == v.grade && w.stop.report > v.stop.report {
		return w
	}
	return v
}

// Error implements error.
func (v verdict) Error() string {
	const prefix = "learn a swipe: "
	switch {
	case v.grade == unheard:
		return prefix + "no key was pressed: is it the right reader, and the right interface of it?"
	case v.grade == unreadable:
		return prefix + "keys were lost: swipe again, and touch no other key"
	case v.grade == numberless:
		return prefix + "Enter or Tab came, and no number: is the reader set to send one?"
	case v.grade == stopped && v.stop.character:
		return prefix + "no layout (us, fr, de, numpad, alt) has the key " + v.stop.key
	case v.grade == stopped:
		return prefix + "the key " + v.stop.key + " stands in a number, or in place of its end: set the reader to end a number with Enter or Tab, and to send no other key"
	}
	return prefix + "more than one number was typed, or one too long: swipe one badge once"
}

func (r recording) verdict() verdict {
	switch {
	case r.why != "":
		return verdict{grade: unreadable}
	case len(r.symbols) == 0:
		return verdict{grade: unheard}
	case r.stop.report > 0:
		return verdict{stopped, r.stop}
	case len(r.symbols) == 1 && !r.within:
		return verdict{grade: numberless}
	}
	return verdict{grade: readable}
}

// listOptions returns the options that may read the recording, the more specific ones first.
func (r recording) listOptions(l Layout) []Options {
	if r.verdict().grade != readable {
		return nil
	}
	o := Options{Layout: l, Terminator: None}
	text := r.symbols
	switch text[len(text)-1] {
	case enter:
		o.Terminator = Enter
	case tab:
		o.Terminator = Tab
	}
	if o.Terminator != None {
		text = text[:len(text)-1]
	}
	o.KeyTimeout = roundUpSlow(r.pause, DefaultKeyTimeout)
	o.Timeout = roundUpSlow(r.last.Sub(r.first), max(DefaultTimeout, o.KeyTimeout))
	return append(framedOptions(o, text), o)
}

// roundUpSlow returns twice the measured time, at most the minute that a configuration allows, or 0
// if that is not more than usual.
func roundUpSlow(measured, usual time.Duration) time.Duration {
	if 2*measured <= usual {
		return 0
	}
	return min((2 * measured).Round(10*time.Millisecond), time.Minute)
}

// framedOptions returns the options for a text in sentinels, or with a separator.
func framedOptions(o Options, text []symbol) []Options {
	n := len(text)
	sentinels := n > 2 && text[0] == ';' && text[n-1] == '?'
	if sentinels {
		o.Prefix, o.Suffix = ";", "?"
	}
	if slices.Contains(text, '=') {
		stripped := o
		stripped.Checksum = Strip
		if sentinels {
			return []Options{stripped, o}
		}
		return []Options{stripped}
	}
	if sentinels {
		return []Options{o}
	}
	return nil
}

// addProposal adds the options to found if they read the swipe as one card. Layouts that read the
// same text with the same options are one proposal.
func addProposal(found []Proposal, rs reports, o Options, swipe []Report, printed string) []Proposal {
	text, ok := readOnce(rs, o, swipe)
	if !ok {
		return found
	}
	for i, p := range found {
		same := o
		same.Layout = p.Options.Layout
		if p.Text == text && p.Options == same {
			found[i].Layouts = append(p.Layouts, o.Layout)
			return found
		}
	}
	return append(found, Proposal{Layouts: []Layout{o.Layout}, Options: o, Text: text, Match: compareText(text, printed)})
}

// readOnce plays the swipe to a decoder. ok is false unless that gives exactly one card.
func readOnce(rs reports, o Options, swipe []Report) (text string, ok bool) {
	d, err := New(o)
	if err != nil {
		return "", false
	}
	d.startDevice(rs)
	n := 0
	emit := func(e reader.Event) {
		n++
		ok = e.Kind == reader.KindCard
		text = e.Card.Reveal()
	}
	for _, r := range swipe {
		d.Feed(r.At, r.Data, emit)
	}
	if due := d.Deadline(); !due.IsZero() {
		d.Tick(due, emit)
	}
	return text, ok && n == 1
}

func compareText(text, printed string) Match {
	has := func(s, part string) bool {
		return part != "" && strings.Contains(strings.ToUpper(s), strings.ToUpper(part))
	}
	switch {
	case strings.EqualFold(text, printed):
		return Printed
	case has(text, printed), has(printed, text):
		return Holds
	case strings.ContainsFunc(text, func(r rune) bool { return !chars.Hex.Has(byte(r)) }):
		return Unlike
	}
	return Apart
}
