package web

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"badged/sync/identity"
)

// Pair is a certificate of somebody else's authority with its key, as files that are replaced
// when they are renewed.
type Pair struct {
	cert, key string
	log       *slog.Logger

	mu   sync.Mutex // guards what follows
	now  *tls.Certificate
	seen [2]time.Time // when the files were changed that now is from
}

// LoadPair reads a certificate with its chain, and its key, both PEM.
func LoadPair(cert, key string, log *slog.Logger) (*Pair, error) {
	p := &Pair{cert: cert, key: key, log: log}
	return p, p.load()
}

func (p *Pair) load() error {
	seen, err := p.changed()
	if err != nil {
		return err
	}
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return fmt.Errorf("read the certificate %s with the key %s: %w (both are PEM; the certificate comes first in its file, then its chain)", p.cert, p.key, err)
	}
	p.now, p.seen = &c, seen
	return nil
}

// changed tells when the files were changed last.
func (p *Pair) changed() (at [2]time.Time, err error) {
	for i, name := range []string{p.cert, p.key} {
		info, statErr := os.Stat(name)
		if statErr != nil {
			err = errors.Join(err, fmt.Errorf("read the web's certificate: %w", statErr))
			continue
		}
		at[i] = info.ModTime()
	}
	return at, err
}

// certificate gives the pair as it is now. One that cannot be read, as while its two files
// are being replaced, leaves the former one in use.
func (p *Pair) certificate() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seen, err := p.changed(); err != nil || seen != p.seen {
		if err := p.load(); err != nil {
			p.log.Warn("the web goes on with its former certificate", "error", err)
		}
	}
	return p.now
}

// serverConfig is how the web shows itself: to terminals that join as the hub's own
// authority vouches, which their token names, and to everybody else with the pair, if there
// is one.
func serverConfig(own *tls.Config, p *Pair) *tls.Config {
	c := own.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	if p == nil {
		return c
	}
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if slices.Contains(hello.SupportedProtos, identity.JoinProtocol) {
			return own.GetCertificate(hello)
		}
		return p.certificate(), nil
	}
	return c
}
