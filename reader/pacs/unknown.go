package pacs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"badged/internal/spelling"
)

const definitions = "a definition as in bits=26 facility=2-9 card=10-25 even=1:2-13 odd=26:14-25"

// lengths are the ways in which people write how many bits a badge has: 26, 26bit, W26,
// Wiegand 26.
var lengths = regexp.MustCompile(`(?i)^(?:w|wiegand)?[ _-]?([0-9]{1,3})[ _-]?(?:bits?)?$`)

// describeUnknown complains about the name of a format that there is not.
func describeUnknown(name string) error {
	if m := lengths.FindStringSubmatch(name); m != nil {
		if bits, err := strconv.Atoi(m[1]); err == nil && bits <= MaxBits {
			return ofBits(name, bits)
		}
	}
	if name == "raw" || name == "auto" {
		return fmt.Errorf("format %q stands alone: it takes frames of any length, and no other format beside it", name)
	}
	names := namesOf(formats())
	return fmt.Errorf("unknown format %.60q%s: must be auto, raw, one of %s, or %s",
		name, spelling.Hint(name, append(names, "auto", "raw")), strings.Join(names, ", "), definitions)
}

// ofBits lists the formats of a length that was written in place of a name.
func ofBits(name string, bits int) error {
	of := namesOf(filterFormats(formats(), func(f *Format) bool { return f.Bits == bits }))
	if len(of) == 0 {
		return fmt.Errorf("format %q is a length, and no format with a name has %d bits: must be raw, or %s", name, bits, definitions)
	}
	return fmt.Errorf("format %q is a length, and %d bits may be of several layouts: must be %s, raw, or %s", name, bits, strings.Join(of, ", "), definitions)
}

func namesOf(list []*Format) []string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	return names
}
