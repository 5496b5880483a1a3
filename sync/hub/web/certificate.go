package web

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"

	"badged/sync/hub/web/page"
)

// certificates is how people come to trust a hub that is its own authority.
type certificates struct{ ca *x509.Certificate }

// certificate is what the page shows.
type certificate struct {
	Fingerprint []string // SHA-256, in groups of four digits
	Name        string
}

func (c certificates) show(r *page.Request) (page.Reply, error) {
	sum := fmt.Sprintf("%X", sha256.Sum256(c.ca.Raw))
	var groups []string
	for i := 0; i < len(sum); i += 4 {
		groups = append(groups, sum[i:i+4])
	}
	return page.Show("web/certificate", r.T("web.certificate.title"), certificate{groups, c.ca.Subject.CommonName}), nil
}

// send gives the authority's certificate under the type that phones and browsers offer to
// install.
func (c certificates) send(*page.Request) (page.Reply, error) {
	return page.Download("badged-ca.crt", "application/x-x509-ca-cert", func(w io.Writer) error {
		_, err := w.Write(toPEM(c.ca))
		return err
	}), nil
}
