package hid

import "fmt"

// maxDescriptor is the longest report descriptor that Linux takes
// (HID_MAX_DESCRIPTOR_SIZE).
const maxDescriptor = 4096

// tag is the first byte of a short item without the size of its data (HID 1.11,
// 6.2.2.2).
type tag byte

// The items of HID 1.11, 6.2.2.4 (main), 6.2.2.7 (global) and 6.2.2.8 (local).
const (
	tagInput         tag = 0x80
	tagOutput        tag = 0x90
	tagCollection    tag = 0xA0
	tagFeature       tag = 0xB0
	tagEndCollection tag = 0xC0

	tagUsagePage    tag = 0x04
	tagLogicalMin   tag = 0x14
	tagLogicalMax   tag = 0x24
	tagPhysicalMin  tag = 0x34
	tagPhysicalMax  tag = 0x44
	tagUnitExponent tag = 0x54
	tagUnit         tag = 0x64
	tagReportSize   tag = 0x74
	tagReportID     tag = 0x84
	tagReportCount  tag = 0x94
	tagPush         tag = 0xA4
	tagPop          tag = 0xB4

	tagUsage         tag = 0x08
	tagUsageMin      tag = 0x18
	tagUsageMax      tag = 0x28
	tagDesignator    tag = 0x38
	tagDesignatorMin tag = 0x48
	tagDesignatorMax tag = 0x58
	tagString        tag = 0x78
	tagStringMin     tag = 0x88
	tagStringMax     tag = 0x98
	tagDelimiter     tag = 0xA8

	longItem = 0xFE
)

// item is a short item.
type item struct {
	tag  tag
	size int    // bytes of data: 0, 1, 2 or 4
	data uint32 // little-endian, without a sign
}

// signed is the data as a signed number of its size.
func (it item) signed() int32 {
	shift := 32 - 8*it.size
	return int32(it.data<<shift) >> shift
}

// nextItem reads the item at the start of desc and tells its length.
func nextItem(desc []byte) (item, int, error) {
	if desc[0] == longItem {
		return item{}, 0, fmt.Errorf("a long item: HID 1.11 defines none")
	}
	it := item{tag: tag(desc[0] &^ 3), size: int(desc[0] & 3)}
	if it.size == 3 {
		it.size = 4
	}
	if len(desc) < 1+it.size {
		return item{}, 0, fmt.Errorf("the descriptor ends within the item %02X, which has %d bytes of data", desc[0], it.size)
	}
	for i := range it.size {
		it.data |= uint32(desc[1+i]) << (8 * i)
	}
	return it, 1 + it.size, nil
}
