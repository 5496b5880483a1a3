package kmod

// AddInfo reads one line of what a module says of itself.
func AddInfo(m *Module, line string) { m.add(line) }
