package sim

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// HostileDescriptor is a report descriptor that no program may take a keyboard from.
type HostileDescriptor struct {
	Name  string
	Bytes []byte
}

// HostileDescriptors are descriptors that are broken, endless or not of a keyboard.
func HostileDescriptors() []HostileDescriptor {
	return slices.Concat(hostileItems(), hostileStacks(), hostileSizes(), hostileUsages(), hostileOthers())
}

// hidWithin puts items into the collection of a keyboard, in front of its keys.
func hidWithin(items ...byte) []byte { return hidCollection(0x06, items, hidKeys()) }

// hidInstead replaces bytes of the boot keyboard's descriptor.
func hidInstead(old, with string) []byte {
	return bytes.Replace(hidBoot(), []byte(old), []byte(with), 1)
}

// hidInput is an input of so many fields of so many bits.
func hidInput(size, count uint32, flags byte) []byte {
	p := binary.LittleEndian.AppendUint32([]byte{0x77}, size)
	p = binary.LittleEndian.AppendUint32(append(p, 0x97), count)
	return append(p, 0x81, flags)
}

// hostileItems have items that are cut off, or that no version of HID defines.
func hostileItems() []HostileDescriptor {
	boot := hidBoot()
	return []HostileDescriptor{
		{"nothing", nil},
		{"one byte of nothing", []byte{0}},
		{"zeros only", make([]byte, 64)},
		{"ones only", bytes.Repeat([]byte{0xFF}, 64)},
		{"cut in an item of one byte", boot[:len(boot)-2]},
		{"cut in an item of two bytes", append(hidWithin(), 0x06, 0x00)},
		{"cut in an item of four bytes", append(hidWithin(), 0x07, 0x00, 0x00, 0x00)},
		{"cut in the first item", boot[:1]},
		{"a long item", hidWithin(0xFE, 0x02, 0xF0, 0x00, 0x00)},
		{"a long item that says it is endless", append([]byte{0xFE, 0xFF, 0x00}, boot...)},
		{"an item of the reserved type", hidWithin(0x0D, 0x01)},
		{"a reserved main item", hidWithin(0xD1, 0x01)},
		{"a reserved global item", hidWithin(0xC5, 0x01)},
		{"a reserved local item", hidWithin(0xB9, 0x01)},
		{"the reserved local item between string and designator", hidWithin(0x69, 0x01)},
		{"a usage page of four bytes", hidWithin(0x07, 0x07, 0x00, 0x01, 0x00)},
		{"a collection of a reserved type", hidWithin(0xA1, 0x07, 0xC0)},
		{"a collection of a type of two bytes", hidWithin(0xA2, 0x01, 0x01, 0xC0)},
	}
}

// hostileStacks open, close, push, pop and delimit in ways that do not match.
func hostileStacks() []HostileDescriptor {
	deep := slices.Concat(bytes.Repeat([]byte{0xA1, 0x00}, 1000), bytes.Repeat([]byte{0xC0}, 1000))
	return []HostileDescriptor{
		{"a collection that is not closed", hidBoot()[:len(hidBoot())-1]},
		{"a collection closed twice", append(hidBoot(), 0xC0)},
		{"an end before any begin", append([]byte{0xC0}, hidBoot()...)},
		{"a thousand collections within each other", hidWithin(deep...)},
		{"collections that never end", bytes.Repeat([]byte{0xA1, 0x01}, 2000)},
		{"a pop without a push", hidWithin(0xB4)},
		{"two pops for one push", hidWithin(0xA4, 0xB4, 0xB4)},
		{"a thousand pushes", hidWithin(bytes.Repeat([]byte{0xA4}, 1000)...)},
		{"a pop that takes the report id away", hidCollection(0x06, []byte{0xA4, 0x85, 0x01}, hidKeys(), []byte{0xB4}, hidKeys())},
		{"a delimiter in a delimiter", hidWithin(0xA9, 0x01, 0xA9, 0x01)},
		{"a delimiter closed that was not opened", hidWithin(0xA9, 0x00)},
		{"a delimiter still open at the input", hidWithin(0xA9, 0x01, 0x09, 0x04)},
		{"a delimiter that neither opens nor closes", hidWithin(0xA9, 0x02)},
		{"keys outside any collection", hidKeys()},
		{"keys in a collection that is no application", slices.Concat([]byte{0x05, 0x01, 0x09, 0x06, 0xA1, 0x00}, hidKeys(), []byte{0xC0})},
		{"a light outside any collection", append(hidLights(), hidBoot()...)},
	}
}

