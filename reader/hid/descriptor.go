package hid

import (
	"errors"
	"fmt"
	"slices"
)

// The bounds of a descriptor, beside its length.
const (
	maxDepth    = 16       // collections within each other
	maxPushes   = 4        // as Linux takes (HID_GLOBAL_STACK_SIZE)
	maxFields   = 256      // of keys
	maxReport   = 8 * 4096 // bits of an input report
	maxKeyBits  = 8 * 64   // of one with keys: no keyboard needs more than one packet of full speed
	maxSlotBits = 32       // a field may not span more than four bytes (HID 1.11, 8.4)
)

// The usages that identify the descriptor of a keyboard.
const (
	pageDesktop  = 0x01
	pageKeyboard = 0x07

	usageKeyboard = pageDesktop<<16 | 0x06
	usageKeypad   = pageDesktop<<16 | 0x07

	// Collections 07 to 7F are reserved, those from 80 on the maker's (6.2.2.6).
	collectionApplication = 0x01
	collectionReserved    = 0x07
	collectionVendor      = 0x80

	flagConstant = 1 << 0
	flagVariable = 1 << 1
)

// global is the state that Push keeps and Pop brings back.
type global struct {
	page           uint16
	logMin, logMax int32
	rawMax         uint32 // the maximum without a sign
	size, count    uint32
	id             byte
}

// local is the state that ends with each main item. A usage is extended: its page is
// in the upper 16 bits.
type local struct {
	usages   []span
	min, max uint32
	hasMin   bool
	hasMax   bool
	open     bool // within a delimited set
	chosen   bool // which has its usage: the first counts
}

// collection is an open one.
type collection struct {
	application bool // it is within one
	keyboard    bool // the innermost application is a keyboard or keypad
}

// parser reads a report descriptor. It counts the bits of all input fields, and keeps those of
// the keyboard page within a keyboard's collection.
type parser struct {
	global
	local
	pushed []global
	open   []collection
	reports
	bare bool // there was an input field before any report id
}

// parseDescriptor reads a report descriptor. An error says what is wrong at which byte.
func parseDescriptor(desc []byte) (reports, error) {
	if len(desc) == 0 || len(desc) > maxDescriptor {
		return reports{}, fmt.Errorf("report descriptor: %d bytes: must be 1 to %d", len(desc), maxDescriptor)
	}
	var p parser
	for at := 0; at < len(desc); {
		it, n, err := nextItem(desc[at:])
		if err == nil {
			err = p.applyItem(it)
		}
		if err != nil {
			return reports{}, fmt.Errorf("report descriptor: byte %d: %w", at, err)
		}
		at += n
	}
	if err := p.checkEnd(); err != nil {
		return reports{}, fmt.Errorf("report descriptor: %w", err)
	}
	return p.reports, nil
}

// checkEnd checks the whole descriptor: all collections are closed, and there is a keyboard.
func (p *parser) checkEnd() error {
	if len(p.open) > 0 {
		return fmt.Errorf("the descriptor ends within %d collections", len(p.open))
	}
	if !slices.ContainsFunc(p.list, report.hasKeys) {
		return errors.New("no keyboard: no input of keys (usage page 07) in a collection Keyboard or Keypad")
	}
	return nil
}

func (p *parser) applyItem(it item) error {
	switch it.tag & 0x0C {
	case 0x00:
		return p.applyMain(it)
	case 0x04:
		return p.globalItem(it)
	case 0x08:
		return p.localItem(it)
	}
	return fmt.Errorf("item %02X: its type is reserved", byte(it.tag))
}

func (p *parser) applyMain(it item) error {
	if p.local.open {
		return errors.New("a delimited set of usages is not closed")
	}
	var err error
	switch it.tag {
	case tagInput:
		err = p.addInput(it.data)
	case tagOutput, tagFeature:
		if len(p.open) == 0 {
			err = errors.New("an output or feature outside any collection")
		}
	case tagCollection:
		err = p.openCollection(it.data)
	case tagEndCollection:
		if len(p.open) == 0 {
			return errors.New("a collection is closed that was not opened")
		}
		p.open = p.open[:len(p.open)-1]
	default:
		err = fmt.Errorf("main item %02X is reserved", byte(it.tag))
	}
	p.local = local{}
	return err
}

func (p *parser) openCollection(kind uint32) error {
	if kind >= collectionReserved && kind < collectionVendor || kind > 0xFF {
		return fmt.Errorf("a collection of the reserved type %02X", kind)
	}
	if len(p.open) == maxDepth {
		return fmt.Errorf("more than %d collections within each other", maxDepth)
	}
	var c collection
	if len(p.open) > 0 {
		c = p.open[len(p.open)-1]
	}
	if kind == collectionApplication {
		usage := p.collectionUsage()
		c = collection{application: true, keyboard: usage == usageKeyboard || usage == usageKeypad}
	}
	p.open = append(p.open, c)
	return nil
}

func (p *parser) globalItem(it item) error {
	switch it.tag {
	case tagUsagePage:
		if it.data > 0xFFFF {
			return fmt.Errorf("usage page %X: must be at most FFFF", it.data)
		}
		p.page = uint16(it.data)
	case tagLogicalMin:
		p.logMin = it.signed()
	case tagLogicalMax:
		p.logMax, p.rawMax = it.signed(), it.data
	case tagReportSize:
		p.size = it.data
	case tagReportCount:
		p.count = it.data
	case tagReportID:
		return p.setReportID(it.data)
	case tagPush:
		if len(p.pushed) == maxPushes {
			return fmt.Errorf("more than %d pushes", maxPushes)
		}
		p.pushed = append(p.pushed, p.global)
	case tagPop:
		return p.popGlobal()
	case tagPhysicalMin, tagPhysicalMax, tagUnitExponent, tagUnit:
		// Keys have no physical value: what a report holds are logical ones.
	default:
		return fmt.Errorf("global item %02X is reserved", byte(it.tag))
	}
	return nil
}

func (p *parser) setReportID(id uint32) error {
	switch {
	case id == 0 || id > 0xFF:
		return fmt.Errorf("report id %d: must be 1 to 255", id)
	case p.bare:
		return errors.New("a report id after input without one")
	}
	p.id, p.numbered = byte(id), true
	return nil
}

func (p *parser) popGlobal() error {
	if len(p.pushed) == 0 {
		return errors.New("a pop without a push")
	}
	top := len(p.pushed) - 1
	if p.numbered && p.pushed[top].id == 0 {
		return errors.New("a pop takes the report id away")
	}
	p.global, p.pushed = p.pushed[top], p.pushed[:top]
	return nil
}
