package hid

import (
	"errors"
	"fmt"
	"slices"
)

// span is a run of extended usages.
type span struct{ first, last uint32 }

// pageLess marks a usage that was written without its page until the main item, whose
// page it then has (HID 1.11, 6.2.2.8).
const pageLess = 0

func (p *parser) localItem(it item) error {
	switch it.tag {
	case tagUsage:
		if p.local.open && p.chosen {
			return nil // alternatives of a delimited set
		}
		p.chosen = p.local.open
		p.usages = append(p.usages, span{it.data, it.data})
	case tagUsageMin:
		p.local.min, p.hasMin = it.data, true
		return p.usageRange()
	case tagUsageMax:
		p.local.max, p.hasMax = it.data, true
		return p.usageRange()
	case tagDelimiter:
		return p.setDelimiter(it.data)
	case tagDesignator, tagDesignatorMin, tagDesignatorMax, tagString, tagStringMin, tagStringMax:
		// How a key looks and what it is called does not matter.
	default:
		return fmt.Errorf("local item %02X is reserved", byte(it.tag))
	}
	return nil
}

// usageRange adds a range once both its ends are known.
func (p *parser) usageRange() error {
	if !p.hasMin || !p.hasMax {
		return nil
	}
	first, last := p.local.min, p.local.max
	p.hasMin, p.hasMax = false, false
	if first>>16 == pageLess {
		first |= last &^ 0xFFFF
	}
	if last>>16 == pageLess {
		last |= first &^ 0xFFFF
	}
	switch {
	case first>>16 != last>>16:
		return errors.New("a range of usages across two pages")
	case first > last:
		return fmt.Errorf("usage minimum %X is above the maximum %X", first, last)
	}
	p.usages = append(p.usages, span{first, last})
	return nil
}

func (p *parser) setDelimiter(data uint32) error {
	switch {
	case data > 1:
		return fmt.Errorf("delimiter %d: must be 1 (open) or 0 (close)", data)
	case (data == 1) == p.local.open:
		return errors.New("delimiters must be opened once and then closed")
	}
	p.local.open, p.chosen = data == 1, false
	return nil
}

// withPage adds the page of the main item to a usage that was written without one.
func (p *parser) withPage(usage uint32) uint32 {
	if usage>>16 == pageLess {
		usage |= uint32(p.page) << 16
	}
	return usage
}

// collectionUsage is the usage of a collection; 0: it has none.
func (p *parser) collectionUsage() uint32 {
	if len(p.usages) == 0 {
		return 0
	}
	return p.withPage(p.usages[0].first)
}

// keyUsages returns the first n usages of the main item as keys; 0 stands for a usage that is no key.
func (p *parser) keyUsages(n int) []byte {
	out := make([]byte, 0, n)
	for _, s := range p.usages {
		for usage := p.withPage(s.first); usage <= p.withPage(s.last) && len(out) < n; usage++ {
			key := byte(usage)
			if usage>>8 != pageKeyboard<<8 {
				key = 0
			}
			out = append(out, key)
		}
	}
	return out
}

// addInput adds the fields of an input item to their report.
func (p *parser) addInput(flags uint32) error {
	if err := p.checkInput(); err != nil {
		return err
	}
	r := p.currentReport()
	bits := uint64(p.size) * uint64(p.count)
	if uint64(r.bits)+bits > maxReport {
		return fmt.Errorf("an input report of more than %d bytes", maxReport/8)
	}
	offset := r.bits
	r.bits += int(bits)
	if flags&flagConstant == 0 && p.open[len(p.open)-1].keyboard {
		if err := p.keyField(r, flags, offset); err != nil {
			return err
		}
	}
	if len(r.fields) > 0 && r.bits > maxKeyBits {
		return fmt.Errorf("a report with keys of more than %d bytes", maxKeyBits/8)
	}
	return nil
}

// checkInput fails on an input item that HID does not allow.
func (p *parser) checkInput() error {
	switch {
	case len(p.open) == 0 || !p.open[len(p.open)-1].application:
		return errors.New("an input outside any application collection")
	case p.size == 0 || p.count == 0:
		return fmt.Errorf("an input of %d fields of %d bits", p.count, p.size)
	case p.hasMin || p.hasMax:
		return errors.New("a range of usages with one end")
	case p.logMin < 0 && p.logMax < p.logMin || p.logMin >= 0 && p.rawMax < uint32(p.logMin):
		return fmt.Errorf("logical minimum %d is above the maximum %d", p.logMin, p.logMax)
	}
	p.bare = p.bare || !p.numbered
	return nil
}

// keyField keeps an input field of a keyboard, if it holds keys.
func (p *parser) keyField(r *report, flags uint32, offset int) error {
	f := field{offset: offset, size: int(p.size), count: int(p.count), array: flags&flagVariable == 0}
	f.first, f.last = int64(p.logMin), int64(p.rawMax)
	if f.first < 0 {
		f.last = int64(p.logMax)
	}
	f.keys = p.keyUsages(maxKeyBits)
	if !slices.ContainsFunc(f.keys, func(key byte) bool { return key != 0 }) {
		return nil
	}
	n := 0
	for _, r := range p.list {
		n += len(r.fields)
	}
	switch {
	case f.size > maxSlotBits:
		return fmt.Errorf("a key in %d bits: must be at most %d", f.size, maxSlotBits)
	case n == maxFields:
		return fmt.Errorf("more than %d fields of keys", maxFields)
	}
	r.fields = append(r.fields, f)
	return nil
}

// currentReport returns the report with the present id, and adds it if it is new.
func (p *parser) currentReport() *report {
	for i := range p.list {
		if p.list[i].id == p.id {
			return &p.list[i]
		}
	}
	p.list = append(p.list, report{id: p.id})
	return &p.list[len(p.list)-1]
}
