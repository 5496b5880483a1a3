package wire

import "slices"

func (c *checked) readEvent(e *Event) {
	for range c.readCount() {
		switch key := c.readFieldKey(); key {
		case 1:
			e.Order = c.readUint()
		case 2:
			e.Kind = EventKind(c.readUint())
		case 3:
			e.Point = c.readText()
		case 4:
			e.Outcome = Outcome(c.readUint())
		case 5:
			e.Reason = Reason(c.readUint())
		case 6:
			e.Account = c.readBytes()
		case 7:
			e.Card = c.readBytes()
		case 8:
			e.Claim = c.readBytes()
		case 9:
			e.At = c.readInt()
		case 10:
			e.Clock = Clock(c.readUint())
		case 11:
			e.Boot = c.readBytes()
		case 12:
			e.Mono = c.readInt()
		default:
			c.readRareOfEvent(e, key)
		}
	}
}

// readRareOfEvent decodes a field that the event of a swipe does not have.
func (c *checked) readRareOfEvent(e *Event, key int64) {
	switch key {
	case 13:
		e.Number = c.readUint()
	case 14:
		e.Label = c.readText()
	case 15:
		e.Edit = new(Edit)
		c.readEdit(e.Edit)
	case 16:
		e.Device = c.readText()
	case 17:
		e.Why = c.readText()
	case 18:
		e.Assurance = Assurance(c.readUint())
	case 19:
		e.Count = c.readUint()
	case 20:
		e.Door = c.readText()
	default:
		c.skipItem()
	}
}

func (c *checked) readEdit(e *Edit) {
	for range c.readCount() {
		switch c.readFieldKey() {
		case 1:
			e.Name = c.readText()
		case 2:
			e.Email = c.readText()
		case 3:
			e.Lang = c.readText()
		default:
			c.skipItem()
		}
	}
}

// readBytes returns a copy of a byte string.
func (c *checked) readBytes() []byte { return slices.Clone(c.readOctets()) }
