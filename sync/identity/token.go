package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"badged/internal/secret"
	"badged/sync/wire"
)

// tokenPrefix begins the text of a token and holds the version of its format.
const tokenPrefix = "badged-join-1."

// maxToken bounds the text of a token: two names and an address at their longest.
const maxToken = 1024

// Token lets one terminal join one hub once. It cannot be printed: Reveal returns the
// text for the person who carries it to the terminal.
type Token struct {
	Site     string
	Terminal string
	Hub      string   // host:port of the join server, HTTPS
	CA       [32]byte // SHA-256 of the CA's certificate in DER
	Secret   secret.Text
}

// tokenBody is the content of the text, in the encoding of sync/wire.
type tokenBody struct {
	Site     string   `cbor:"1,keyasint"`
	Terminal string   `cbor:"2,keyasint"`
	Hub      string   `cbor:"3,keyasint"`
	CA       [32]byte `cbor:"4,keyasint"`
	Secret   [16]byte `cbor:"5,keyasint"`
}

// NewToken makes a token with a fresh secret for the named terminal. hub is the address of
// the join server (host:port), ca its authority.
func NewToken(site, terminal, hub string, ca *x509.Certificate) (Token, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	t := Token{site, terminal, hub, Fingerprint(ca), secret.New(string(random[:]))}
	return t, t.check()
}

// Fingerprint is the SHA-256 of a CA's certificate in DER, by which a token names it.
func Fingerprint(ca *x509.Certificate) [32]byte { return sha256.Sum256(ca.Raw) }

// ParseToken reads the text of a token and ignores spaces around it. Errors are
// ErrBadToken and never quote the text.
func ParseToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	packed, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || len(text) > maxToken {
		return Token{}, fmt.Errorf("read the join token: it must begin with %s: %w", tokenPrefix, ErrBadToken)
	}
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		return Token{}, fmt.Errorf("read the join token: %w", ErrBadToken)
	}
	var b tokenBody
	if err := wire.Unmarshal(raw, &b); err != nil {
		return Token{}, fmt.Errorf("read the join token: %w", ErrBadToken)
	}
	t := Token{b.Site, b.Terminal, b.Hub, b.CA, secret.New(string(b.Secret[:]))}
	return t, t.check()
}

func (t Token) check() error {
	for _, err := range []error{wire.CheckName("site", t.Site), wire.CheckName("terminal", t.Terminal), checkAddress(t.Hub)} {
		if err != nil {
			return fmt.Errorf("join token: %w: %w", err, ErrBadToken)
		}
	}
	return nil
}

// Reveal is the text that ParseToken reads. It holds the secret: it is shown once, to
// the person who sets the terminal up.
func (t Token) Reveal() string {
	raw, err := wire.Marshal(tokenBody{t.Site, t.Terminal, t.Hub, t.CA, [16]byte([]byte(t.Secret.Reveal()))})
	if err != nil {
		panic(err) // names were checked, so there is nothing that cannot be encoded
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// Format implements fmt.Formatter, so that no verb reaches the secret.
func (t Token) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "join token of %s/%s", t.Site, t.Terminal)
}
