package config

import (
	"fmt"
	"maps"
	"slices"

	"badged/internal/spelling"
)

// finish checks what needs more than one key, and moves the tables into the
// configuration.
func (l *loader) finish() {
	l.cfg.USB.section = l.tables["usb"].section
	l.cfg.Print.section = l.tables["print"].section
	for _, t := range l.points {
		t.point.section = t.section
		l.cfg.Points = append(l.cfg.Points, *t.point)
	}
	for _, t := range l.reads {
		t.reader.section = t.section
		l.cfg.Readers = append(l.cfg.Readers, *t.reader)
	}
	misspelt := slices.ContainsFunc(l.problems, func(p Problem) bool { return p.Key == "point" })
	if len(l.cfg.Points) == 0 && !misspelt {
		l.report("point", position{1, 1}, "there is no [[point]]: the agent would have nothing to do", "")
	}
	l.checkPoints()
	l.checkDoors()
	l.checkReaders()
	l.checkPrint()
}

func (l *loader) add(p Problem) { l.problems = append(l.problems, p) }

func (l *loader) require(s section, keys ...string) {
	for _, key := range keys {
		if !s.has(key) {
			l.add(s.Problem(key, "this key is missing", l.allowed(s.name, key)))
		}
	}
}

func (l *loader) allowed(table, key string) string {
	if table == "point" {
		return pointFields(&Point{})[key].allowed
	}
	return readerFields(&Reader{})[key].allowed
}

// hardware is the keys of a door's hardware, which stand beside its relay.
var hardware = []string{"contact", "exit", "open_for", "held_after", "relock_on_open"}

func (l *loader) checkPoints() {
	names := map[string]bool{}
	for _, p := range l.cfg.Points {
		l.require(p.section, "name", "kind")
		if p.Name != "" && names[p.Name] {
			l.add(p.Problem("name", fmt.Sprintf("two points are named %q", p.Name), ""))
		}
		names[p.Name] = true
		switch p.Kind {
		case KindDoor:
			l.require(p.section, "door")
			for _, key := range []string{"printer", "keyboard"} {
				if p.has(key) {
					l.add(p.Problem(key, "only a print point has this, and this point is of kind door", ""))
				}
			}
		case KindPrint:
			for _, key := range append([]string{"door", "relay"}, hardware...) {
				if p.has(key) {
					l.add(p.Problem(key, "only a door has this, and this point is of kind print", ""))
				}
			}
		}
	}
}

// checkDoors holds that each door has one point that names its relay, with the other
// hardware beside it.
func (l *loader) checkDoors() {
	relay := map[string]bool{}
	for _, p := range l.cfg.Points {
		if p.Relay != "" && relay[p.Door] {
			l.add(p.Problem("relay", fmt.Sprintf("door %q has a relay already: its points share it", p.Door), ""))
		}
		relay[p.Door] = relay[p.Door] || p.has("relay")
		for _, key := range hardware {
			if p.Kind == KindDoor && !p.has("relay") && p.has(key) {
				l.add(p.Problem(key, "this stands at the point that names the relay of the door", ""))
			}
		}
	}
	var withRelay []string
	for door, has := range relay {
		if has {
			withRelay = append(withRelay, door)
		}
	}
	for _, p := range l.cfg.Points {
		if p.Door != "" && !relay[p.Door] {
			l.add(p.Problem("relay", fmt.Sprintf("no point names the relay of door %q", p.Door)+spelling.Hint(p.Door, withRelay), pinAllowed))
			relay[p.Door] = true
		}
	}
}

func (l *loader) checkReaders() {
	points := map[string]bool{}
	for _, p := range l.cfg.Points {
		points[p.Name] = true
	}
	names := map[string]bool{}
	for _, r := range l.cfg.Readers {
		l.require(r.section, "name", "point", "protocol", "port")
		if r.Point != "" && !points[r.Point] {
			l.add(r.Problem("point", fmt.Sprintf("there is no point %q", r.Point)+spelling.Hint(r.Point, slices.Collect(maps.Keys(points))), l.pointNames()))
		}
		if r.Name != "" && names[r.Name] {
			l.add(r.Problem("name", fmt.Sprintf("two readers are named %q", r.Name), ""))
		}
		names[r.Name] = true
	}
}

func (l *loader) pointNames() (list string) {
	for i, p := range l.cfg.Points {
		if i > 0 {
			list += ", "
		}
		list += fmt.Sprintf("%q", p.Name)
	}
	return list
}

// checkPrint holds that printers have a queue whose jobs they print, which is none of them.
func (l *loader) checkPrint() {
	t := l.cfg.Print
	there := l.tables["print"].stood || len(t.keys) > 0
	printers := false
	for _, p := range l.cfg.Points {
		printers = printers || p.has("printer")
		if p.has("printer") && !there {
			l.add(p.Problem("printer", "there is no [print] that names the queue whose documents are printed here", ""))
		}
		if p.Printer != "" && slices.Contains(t.Queues, p.Printer) {
			l.add(p.Problem("printer", fmt.Sprintf("%q is the queue that people send to, and prints nothing", p.Printer), "the queue of a printer"))
		}
	}
	if !there {
		return
	}
	if !t.has("queues") {
		l.add(t.Problem("queues", "this key is missing", printFields(&Print{})["queues"].allowed))
	}
	if !printers {
		l.add(t.Problem("queues", "no [[point]] has a printer: nobody could release a document", `printer = "hall-mfp" at a point of kind print`))
	}
}
