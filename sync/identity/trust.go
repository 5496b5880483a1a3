package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// clientConfig trusts the one CA that pick chooses among what the server presented.
//
// It replaces Go's own verification for one reason: many terminals start with a clock in
// 1970. A time before the certificates were made is the terminal's mistake and not the
// hub's, so such a chain is verified at the moment that it was made. x509 checks names,
// signatures, usage and, for every other clock, validity.
func clientConfig(host string, pick func(sent []*x509.Certificate) (*x509.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		ServerName:         host,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			ca, err := pick(s.PeerCertificates)
			if err != nil {
				return err
			}
			return verifyChain(s.PeerCertificates, ca, host, time.Now())
		},
	}
}

// verifyChain checks what the server at host presented against ca.
func verifyChain(sent []*x509.Certificate, ca *x509.Certificate, host string, now time.Time) error {
	if len(sent) == 0 {
		return fmt.Errorf("%w: it presented no certificate", ErrWrongCA)
	}
	opts := x509.VerifyOptions{
		DNSName:       host,
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   now,
	}
	opts.Roots.AddCert(ca)
	for _, c := range append(sent[1:len(sent):len(sent)], sent[0], ca) {
		opts.Intermediates.AddCert(c)
		if opts.CurrentTime.Before(c.NotBefore) {
			opts.CurrentTime = c.NotBefore
		}
	}
	_, err := sent[0].Verify(opts)
	return explainInvalid(err, host)
}

// explainInvalid wraps a failed verification in the error of this package that fits.
func explainInvalid(err error, host string) error {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &name):
		return fmt.Errorf("%w: %s", ErrHubName, host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: %w", ErrExpired, err)
	default:
		return fmt.Errorf("%w: %w", ErrWrongCA, err)
	}
}
