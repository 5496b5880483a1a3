package site

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"badged/internal/secret"
	"badged/internal/spelling"
)

// Row is one terminal of a roster.
type Row struct {
	At      string // file:line
	Name    string
	Kind    string
	Door    string
	Reader  string // port of its reader
	Token   secret.Text
	Address netip.Prefix // not valid: the network gives one (DHCP)
	Gateway netip.Addr
	DNS     []netip.Addr
	VLAN    int // 0: that of the site
}

// maxRows bounds a roster.
const maxRows = 10_000

// column is one column of a roster.
type column struct {
	name string
	set  func(r *Row, text string) error
}

var columns = []column{
	{"name", func(r *Row, s string) error { r.Name = s; return checkName(s) }},
	{"kind", func(r *Row, s string) error { r.Kind = s; return nil }},
	{"door", func(r *Row, s string) error { r.Door = s; return optional(s, checkName) }},
	{"reader", func(r *Row, s string) error { r.Reader = s; return optional(s, checkPort) }},
	{"token", func(r *Row, s string) error { r.Token = secret.New(s); return nil }},
	{"address", setAddress},
	{"gateway", func(r *Row, s string) (err error) { r.Gateway, err = parseAddr(s); return err }},
	{"dns", setDNS},
	{"vlan", setVLAN},
}

var (
	nameRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	hostRE = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$`)
	portRE = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9/ ._:,=+@-]{0,199}$`)
)

func optional(s string, check func(string) error) error {
	if s == "" {
		return nil
	}
	return check(s)
}

func checkName(s string) error {
	if !nameRE.MatchString(s) {
		return errors.New("must be 1 to 32 lower-case letters, digits and inner dashes")
	}
	return nil
}

func checkPort(s string) error {
	if !portRE.MatchString(s) {
		return errors.New("must be a port as badged.toml takes it, without quotes")
	}
	return nil
}

func setAddress(r *Row, s string) (err error) {
	if s == "" || s == "dhcp" {
		return nil
	}
	if r.Address, err = netip.ParsePrefix(s); err != nil || r.Address.Addr() == r.Address.Masked().Addr() && r.Address.Bits() < r.Address.Addr().BitLen()-1 {
		return errors.New("must be dhcp, or an address with its network, such as 10.0.3.21/24")
	}
	return nil
}

func parseAddr(s string) (a netip.Addr, err error) {
	if s == "" {
		return a, nil
	}
	if a, err = netip.ParseAddr(s); err != nil {
		return a, errors.New("must be an address, such as 10.0.3.1")
	}
	return a, nil
}

func setDNS(r *Row, s string) error {
	for _, word := range strings.Fields(s) {
		a, err := parseAddr(word)
		if err != nil {
			return errors.New("must be addresses with blanks between them")
		}
		r.DNS = append(r.DNS, a)
	}
	return nil
}

func setVLAN(r *Row, s string) (err error) {
	if s == "" {
		return nil
	}
	if r.VLAN, err = strconv.Atoi(s); err != nil {
		return errors.New("must be a number")
	}
	return checkVLAN(r.VLAN)
}

func checkVLAN(n int) error {
	if n < 0 || n > 4094 {
		return fmt.Errorf("%d is not 1 to 4094, or 0 for none", n)
	}
	return nil
}

// LoadRoster reads a roster, as ParseRoster does.
func LoadRoster(path string) ([]Row, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseRoster(path, b)
}

// ParseRoster reads the rows of a roster, which is named for its errors: CSV with a line of column
// names, with commas or semicolons. All that is wrong is reported at once.
func ParseRoster(path string, b []byte) ([]Row, error) {
	r := newReader(b)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: read the names of its columns: %w", path, err)
	}
	used, err := matchColumns(path, header)
	if err != nil {
		return nil, err
	}
	return readRows(path, r, used)
}

// newReader reads CSV with the delimiter that the first line has.
func newReader(b []byte) *csv.Reader {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(b))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	r.TrimLeadingSpace, r.FieldsPerRecord = true, -1
	return r
}

// matchColumns finds the columns that a header names.
func matchColumns(path string, header []string) (used []column, err error) {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	var errs []error
	for i, title := range header {
		title = strings.ToLower(strings.TrimSpace(title))
		at := slices.Index(names, title)
		switch {
		case at < 0:
			errs = append(errs, fmt.Errorf("%s:1: column %d, %.40q: unknown%s; allowed: %s", path, i+1, title, spelling.Hint(title, names), strings.Join(names, ", ")))
			continue
		case slices.ContainsFunc(used, func(c column) bool { return c.name == title }):
			errs = append(errs, fmt.Errorf("%s:1: the column %s stands twice", path, title))
		}
		used = append(used, columns[at])
	}
	for _, needed := range []string{"name", "kind"} {
		if !slices.ContainsFunc(used, func(c column) bool { return c.name == needed }) {
			errs = append(errs, fmt.Errorf("%s:1: the column %s is missing", path, needed))
		}
	}
	return used, errors.Join(errs...)
}

func readRows(path string, r *csv.Reader, used []column) (rows []Row, err error) {
	var errs []error
	for {
		fields, err := r.Read()
		if fields == nil && err != nil {
			if rowErr := (*csv.ParseError)(nil); errors.As(err, &rowErr) {
				errs = append(errs, fmt.Errorf("%s:%d: %w", path, rowErr.Line, rowErr.Err))
			}
			return rows, errors.Join(errs...)
		}
		line, _ := r.FieldPos(0)
		row, err := readRow(fmt.Sprintf("%s:%d", path, line), fields, used)
		errs = append(errs, err)
		if i := slices.IndexFunc(rows, func(o Row) bool { return o.Name == row.Name }); i >= 0 {
			errs = append(errs, fmt.Errorf("%s: two terminals are named %q (the other one: %s)", row.At, row.Name, rows[i].At))
		}
		rows = append(rows, row)
		if len(rows) > maxRows {
			return nil, fmt.Errorf("%s has more than %d rows", path, maxRows)
		}
	}
}

func readRow(at string, fields []string, used []column) (row Row, err error) {
	row.At = at
	if len(fields) != len(used) {
		return row, fmt.Errorf("%s: %d fields, and there are %d columns", at, len(fields), len(used))
	}
	var errs []error
	for i, c := range used {
		text := strings.TrimSpace(fields[i])
		if err := c.set(&row, text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s %s: %w", at, c.name, quoted(c.name, text), err))
		}
	}
	if row.Address.IsValid() && row.Gateway.IsValid() && !row.Address.Contains(row.Gateway) {
		errs = append(errs, fmt.Errorf("%s: gateway %s is not in the network of %s", at, row.Gateway, row.Address))
	}
	if !row.Address.IsValid() && (row.Gateway.IsValid() || len(row.DNS) > 0) {
		errs = append(errs, fmt.Errorf("%s: gateway and dns go with an address; DHCP brings its own", at))
	}
	return row, errors.Join(errs...)
}

// quoted shows what was written, unless it is a secret.
func quoted(column, text string) string {
	if column == "token" {
		return "(not shown)"
	}
	return fmt.Sprintf("%.60q", text)
}
