package protocols

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"badged/internal/spelling"
	"badged/reader/chars"
)

// values are the options as written. Each method gives the zero value for an
// option that is not there; its error starts with the option's name.
type values map[string]string

// readText reads a string in which \x02, \t and \\ stand for bytes.
func (v values) readText(name string) (string, error) {
	s := v[name]
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	t, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		return "", fmt.Errorf(`%s: a backslash must start \xNN, \t or \\`, name)
	}
	return t, nil
}

// readNumber reads 1 to most.
func (v values) readNumber(name string, most int) (int, error) {
	s, ok := v[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%s %q: must be a number, 1 to %d", name, s, most)
	}
	return n, nil
}

// readDuration reads 1ms to 1m.
func (v values) readDuration(name string) (time.Duration, error) {
	s, ok := v[name]
	if !ok {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Millisecond || d > time.Minute {
		return 0, fmt.Errorf("%s %q: must be a time, 1ms to 1m", name, s)
	}
	return d, nil
}

// readOnOff reads on or off.
func (v values) readOnOff(name string, otherwise bool) (bool, error) {
	if v[name] == "" {
		return otherwise, nil
	}
	return v[name] == "on", spelling.Word(name, v[name], "on", "off")
}

// readShape reads the options of a badge that comes as characters.
func (v values) readShape() (s chars.Shape, err error) {
	s.Charset = chars.Charset(v["charset"])
	if s.Prefix, err = v.readText("prefix"); err != nil {
		return s, err
	}
	if s.Suffix, err = v.readText("suffix"); err != nil {
		return s, err
	}
	if s.Min, err = v.readNumber("min", chars.MaxLength); err != nil {
		return s, err
	}
	s.Max, err = v.readNumber("max", chars.MaxLength)
	return s, err
}
