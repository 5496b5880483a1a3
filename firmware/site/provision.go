package site

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"badged/internal/secret"
	"badged/internal/spelling"
)

// Provision is what makes a card one terminal's.
type Provision struct {
	Name     string
	Board    string
	Language string
	TimeZone string
	NTP      []string
	Token    secret.Text // empty: the terminal works without a hub
	Network  Network
	Config   string // its badged.toml
}

// Network is how a terminal reaches others.
type Network struct {
	Address string   `toml:"address"` // with its network; empty: DHCP
	Gateway string   `toml:"gateway"`
	DNS     []string `toml:"dns"`
	VLAN    int      `toml:"vlan"` // 0: none
}

// provisionFile is a Provision as it is written.
type provisionFile struct {
	Name     string   `toml:"name"`
	Board    string   `toml:"board"`
	Language string   `toml:"language"`
	TimeZone string   `toml:"time_zone"`
	NTP      []string `toml:"ntp"`
	Token    string   `toml:"token"`
	Network  Network  `toml:"network"`
	Config   string   `toml:"config,multiline"`
}

// Provision makes what belongs onto the card of a row.
func (s *Site) Provision(r Row) (Provision, error) {
	kind, ok := s.Kinds[r.Kind]
	if !ok {
		known := slices.Sorted(maps.Keys(s.Kinds))
		return Provision{}, fmt.Errorf("%s: kind %.40q: site.toml has no [kind.%s]%s; it has %s", r.At, r.Kind, r.Kind, spelling.Hint(r.Kind, known), strings.Join(known, ", "))
	}
	config, err := kind.fill(r)
	if err != nil {
		return Provision{}, fmt.Errorf("%s: %w", r.At, err)
	}
	p := Provision{r.Name, kind.Board.Name, s.Language, s.TimeZone, s.NTP, r.Token, Network{VLAN: s.VLAN}, config}
	if r.VLAN != 0 {
		p.Network.VLAN = r.VLAN
	}
	if r.Address.IsValid() {
		p.Network.Address = r.Address.String()
	}
	if r.Gateway.IsValid() {
		p.Network.Gateway = r.Gateway.String()
	}
	for _, a := range r.DNS {
		p.Network.DNS = append(p.Network.DNS, a.String())
	}
	return p, nil
}

// braceRE is a name in braces, as the configuration of a kind has them.
var braceRE = regexp.MustCompile(`\{([a-z][a-z0-9_-]*)\}`)

// fill puts what a row and the hat say in the place of the names in braces.
func (k Kind) fill(r Row) (string, error) {
	values := map[string]string{"name": r.Name, "door": r.Door, "reader": r.Reader}
	maps.Copy(values, k.Pins)
	var errs []error
	for i, line := range strings.Split(k.Config, "\n") {
		for _, m := range braceRE.FindAllStringSubmatch(line, -1) {
			value, ok := values[m[1]]
			switch {
			case !ok:
				known := slices.Sorted(maps.Keys(values))
				errs = append(errs, fmt.Errorf("%s:%d: {%s}: unknown%s; there are %s", k.ConfigFile, i+1, m[1], spelling.Hint(m[1], known), strings.Join(known, ", ")))
			case value == "":
				errs = append(errs, fmt.Errorf("%s:%d wants {%s}, and the row has no %s", k.ConfigFile, i+1, m[1], m[1]))
			}
		}
	}
	return braceRE.ReplaceAllStringFunc(k.Config, func(m string) string { return values[m[1:len(m)-1]] }), errors.Join(errs...)
}

// Encoded is how long a provisioning is on a card: zeros follow it, so that every terminal's has
// one length.
const Encoded = 64 << 10

const magic = "# badged provisioning 1 "

// Encode gives the bytes for a card: a line with length and SHA-256 of what follows, then TOML.
func (p Provision) Encode() ([]byte, error) {
	body, err := toml.Marshal(provisionFile{p.Name, p.Board, p.Language, p.TimeZone, p.NTP, p.Token.Reveal(), p.Network, p.Config})
	if err != nil {
		return nil, fmt.Errorf("write the provisioning of %s: %w", p.Name, err)
	}
	b := fmt.Appendf(nil, "%s%d %x\n%s", magic, len(body), sha256.Sum256(body), body)
	if len(b) > Encoded {
		return nil, fmt.Errorf("write the provisioning of %s: it has %d bytes, and a card has room for %d: shorten its configuration", p.Name, len(b), Encoded)
	}
	return append(b, make([]byte, Encoded-len(b))...), nil
}

// ErrDamaged is a provisioning that is not what was written.
var ErrDamaged = errors.New("the provisioning is damaged (flash the card again)")

// Parse reads what Encode made.
func Parse(b []byte) (Provision, error) {
	line, body, _ := bytes.Cut(b, []byte("\n"))
	words, ok := strings.CutPrefix(string(line[:min(len(line), 200)]), magic)
	length, sum, _ := strings.Cut(words, " ")
	n, err := strconv.Atoi(length)
	if !ok || err != nil || n < 0 || n > len(body) || n > Encoded {
		return Provision{}, fmt.Errorf("read the provisioning: %w", ErrDamaged)
	}
	body = body[:n]
	if fmt.Sprintf("%x", sha256.Sum256(body)) != sum {
		return Provision{}, fmt.Errorf("read the provisioning: %w", ErrDamaged)
	}
	var f provisionFile
	if err := decode("provisioning", body, &f); err != nil {
		return Provision{}, err
	}
	p := Provision{f.Name, f.Board, f.Language, f.TimeZone, f.NTP, secret.New(f.Token), f.Network, f.Config}
	return p, p.check()
}

func (p Provision) check() error {
	if err := checkName(p.Name); err != nil {
		return fmt.Errorf("provisioning: name %.40q: %w", p.Name, err)
	}
	if p.Network.Address != "" {
		if _, err := netip.ParsePrefix(p.Network.Address); err != nil {
			return fmt.Errorf("provisioning of %s: address: %w", p.Name, err)
		}
	}
	return checkVLAN(p.Network.VLAN)
}

// First gives the first of several copies that is whole.
func First(copies ...[]byte) (p Provision, err error) {
	for _, b := range copies {
		if p, err = Parse(b); err == nil {
			return p, nil
		}
	}
	return p, err
}
