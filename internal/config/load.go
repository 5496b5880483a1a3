package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"badged/internal/spelling"
)

// loader walks a document once, hands each value to its field and remembers where
// everything stood.
type loader struct {
	cfg      *Config
	problems Problems
	parser   unstable.Parser

	tables map[string]*table // root "", "log", "kiosk", "usb", "print": those that stand once
	points []*table
	reads  []*table
	// current is the table that key values go into; nil while inside an unknown one,
	// which was reported already.
	current *table
	options bool // inside [reader.options] of the last reader
}

// table is one table of the document while it is read.
type table struct {
	section
	fields map[string]field
	stood  bool              // its header was there
	point  *Point            // of a [[point]]
	reader *Reader           // of a [[reader]]
	opts   map[string]string // of a [[reader]]
}

func newLoader(file string) *loader {
	c := &Config{
		File:     file,
		StateDir: "/var/lib/badged",
		Control:  "/run/badged/badged.sock",
		Log:      Log{Format: "text"},
		Kiosk:    Kiosk{Listen: "127.0.0.1:8631"},
		Print:    Print{Socket: "/run/cups/cups.sock"},
	}
	l := &loader{cfg: c, tables: map[string]*table{}}
	l.tables[""] = l.table("", rootFields(c))
	l.tables["log"] = l.table("log", logFields(&c.Log))
	l.tables["kiosk"] = l.table("kiosk", kioskFields(&c.Kiosk))
	l.tables["usb"] = l.table("usb", usbFields(&c.USB))
	l.tables["print"] = l.table("print", printFields(&c.Print))
	l.current = l.tables[""]
	return l
}

func (l *loader) table(name string, fields map[string]field) *table {
	return &table{
		section: section{file: l.cfg.File, name: name, header: position{1, 1}, keys: map[string]position{}},
		fields:  fields,
	}
}

// read walks over the document. It reports false if that is not TOML.
func (l *loader) read(data []byte) bool {
	l.parser.Reset(data)
	for l.parser.NextExpression() {
		switch e := l.parser.Expression(); e.Kind {
		case unstable.Table:
			l.enter(l.path(e.Key()))
		case unstable.ArrayTable:
			l.enterArray(l.path(e.Key()))
		case unstable.KeyValue:
			path, at := l.path(e.Key())
			l.assign(path, at, e.Value())
		}
	}
	return l.syntax(l.parser.Error())
}

func (l *loader) syntax(err error) (ok bool) {
	var pe *unstable.ParserError
	if !errors.As(err, &pe) {
		return true
	}
	at := l.at(l.parser.Range(pe.Highlight))
	l.report("", at, "this is not TOML: "+strings.TrimPrefix(pe.Message, "toml: "), "")
	return false
}

func (l *loader) path(key unstable.Iterator) (path []string, at position) {
	for key.Next() {
		if path == nil {
			at = l.at(key.Node().Raw)
		}
		path = append(path, string(key.Node().Data))
	}
	return path, at
}

func (l *loader) at(r unstable.Range) position {
	p := l.parser.Shape(r).Start
	return position{p.Line, p.Column}
}

func (l *loader) report(key string, at position, what, allowed string) {
	l.problems = append(l.problems, Problem{l.cfg.File, at.line, at.column, key, what, allowed})
}

const tablesAllowed = "[log], [kiosk], [usb], [print], [[point]], [[reader]], [reader.options]"

// enter goes into [path].
func (l *loader) enter(path []string, at position) {
	l.current, l.options = nil, false
	name := strings.Join(path, ".")
	if name == "reader.options" && len(l.reads) > 0 {
		l.current, l.options = l.reads[len(l.reads)-1], true
		return
	}
	t := l.tables[name]
	switch {
	case name == "point" || name == "reader":
		l.report(name, at, "write it with two brackets: [["+name+"]]", "")
	case name == "reader.options":
		l.report(name, at, "this stands behind the [[reader]] that it is of, and there is none before it", "")
	case t == nil:
		l.unknownTable(name, at)
	case t.stood:
		l.report(name, at, "this table stands twice", "")
	default:
		t.stood, t.header, l.current = true, at, t
	}
}

// enterArray goes into a new [[path]].
func (l *loader) enterArray(path []string, at position) {
	l.current, l.options = nil, false
	switch name := strings.Join(path, "."); name {
	case "point":
		p := &Point{Keyboard: true, OpenFor: 5 * time.Second, HeldAfter: 30 * time.Second}
		t := l.table(name, pointFields(p))
		t.point, t.header, l.current = p, at, t
		l.points = append(l.points, t)
	case "reader":
		r := &Reader{Options: map[string]string{}}
		t := l.table(name, readerFields(r))
		t.reader, t.opts, t.header, l.current = r, r.Options, at, t
		l.reads = append(l.reads, t)
	default:
		if l.tables[name] != nil {
			l.report(name, at, "write it with one bracket: ["+name+"]", "")
			return
		}
		l.unknownTable(name, at)
	}
}

func (l *loader) unknownTable(name string, at position) {
	known := []string{"log", "kiosk", "usb", "print", "point", "reader", "reader.options"}
	l.report(name, at, "unknown table"+spelling.Hint(name, known), tablesAllowed)
}

// assign takes path = value, where path starts at the current table.
func (l *loader) assign(path []string, at position, value *unstable.Node) {
	t := l.current
	if t == nil {
		return
	}
	if t == l.tables[""] && len(path) == 2 && l.tables[path[0]] != nil {
		t, path = l.tables[path[0]], path[1:] // log.format = "json"
	}
	if t.opts != nil && (l.options && len(path) == 1 || len(path) == 2 && path[0] == "options") {
		l.option(t, path[len(path)-1], at, value)
		return
	}
	key := strings.Join(path, ".")
	full := strings.TrimPrefix(t.name+"."+key, ".")
	f, ok := t.fields[key]
	switch {
	case !ok:
		l.unknownKey(t, key, at)
	case t.has(key):
		l.report(full, at, "this key stands twice", "")
	case !f.set(value):
		l.report(full, at, l.describe(value)+" is not allowed here"+spelling.Hint(string(value.Data), f.words), f.allowed)
	}
	t.keys[key] = at
}

// unknownKey reports a key that the table does not have. At a reader it may be an option, which
// only those who know protocols can tell.
func (l *loader) unknownKey(t *table, key string, at position) {
	known := slices.Sorted(maps.Keys(t.fields))
	what := "unknown key" + spelling.Hint(key, known)
	if t.reader != nil && spelling.Near(key, known) == "" {
		what += " (an option of the protocol stands in [reader.options])"
	}
	l.report(strings.TrimPrefix(t.name+"."+key, "."), at, what, strings.Join(known, ", "))
}

func (l *loader) option(t *table, key string, at position, value *unstable.Node) {
	full := "reader.options." + key
	switch _, twice := t.opts[key]; {
	case twice:
		l.report(full, at, "this key stands twice", "")
	case value.Kind != unstable.String:
		l.report(full, at, l.describe(value)+" is not allowed here", "a string")
	default:
		t.opts[key] = string(value.Data)
		t.keys["options."+key] = at
	}
}

func (l *loader) describe(n *unstable.Node) string {
	switch n.Kind {
	case unstable.String:
		return fmt.Sprintf("the string %.60q", n.Data)
	case unstable.Array, unstable.InlineTable:
		return "this " + strings.ToLower(n.Kind.String())
	default:
		return fmt.Sprintf("%.40s", n.Data)
	}
}
