package agent

import (
	"badged/internal/health"
	"badged/reader"
)

// typedShare is how many badges of a reader there may be for one that looks like a typed number:
// of badges whose facility is any of 256, one in 256 does.
const typedShare = 20

// typed counts the badges of a reader that may be numbers which a keypad sent as badges.
type typed struct {
	cards, like uint64
	told        bool // health has it
	keys        bool // its keypad sends keys, so that it sends no numbers
}

func (d *device) typedName() string { return d.healthName() + " keypad" }

// suspectTyped shows in health that badges of a reader look like numbers that people type.
func (a *Agent) suspectTyped(d *device, c reader.Card) {
	if d.MayBeTyped == nil || d.typed.keys {
		return
	}
	d.typed.cards++
	if d.MayBeTyped(c) {
		d.typed.like++
	}
	a.showTyped(d, d.typed.like*typedShare >= d.typed.cards)
}

// endTypedSuspicion ends the suspicion: the reader's keypad sends each key by itself.
func (a *Agent) endTypedSuspicion(d *device) {
	d.typed.keys = true
	a.showTyped(d, false)
}

// showTyped sets or clears the warning in health.
func (a *Agent) showTyped(d *device, suspect bool) {
	if d.typed.told == suspect {
		return
	}
	d.typed.told = suspect
	it := health.Item{Name: d.typedName()}
	if suspect {
		it.State = health.Warn
		it.Text = "reader " + d.name + " gives badges of facility 0: a keypad that sends the whole number as one frame does that, and the number that somebody typed is taken for a badge"
		it.Do = `if it has such a keypad, set keypad = "frame" in its options; if it has none, set keypad = "none" (docs/readers.md, «Keypads that send whole numbers»)`
	}
	a.opts.Health.Set(it)
}
