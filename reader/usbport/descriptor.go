package usbport

// The bounds of what a descriptor may claim: it comes from the device.
const (
	maxUsages  = 16
	maxReport  = 4096
	longItem   = 0xFE
	maxOfBytes = maxReport - 1
)

// layout is the part of a report descriptor that a port needs. The decoder interprets the
// reports.
type layout struct {
	usages  []Usage // of the top-level collections
	input   int     // bytes of the longest input report, with its id
	feature int     // of the longest feature report, with its id or the 0 for it
}

// Items of a report descriptor without their size bits: HID 1.11, section 6.2.2.
const (
	itemInput      = 0x80
	itemFeature    = 0xB0
	itemCollection = 0xA0
	itemEnd        = 0xC0
	itemPage       = 0x04
	itemSize       = 0x74
	itemID         = 0x84
	itemCount      = 0x94
	itemPush       = 0xA4
	itemPop        = 0xB4
	itemUsage      = 0x08
)

// globals are the items that stay in force until they are set again.
type globals struct {
	page        uint16
	id          byte
	size, count uint32
}

// descriptor reads a report descriptor, which may be hostile. It skips what it does not
// understand.
type descriptor struct {
	globals
	stack   []globals
	usage   Usage // the first since the last main item
	named   bool  // there is one
	depth   int
	inputs  [256]uint32 // bits of the input reports, by id
	feature [256]uint32
	out     layout
}

func parseDescriptor(p []byte) layout {
	var d descriptor
	for len(p) > 0 {
		n := itemLen(p)
		if n > len(p) {
			break
		}
		if p[0] != longItem {
			d.applyItem(p[0]&^3, p[1:n])
		}
		p = p[n:]
	}
	d.out.input = longestBytes(&d.inputs)
	d.out.feature = longestBytes(&d.feature)
	return d.out
}

// itemLen is the length of the item that p starts with.
func itemLen(p []byte) int {
	if p[0] == longItem && len(p) > 1 {
		return 3 + int(p[1])
	}
	n := int(p[0] & 3)
	if n == 3 {
		n = 4
	}
	return 1 + n
}

func (d *descriptor) applyItem(tag byte, data []byte) {
	v := littleEndian(data)
	switch tag {
	case itemPage:
		d.page = uint16(v)
	case itemSize:
		d.size = v
	case itemID:
		d.id = byte(v)
	case itemCount:
		d.count = v
	case itemPush:
		if len(d.stack) < maxUsages {
			d.stack = append(d.stack, d.globals)
		}
	case itemPop:
		if n := len(d.stack); n > 0 {
			d.globals, d.stack = d.stack[n-1], d.stack[:n-1]
		}
	case itemUsage:
		d.setUsage(v, len(data) == 4)
	default:
		d.applyMain(tag)
	}
}

// setUsage sets the usage of the next main item; a long one contains its page.
func (d *descriptor) setUsage(v uint32, long bool) {
	if d.named {
		return
	}
	d.named = true
	d.usage = Usage{d.page, uint16(v)}
	if long {
		d.usage.Page = uint16(v >> 16)
	}
}

func (d *descriptor) applyMain(tag byte) {
	switch tag {
	case itemInput:
		d.addFields(&d.inputs)
	case itemFeature:
		d.addFields(&d.feature)
	case itemCollection:
		if d.depth == 0 && len(d.out.usages) < maxUsages {
			d.out.usages = append(d.out.usages, d.usage)
		}
		d.depth++
	case itemEnd:
		d.depth = max(0, d.depth-1)
	default:
		if tag&0x0C != 0 { // a global or local item that does not matter here
			return
		}
	}
	d.named, d.usage = false, Usage{}
}

// addFields adds the present fields to the length of the present report.
func (d *descriptor) addFields(bits *[256]uint32) {
	n := uint64(bits[d.id]) + uint64(d.size)*uint64(d.count)
	bits[d.id] = uint32(min(n, 8*maxOfBytes))
}

// longestBytes returns the bytes of the longest report, with one for the id.
func longestBytes(bits *[256]uint32) int {
	most := uint32(0)
	for _, n := range bits {
		most = max(most, n)
	}
	return 1 + int(most+7)/8
}

func littleEndian(p []byte) uint32 {
	var v uint32
	for i, b := range p {
		v |= uint32(b) << (8 * i)
	}
	return v
}
