package site

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"badged/firmware/board"
	"badged/internal/spelling"
)

// Site is what site.toml says, with the configurations that it names.
type Site struct {
	Language string
	TimeZone string
	NTP      []string
	VLAN     int
	Kinds    map[string]Kind
}

// Kind is a kind of terminal.
type Kind struct {
	Board      board.Board
	ConfigFile string
	Config     string            // with names in braces
	Pins       map[string]string // of its hat
}

// siteFile is site.toml as it is written.
type siteFile struct {
	Language string              `toml:"language"`
	TimeZone string              `toml:"time_zone"`
	NTP      []string            `toml:"ntp"`
	VLAN     int                 `toml:"vlan"`
	Kinds    map[string]kindFile `toml:"kind"`
}

type kindFile struct {
	Board  string `toml:"board"`
	Hat    string `toml:"hat"`
	Config string `toml:"config"`
}

// maxFile bounds what is read of each file.
const maxFile = 1 << 20

// Languages that panels speak.
var languages = []string{"en", "fr"}

// Load reads site.toml and the configurations beside it.
func Load(path string) (*Site, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	f := siteFile{Language: "en", TimeZone: "UTC"}
	if err := decode(path, b, &f); err != nil {
		return nil, err
	}
	s := &Site{f.Language, f.TimeZone, f.NTP, f.VLAN, map[string]Kind{}}
	errs := []error{checkSite(path, f)}
	for name, k := range f.Kinds {
		kind, err := loadKind(path, name, k)
		errs = append(errs, err)
		s.Kinds[name] = kind
	}
	return s, sorted(errs)
}

// sorted joins errors in the order of their texts: maps have none.
func sorted(errs []error) error {
	errs = slices.DeleteFunc(errs, func(e error) bool { return e == nil })
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	return bytes.TrimPrefix(b, bom), err
}

// decode reads TOML strictly into a struct. Its error has a line for each key that nobody knows.
func decode(path string, b []byte, to any) error {
	err := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields().Decode(to)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		var errs []error
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			line, column := e.Position()
			key := e.Key()
			name, known := key[0], keys(reflect.TypeOf(to).Elem(), 1)
			if slices.Contains(known, name) {
				name, known = key[len(key)-1], keys(reflect.TypeOf(to).Elem(), len(key))
			}
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s: unknown key%s; allowed: %s", path, line, column,
				strings.Join(key, "."), spelling.Hint(name, known), strings.Join(known, ", ")))
		}
		return errors.Join(errs...)
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		return fmt.Errorf("%s:%d:%d: %s", path, line, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// keys lists what may stand at a depth: 1 is the file itself, more is in its tables.
func keys(t reflect.Type, depth int) (names []string) {
	if depth > 1 {
		for i := range t.NumField() {
			switch f := t.Field(i).Type; f.Kind() {
			case reflect.Map:
				names = append(names, keys(f.Elem(), depth-2)...)
			case reflect.Struct:
				names = append(names, keys(f, depth-1)...)
			}
		}
		return names
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("toml"), ",")
		names = append(names, name)
	}
	return names
}

func checkSite(path string, f siteFile) error {
	var errs []error
	if err := spelling.Word(path+": language", f.Language, languages...); err != nil {
		errs = append(errs, err)
	}
	if _, err := time.LoadLocation(f.TimeZone); err != nil || f.TimeZone == "Local" {
		errs = append(errs, fmt.Errorf("%s: time_zone %.60q: there is no such zone; write it like Europe/Paris", path, f.TimeZone))
	}
	for _, n := range f.NTP {
		if !hostRE.MatchString(n) {
			errs = append(errs, fmt.Errorf("%s: ntp %.80q is no name or address of a server", path, n))
		}
	}
	if err := checkVLAN(f.VLAN); err != nil {
		errs = append(errs, fmt.Errorf("%s: vlan: %w", path, err))
	}
	if len(f.Kinds) == 0 {
		errs = append(errs, fmt.Errorf("%s: there is no [kind.NAME]: at least one says what board terminals have and how they are configured", path))
	}
	return errors.Join(errs...)
}

func loadKind(path, name string, k kindFile) (kind Kind, err error) {
	at := fmt.Sprintf("%s: kind.%s", path, name)
	if kind.Board, err = board.Find(k.Board); err != nil {
		return kind, fmt.Errorf("%s: board: %w", at, err)
	}
	if k.Hat != "" {
		hat, err := board.FindHat(k.Hat)
		if err == nil {
			kind.Pins, err = kind.Board.Pins(hat)
		}
		if err != nil {
			return kind, fmt.Errorf("%s: hat: %w", at, err)
		}
	}
	if k.Config == "" {
		return kind, fmt.Errorf("%s: config is missing: the file with the terminal's points and readers", at)
	}
	kind.ConfigFile = k.Config
	if !filepath.IsAbs(k.Config) {
		kind.ConfigFile = filepath.Join(filepath.Dir(path), k.Config)
	}
	b, err := readFile(kind.ConfigFile)
	kind.Config = string(b)
	if err != nil {
		return kind, fmt.Errorf("%s: config: %w", at, err)
	}
	return kind, nil
}
