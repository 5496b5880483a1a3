package web

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"strings"

	"badged/sync/hub/web/page"
)

// certificates is how people come to trust a hub that is its own authority.
type certificates struct{ ca *x509.Certificate }

// certificate is what the page shows.
type certificate struct {
	Fingerprint []string // in groups of four digits
	Name        string
}

// Fingerprint is the SHA-256 of a certificate in groups of four digits, as people compare it.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	groups := make([]string, 0, len(sum)/2)
	for pair := range slices.Chunk(sum[:], 2) {
		groups = append(groups, fmt.Sprintf("%X", pair))
	}
	return strings.Join(groups, " ")
}

func (c certificates) show(r *page.Request) (page.Reply, error) {
	shown := certificate{strings.Fields(Fingerprint(c.ca)), c.ca.Subject.CommonName}
	return page.Show("web/certificate", r.T("web.certificate.title"), shown), nil
}

// send gives the authority's certificate under the type that phones and browsers offer to
// install.
func (c certificates) send(*page.Request) (page.Reply, error) {
	return page.Download("badged-ca.crt", "application/x-x509-ca-cert", func(w io.Writer) error {
		_, err := w.Write(toPEM(c.ca))
		return err
	}), nil
}
