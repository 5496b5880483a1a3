package wire

import "slices"

func (c *checked) event(e *Event) {
	for range c.count() {
		switch key := c.key(); key {
		case 1:
			e.Order = c.uint()
		case 2:
			e.Kind = EventKind(c.uint())
		case 3:
			e.Point = c.text()
		case 4:
			e.Outcome = Outcome(c.uint())
		case 5:
			e.Reason = Reason(c.uint())
		case 6:
			e.Account = c.bytes()
		case 7:
			e.Card = c.bytes()
		case 8:
			e.Claim = c.bytes()
		case 9:
			e.At = c.int()
		case 10:
			e.Clock = Clock(c.uint())
		case 11:
			e.Boot = c.bytes()
		case 12:
			e.Mono = c.int()
		default:
			c.rareOfEvent(e, key)
		}
	}
}

// rareOfEvent decodes what the event of a swipe does not have.
func (c *checked) rareOfEvent(e *Event, key int64) {
	switch key {
	case 13:
		e.Number = c.uint()
	case 14:
		e.Label = c.text()
	case 15:
		e.Edit = new(Edit)
		c.edit(e.Edit)
	case 16:
		e.Device = c.text()
	case 17:
		e.Why = c.text()
	case 18:
		e.Assurance = Assurance(c.uint())
	case 19:
		e.Count = c.uint()
	case 20:
		e.Door = c.text()
	default:
		c.skip()
	}
}

func (c *checked) edit(e *Edit) {
	for range c.count() {
		switch c.key() {
		case 1:
			e.Name = c.text()
		case 2:
			e.Email = c.text()
		case 3:
			e.Lang = c.text()
		default:
			c.skip()
		}
	}
}

// bytes are those of a byte string, apart from what is decoded.
func (c *checked) bytes() []byte { return slices.Clone(c.octets()) }
