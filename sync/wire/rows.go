package wire

// What follows decodes the rows of which a site has very many, and events, once check has held
// them against their shape; a terminal reads all of its rows at its start, a hub all events.
// The library's way, by reflection, takes three times as long.

// checked walks over an encoding that check took: no head and no item in it is wrong.
type checked struct{ checker }

// fast decodes a checked row into v, if it is one of the frequent ones.
func fast(b []byte, v any) bool {
	c := checked{checker{b: b}}
	switch v := v.(type) {
	case *Account:
		c.account(v)
	case *Binding:
		c.binding(v)
	case *Grant:
		c.grant(v)
	case *PIN:
		c.pin(v)
	case *Offer:
		c.offer(v)
	case *Event:
		c.event(v)
	default:
		return false
	}
	return true
}

func (c *checked) account(a *Account) {
	for range c.count() {
		switch c.key() {
		case 1:
			a.Kind = AccountKind(c.uint())
		case 2:
			a.State = AccountState(c.uint())
		case 3:
			a.Number = c.uint()
		case 4:
			a.Aliases = c.uints()
		case 5:
			a.Label = c.text()
		case 6:
			a.Name = c.text()
		case 8:
			a.Lang = c.text()
		case 9:
			a.Expires = c.int()
		case 10:
			a.Groups = c.uints()
		case 11:
			a.EmailState = EmailState(c.uint())
		default:
			c.skip()
		}
	}
}

func (c *checked) binding(row *Binding) {
	for range c.count() {
		switch c.key() {
		case 1:
			row.Account = c.id()
		case 2:
			row.State = BindingState(c.uint())
		case 3:
			row.Assurance = Assurance(c.uint())
		case 4:
			row.Expires = c.int()
		default:
			c.skip()
		}
	}
}

func (c *checked) grant(g *Grant) {
	for range c.count() {
		switch c.key() {
		case 1:
			g.Account = c.id()
		case 2:
			g.Door = c.text()
		case 3:
			g.From = c.int()
		case 4:
			g.To = c.int()
		case 5:
			g.Deny = c.bool()
		case -1:
			g.Group = c.uint()
		case -2:
			g.Schedule = c.uint()
		default:
			c.skip()
		}
	}
}

func (c *checked) pin(p *PIN) {
	for range c.count() {
		switch c.key() {
		case 1:
			p.Account = c.id()
		default:
			c.skip()
		}
	}
}

func (c *checked) offer(o *Offer) {
	for range c.count() {
		switch c.key() {
		case 1:
			o.Services = c.uints()
		case 2:
			o.All = c.bool()
		case 3:
			o.Groups = c.uints()
		case 4:
			o.Agreed = c.uint()
		default:
			c.skip()
		}
	}
}

// count is that of an array or a map.
func (c *checked) count() uint64 { return c.uint() }

// key is that of the next field.
func (c *checked) key() int64 { return c.int() }

func (c *checked) uint() uint64 {
	_, arg, _ := c.head()
	return arg
}

func (c *checked) int() int64 {
	major, arg, _ := c.head()
	if major == majorNegint {
		return ^int64(arg)
	}
	return int64(arg)
}

func (c *checked) bool() bool { return c.uint() == 21 }

func (c *checked) octets() []byte {
	n := int(c.uint())
	c.i += n
	return c.b[c.i-n : c.i]
}

func (c *checked) text() string { return string(c.octets()) }
func (c *checked) id() [16]byte { return [16]byte(c.octets()) }
func (c *checked) skip()        { _ = c.item(free, 0) }
func (c *checked) uints() []uint64 {
	out := make([]uint64, c.count())
	for i := range out {
		out[i] = c.uint()
	}
	return out
}
