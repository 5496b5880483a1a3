package box

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"badged/firmware/site"
)

// The files that the settings of the card become.
const (
	configFile = "/etc/badged/badged.toml"
	resolvConf = "/etc/resolv.conf"
)

// writeHost gives this system its name, and the agent its configuration.
func writeHost(p site.Provision) error {
	if err := unix.Sethostname([]byte(p.Name)); err != nil {
		return fmt.Errorf("set the host's name: %w", err)
	}
	return errors.Join(
		os.MkdirAll("/etc/badged", 0o755),
		os.WriteFile("/etc/hosts", fmt.Appendf(nil, "127.0.0.1 localhost %s\n::1 localhost\n", p.Name), 0o644),
		os.WriteFile(configFile, []byte(p.Config), 0o644),
	)
}

// writeNames says which servers know the names of others.
func writeNames(servers []netip.Addr) error {
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&b, "nameserver %v\n", s)
	}
	return os.WriteFile(resolvConf, []byte(b.String()), 0o644)
}

// environment is that of the programs of the image.
func environment(p site.Provision) []string {
	return []string{
		"PATH=/bin", "HOME=/", "LANG=" + cmp.Or(p.Language, "en"), "TZ=" + cmp.Or(p.TimeZone, "UTC"), "ZONEINFO=/share/zoneinfo.zip",
	}
}
