package main

import (
	"fmt"
	"io"
	"os"
)

// progress is a line on a person's screen that says how far long work is. Where nobody looks
// (a pipe, a file), it says nothing.
type progress struct {
	out   io.Writer
	verb  string
	shown string
}

func (a *app) progress(verb string) *progress {
	p := &progress{verb: verb}
	if f, ok := a.io.Err.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = f
		}
	}
	return p
}

// show writes the line anew when what it says has changed.
func (p *progress) show(done, total int64) {
	if p.out == nil || total == 0 {
		return
	}
	line := fmt.Sprintf("\r%s %d %% of %s ", p.verb, done*100/total, megabytes(total))
	if line != p.shown {
		p.shown = line
		fmt.Fprint(p.out, line)
	}
}

// end leaves the line.
func (p *progress) end() {
	if p.shown != "" {
		fmt.Fprintln(p.out)
	}
}
