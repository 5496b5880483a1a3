package wire

// The functions below decode events and the rows of which a site has very many, after check has
// verified their shape; a terminal reads all of its rows at its start, a hub all events. The
// library, which uses reflection, takes three times as long.

// checked reads an encoding that check has accepted, so that no head or item in it can fail.
type checked struct{ checker }

// decodeFrequent decodes a checked row into v, if it is one of the frequent ones.
func decodeFrequent(b []byte, v any) bool {
	c := checked{checker{b: b}}
	switch v := v.(type) {
	case *Account:
		c.readAccount(v)
	case *Binding:
		c.readBinding(v)
	case *Grant:
		c.readGrant(v)
	case *PIN:
		c.readPIN(v)
	case *Offer:
		c.readOffer(v)
	case *Event:
		c.readEvent(v)
	default:
		return false
	}
	return true
}

func (c *checked) readAccount(a *Account) {
	for range c.readCount() {
		switch c.readFieldKey() {
		case 1:
			a.Kind = AccountKind(c.readUint())
		case 2:
			a.State = AccountState(c.readUint())
		case 3:
			a.Number = c.readUint()
		case 4:
			a.Aliases = c.readUints()
		case 5:
			a.Label = c.readText()
		case 6:
			a.Name = c.readText()
		case 8:
			a.Lang = c.readText()
		case 9:
			a.Expires = c.readInt()
		case 10:
			a.Groups = c.readUints()
		case 11:
			a.EmailState = EmailState(c.readUint())
		default:
			c.skipItem()
		}
	}
}

func (c *checked) readBinding(row *Binding) {
	for range c.readCount() {
		switch c.readFieldKey() {
		case 1:
			row.Account = c.readID()
		case 2:
			row.State = BindingState(c.readUint())
		case 3:
			row.Assurance = Assurance(c.readUint())
		case 4:
			row.Expires = c.readInt()
		default:
			c.skipItem()
		}
	}
}

func (c *checked) readGrant(g *Grant) {
	for range c.readCount() {
		switch c.readFieldKey() {
		case 1:
			g.Account = c.readID()
		case 2:
			g.Door = c.readText()
		case 3:
			g.From = c.readInt()
		case 4:
			g.To = c.readInt()
		case 5:
			g.Deny = c.readBool()
		case -1:
			g.Group = c.readUint()
		case -2:
			g.Schedule = c.readUint()
		default:
			c.skipItem()
		}
	}
}

func (c *checked) readPIN(p *PIN) {
	for range c.readCount() {
		switch c.readFieldKey() {
		case 1:
			p.Account = c.readID()
		default:
			c.skipItem()
		}
	}
}

func (c *checked) readOffer(o *Offer) {
	for range c.readCount() {
		switch c.readFieldKey() {
		case 1:
			o.Services = c.readUints()
		case 2:
			o.All = c.readBool()
		case 3:
			o.Groups = c.readUints()
		case 4:
			o.Agreed = c.readUint()
		default:
			c.skipItem()
		}
	}
}

// readCount reads the length of an array or a map.
func (c *checked) readCount() uint64 { return c.readUint() }

// readFieldKey reads the key of the next field.
func (c *checked) readFieldKey() int64 { return c.readInt() }

func (c *checked) readUint() uint64 {
	_, arg, _ := c.readHead()
	return arg
}

func (c *checked) readInt() int64 {
	major, arg, _ := c.readHead()
	if major == majorNegint {
		return ^int64(arg)
	}
	return int64(arg)
}

func (c *checked) readBool() bool { return c.readUint() == 21 }

func (c *checked) readOctets() []byte {
	n := int(c.readUint())
	c.i += n
	return c.b[c.i-n : c.i]
}

func (c *checked) readText() string { return string(c.readOctets()) }
func (c *checked) readID() [16]byte { return [16]byte(c.readOctets()) }
func (c *checked) skipItem()        { _ = c.checkItem(free, 0) }
func (c *checked) readUints() []uint64 {
	out := make([]uint64, c.readCount())
	for i := range out {
		out[i] = c.readUint()
	}
	return out
}