// hostileSizes have reports without an end, or without a size.
func hostileSizes() []HostileDescriptor {
	return []HostileDescriptor{
		{"longer than any descriptor", bytes.Repeat(hidBoot(), 65)},
		{"one byte longer than any descriptor", append(bytes.Repeat([]byte{0x09, 0x01}, 2048), 0xC0)},
		{"fields of no bits", hidWithin(hidInput(0, 8, 2)...)},
		{"no fields", hidWithin(hidInput(8, 0, 2)...)},
		{"fields of 4 Gbit", hidWithin(hidInput(0xFFFFFFFF, 1, 1)...)},
		{"4 G fields", hidWithin(hidInput(1, 0xFFFFFFFF, 1)...)},
		{"a size and a count whose product is 0 in 32 bits", hidWithin(hidInput(1<<16, 1<<16, 1)...)},
		{"a size and a count whose product is 8 in 32 bits", hidWithin(hidInput(8, 1<<29+1, 1)...)},
		{"a report of 64 kB", hidWithin(hidInput(8, 65535, 1)...)},
		{"a report that grows past 4 kB", hidWithin(bytes.Repeat(hidInput(32, 255, 1), 8)...)},
		{"four thousand keys at a time", hidWithin(append([]byte{0x05, 0x07, 0x19, 0, 0x29, 0x65, 0x15, 0, 0x25, 0x65}, hidInput(8, 4000, 0)...)...)},
		{"keys of 33 bits", hidWithin(append([]byte{0x05, 0x07, 0x19, 0, 0x29, 0x65, 0x15, 0, 0x25, 0x65}, hidInput(33, 1, 0)...)...)},
		{"a keyboard at the end of a report of 65 bytes", hidWithin(hidInput(8, 57, 1)...)},
		{"three hundred inputs of one key", hidWithin(bytes.Repeat([]byte{0x05, 0x07, 0x09, 0x04, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x81, 0x02}, 300)...)},
		{"report id 0", hidWithin(0x85, 0x00)},
		{"report id 256", hidWithin(0x86, 0x00, 0x01)},
		{"a report id after keys without one", append(hidBoot(), hidWithID()...)},
	}
}

// hostileUsages have keys that cannot be told.
func hostileUsages() []HostileDescriptor {
	return []HostileDescriptor{
		{"usages that run backwards", hidInstead("\x19\x00\x29\x65", "\x19\x65\x29\x00")},
		{"usages without a maximum", hidInstead("\x29\x65", "")},
		{"usages without a minimum", hidInstead("\x19\x00\x29\x65", "\x29\x65")},
		{"usages across two pages", hidInstead("\x19\x00\x29\x65", "\x1B\x00\x00\x07\x00\x2B\x65\x00\x08\x00")},
		{"usages from nothing to everything", hidInstead("\x19\x00\x29\x65", "\x1B\x00\x00\x00\x00\x2B\xFF\xFF\xFF\xFF")},
		{"logical values that run backwards", hidInstead("\x15\x00\x25\x65", "\x15\x65\x25\x00")},
		{"logical values that run backwards below zero", hidInstead("\x15\x00\x25\x65", "\x15\xFF\x25\xFE")},
		{"keys without usages", hidInstead("\x19\x00\x29\x65", "")},
		{"keys of another page", hidInstead("\x05\x07\x19\x00", "\x05\x09\x19\x00")},
		{"keys that are constant", hidInstead("\x81\x00", "\x81\x01")},
		{"keys that are an output", hidInstead("\x81\x00", "\x91\x00")},
		{"keys that are a feature", hidInstead("\x81\x00", "\xB1\x00")},
		{"modifiers only", hidInstead("\x81\x00", "\x81\x03")},
	}
}

// hostileOthers are something else than a keyboard.
func hostileOthers() []HostileDescriptor {
	vendor := hidInstead("\x05\x01\x09\x06", "\x06\x00\xFF\x09\x06")
	utf16 := []byte{0x12, 0x03, 'K', 0, 'e', 0, 'y', 0, 'b', 0, 'o', 0, 'a', 0, 'r', 0, 'd', 0}
	configuration := []byte{9, 2, 34, 0, 1, 1, 0, 0xA0, 50, 9, 4, 0, 0, 1, 3, 1, 1, 0, 9, 0x21, 0x11, 1, 0, 1, 0x22, 65, 0, 7, 5, 0x81, 3, 8, 0, 10}
	return []HostileDescriptor{
		{"a mouse", hidCollection(0x02, []byte{0x05, 0x09, 0x19, 0x01, 0x29, 0x03, 0x15, 0x00, 0x25, 0x01, 0x95, 0x08, 0x75, 0x01, 0x81, 0x02})},
		{"keys of a mouse", hidCollection(0x02, hidKeys())},
		{"keys of the maker's own collection", vendor},
		{"a keyboard without inputs", hidCollection(0x06)},
		{"a keyboard of lights only", hidCollection(0x06, hidLights())},
		{"a page and no more", []byte{0x05, 0x01}},
		{"two empty keyboards", append(hidCollection(0x06), hidCollection(0x07)...)},
		{"a configuration descriptor", configuration},
		{"a string descriptor", utf16},
		{"text", []byte("this is not a report descriptor, and it says so at length")},
		{"a report in its place", []byte{0x00, 0x00, 0x1E, 0x00, 0x00, 0x00, 0x00, 0x00}},
		{"a keyboard written backwards", hidBackwards(hidBoot())},
	}
}

func hidBackwards(p []byte) []byte {
	p = slices.Clone(p)
	slices.Reverse(p)
	return p
}
