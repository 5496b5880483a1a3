package pacs

import (
	"fmt"
	"slices"
	"strings"
)

// Selection is the formats that a reader's frames may have. The zero value is auto.
type Selection struct {
	mode mode
	only []*Format // mode chosen: no two of one length
}

type mode uint8

const (
	auto mode = iota
	raw
	chosen
)

// bareUID is the length of frames that are either Kastle's or, far more often, a
// serial number without any parity. A frame of 34 bits that lost two looks alike, so
// that auto takes what Kastle reads, and only a configuration may take the rest.
const bareUID = 32

// standard is the formats that auto uses for their length although others have it too: those
// are rarer and must be configured. An H10306 with one changed bit in its first half is a valid
// N10002, whose first half no parity covers: accepting both would make two cards of one badge.
var standard = []string{"H10301", "H10306"}

// Select reads what a configuration says:
//
//	"" or "auto"     the usual format of each length
//	"raw"            any length, nothing is checked
//	"H10302"         one format, or several of different lengths: "H10301,H10302"
//	"bits=26 ..."    a definition, see Parse; several, and names, are joined by ;
//
// For a length that several formats have (36, 37, 38 and 40 bits), auto makes a card
// without fields, whose text is all its bits, if the parity of one of them is right: so
// the number never depends on which parity fits by chance. It does the same with 32 bits;
// serial numbers of that length must be configured, and have the same number then.
func Select(spec string) (Selection, error) {
	switch strings.TrimSpace(spec) {
	case "", "auto":
		return Selection{}, nil
	case "raw":
		return Selection{mode: raw}, nil
	}
	s := Selection{mode: chosen}
	for _, item := range strings.Split(spec, ";") {
		names := []string{item}
		if !strings.Contains(item, "=") {
			names = strings.Split(item, ",")
		}
		for _, name := range names {
			if err := s.addFormat(name); err != nil {
				return Selection{}, err
			}
		}
	}
	return s, nil
}

// addFormat adds a format by name or definition.
func (s *Selection) addFormat(name string) error {
	f, err := findFormat(strings.TrimSpace(name))
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(s.only, func(g *Format) bool { return g.Bits == f.Bits }); i >= 0 {
		return fmt.Errorf("%s and %s both have %d bits: choose one", s.only[i].Name, f.Name, f.Bits)
	}
	s.only = append(s.only, f)
	return nil
}

// findFormat gives the format of a name, or of a definition.
func findFormat(name string) (*Format, error) {
	if strings.Contains(name, "=") {
		f, err := Parse(name)
		return &f, err
	}
	all := formats()
	if i := slices.IndexFunc(all, func(f *Format) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	return nil, describeUnknown(name)
}

// ofLength gives the formats that a frame of so many bits may have.
func (s Selection) ofLength(bits int) []*Format {
	if s.mode == chosen {
		return filterFormats(s.only, func(f *Format) bool { return f.Bits == bits })
	}
	fits := filterFormats(formats(), func(f *Format) bool { return f.Bits == bits })
	if i := slices.IndexFunc(fits, func(f *Format) bool { return slices.Contains(standard, f.Name) }); i >= 0 {
		return fits[i : i+1]
	}
	return fits
}

func filterFormats(all []*Format, keep func(*Format) bool) []*Format {
	var some []*Format
	for _, f := range all {
		if keep(f) {
			some = append(some, f)
		}
	}
	return some
}
