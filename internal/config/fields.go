package config

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// field is one key of a table: what is allowed, and how a value gets in. set
// reports whether the value is allowed.
type field struct {
	allowed string
	set     func(n *unstable.Node) bool
	words   []string // all that is allowed, of a field that takes some words only
}

func rootFields(c *Config) map[string]field {
	return map[string]field{
		"state_dir": text(&c.StateDir, "an absolute path", filepath.IsAbs),
		"control":   text(&c.Control, "an absolute path of at most 100 bytes", socketPath),
	}
}

func logFields(l *Log) map[string]field {
	return map[string]field{"format": oneOf(&l.Format, "text", "json")}
}

func kioskFields(k *Kiosk) map[string]field {
	return map[string]field{
		"listen": text(&k.Listen, `an address on loopback, such as "127.0.0.1:8631"`, loopback),
		"frame_ancestors": {allowed: `a list of origins, such as ["http://127.0.0.1:8080"]`, set: func(n *unstable.Node) bool {
			return stringList(&k.FrameAncestors, n, origin)
		}},
	}
}

func usbFields(u *USB) map[string]field {
	return map[string]field{
		"guard": boolean(&u.Guard),
		"allow": {allowed: `a list of devices, such as ["usb:046d:c31c"]`, set: func(n *unstable.Node) bool {
			return stringList(&u.Allow, n, notEmpty)
		}},
	}
}

func printFields(p *Print) map[string]field {
	queues := `a list of queues, such as ["follow"]`
	return map[string]field{
		"socket":  text(&p.Socket, "an absolute path of at most 100 bytes", socketPath),
		"account": text(&p.Account, "the name of a user", isUser),
		"queues": {allowed: queues, set: func(n *unstable.Node) bool {
			return stringList(&p.Queues, n, isQueue) && len(p.Queues) > 0
		}},
		"domains": {allowed: `a list of domains, such as ["CORP", "example.com"]`, set: func(n *unstable.Node) bool {
			return stringList(&p.Domains, n, isDomain)
		}},
		"trust_profiles": boolean(&p.TrustProfiles),
		"keep_for":       duration(&p.KeepFor, time.Hour, 90*24*time.Hour),
	}
}

// isQueue is what CUPS takes for the name of a queue.
func isQueue(s string) bool {
	return len(s) >= 1 && len(s) <= 127 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`/#?"'\`, r) })
}

func isUser(s string) bool {
	return len(s) >= 1 && len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' })
}

// isDomain takes what stands before \ or behind @ in a user name.
func isDomain(s string) bool {
	return len(s) >= 1 && len(s) <= 253 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '\\' || r == '@' })
}

// MaxOpenFor is the longest time that a grant may energise a relay.
const MaxOpenFor = 30 * time.Second

func pointFields(p *Point) map[string]field {
	return map[string]field{
		"name":           name(&p.Name),
		"kind":           oneOf(&p.Kind, KindPrint, KindDoor),
		"log_first":      boolean(&p.LogFirst),
		"keyboard":       boolean(&p.Keyboard),
		"printer":        text(&p.Printer, `the name of the printer's queue, such as "hall-mfp"`, isQueue),
		"door":           name(&p.Door),
		"relay":          text(&p.Relay, pinAllowed, notEmpty),
		"contact":        text(&p.Contact, pinAllowed, notEmpty),
		"exit":           text(&p.Exit, pinAllowed, notEmpty),
		"open_for":       duration(&p.OpenFor, 100*time.Millisecond, MaxOpenFor),
		"held_after":     duration(&p.HeldAfter, time.Second, 24*time.Hour),
		"relock_on_open": boolean(&p.RelockOnOpen),
	}
}

const (
	pinAllowed  = `a pin, such as "gpiochip0:17" or "virtual:/run/pins.sock#relay"`
	portAllowed = `an absolute path, best one of /dev/serial/by-id; or a device, such as "usb:08ff:0009"`
)

func readerFields(r *Reader) map[string]field {
	return map[string]field{
		"name":     name(&r.Name),
		"point":    name(&r.Point),
		"protocol": name(&r.Protocol),
		"port":     text(&r.Port, portAllowed, notEmpty),
		"baud":     integer(&r.Baud, 50, 4_000_000),
		"number":   text(&r.Number, "a number rule", func(s string) bool { return len(s) <= 4096 }),
		"options": {allowed: "a table of strings", set: func(n *unstable.Node) bool {
			return stringTable(r.Options, n)
		}},
	}
}

func text(to *string, allowed string, ok func(string) bool) field {
	return field{allowed: allowed, set: func(n *unstable.Node) bool {
		*to = string(n.Data)
		return n.Kind == unstable.String && ok(*to)
	}}
}

func oneOf(to *string, values ...string) field {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	f := text(to, strings.Join(quoted, " or "), func(s string) bool { return slices.Contains(values, s) })
	f.words = values
	return f
}

func name(to *string) field {
	return text(to, "1 to 32 of a-z, 0-9, - and _, with a letter or digit first", isName)
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 32
}

func boolean(to *bool) field {
	return field{allowed: "true or false", set: func(n *unstable.Node) bool {
		*to = len(n.Data) > 0 && n.Data[0] == 't'
		return n.Kind == unstable.Bool
	}}
}

func integer(to *int, low, high int) field {
	allowed := "a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)
	return field{allowed: allowed, set: func(n *unstable.Node) bool {
		v, err := strconv.ParseInt(strings.ReplaceAll(string(n.Data), "_", ""), 0, 32)
		*to = int(v)
		return n.Kind == unstable.Integer && err == nil && int(v) >= low && int(v) <= high
	}}
}

func duration(to *time.Duration, low, high time.Duration) field {
	allowed := `a time from "` + short(low) + `" to "` + short(high) + `", such as "5s"`
	return field{allowed: allowed, set: func(n *unstable.Node) bool {
		d, err := time.ParseDuration(string(n.Data))
		*to = d
		return n.Kind == unstable.String && err == nil && d >= low && d <= high
	}}
}

// short is a duration without the zero parts that time.Duration prints.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func stringList(to *[]string, n *unstable.Node, ok func(string) bool) bool {
	if n.Kind != unstable.Array {
		return false
	}
	for it := n.Children(); it.Next(); {
		if it.Node().Kind == unstable.Comment {
			continue
		}
		if it.Node().Kind != unstable.String || !ok(string(it.Node().Data)) {
			return false
		}
		*to = append(*to, string(it.Node().Data))
	}
	return true
}

func stringTable(to map[string]string, n *unstable.Node) bool {
	if n.Kind != unstable.InlineTable {
		return false
	}
	for it := n.Children(); it.Next(); {
		key := it.Node().Key()
		if !key.Next() || !key.IsLast() || it.Node().Value().Kind != unstable.String {
			return false
		}
		to[string(key.Node().Data)] = string(it.Node().Value().Data)
	}
	return true
}

func notEmpty(s string) bool { return s != "" }

// socketPath holds the bound of a Unix socket's address, less a margin.
func socketPath(s string) bool { return filepath.IsAbs(s) && len(s) <= 100 }

func loopback(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	ip := net.ParseIP(host)
	return err == nil && n <= 65535 && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// origin accepts scheme://host[:port] and nothing that could end a CSP directive.
func origin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		s == u.Scheme+"://"+u.Host && !strings.ContainsAny(s, " ;,'\"*")
}
