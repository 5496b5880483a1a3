package bundle

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Bounds of what is read before it is verified.
const (
	maxSignatures = 16
	maxTrust      = 64 << 10
	maxRelease    = 8 << 20
)

// ErrDamaged marks what is no bundle, or no longer one.
var ErrDamaged = errors.New("the file is damaged or no bundle (copy or download it again)")

// ErrUntrusted marks what the keys that are trusted have not signed.
var ErrUntrusted = errors.New("not signed by enough keys that are trusted (get the file from the makers of the release; " +
	"if its keys were changed, the file must bring the new ones along)")

// Key is a public key.
type Key [ed25519.PublicKeySize]byte

// ParseKey reads the 64 hex digits of a public key.
func ParseKey(s string) (k Key, err error) { return k, k.UnmarshalText([]byte(s)) }

// String gives the 64 hex digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// MarshalText implements encoding.TextMarshaler.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Key) UnmarshalText(b []byte) error { return unhex(k[:], b) }

// Hash is a SHA-256.
type Hash [32]byte

// String gives the 64 hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error { return unhex(h[:], b) }

func unhex(to, from []byte) error {
	if len(from) != 2*len(to) {
		return fmt.Errorf("%.80q does not have %d hex digits", from, 2*len(to))
	}
	_, err := hex.Decode(to, from)
	return err
}

// kind is what a statement is about, as its signatures cover it.
type kind string

const (
	kindTrust   kind = "badged trust 1"
	kindRelease kind = "badged release 1"
)

func (k kind) message(payload []byte) []byte {
	return append(append([]byte(k), 0), payload...)
}

// signature is one key's.
type signature struct {
	key Key
	sig [ed25519.SignatureSize]byte
}

// statement is a payload with what was signed of it.
type statement struct {
	kind       kind
	signatures []signature
	payload    []byte
}

// sign adds the signature of a key, once.
func (s *statement) sign(key ed25519.PrivateKey) error {
	public := Key(key.Public().(ed25519.PublicKey))
	for _, have := range s.signatures {
		if have.key == public {
			return nil
		}
	}
	if len(s.signatures) == maxSignatures {
		return fmt.Errorf("sign with %s: it has %d signatures, and may have no more", public, maxSignatures)
	}
	s.signatures = append(s.signatures, signature{public, [64]byte(ed25519.Sign(key, s.kind.message(s.payload)))})
	return nil
}

// signers gives the keys whose signatures are right, each once.
func (s statement) signers() (keys []Key) {
	message, seen := s.kind.message(s.payload), map[Key]bool{}
	for _, g := range s.signatures {
		if !seen[g.key] && ed25519.Verify(g.key[:], message, g.sig[:]) {
			seen[g.key] = true
			keys = append(keys, g.key)
		}
	}
	return keys
}

func (s statement) append(b []byte) []byte {
	b = append(b, byte(len(s.signatures)))
	for _, g := range s.signatures {
		b = append(append(b, g.key[:]...), g.sig[:]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.payload)))
	return append(b, s.payload...)
}

// cutStatement reads the statement at the start of b.
func cutStatement(k kind, b []byte) (s statement, rest []byte, err error) {
	if len(b) < 1 || b[0] > maxSignatures {
		return s, nil, fmt.Errorf("the signatures do not fit: %w", ErrDamaged)
	}
	s.kind, s.signatures, b = k, make([]signature, b[0]), b[1:]
	for i := range s.signatures {
		g := &s.signatures[i]
		if len(b) < len(g.key)+len(g.sig) {
			return s, nil, fmt.Errorf("a signature is cut off: %w", ErrDamaged)
		}
		b = b[copy(g.key[:], b):]
		b = b[copy(g.sig[:], b):]
	}
	s.payload, rest, err = cutBlock(b)
	return s, rest, err
}

// cutBlock reads a length and as many bytes.
func cutBlock(b []byte) (block, rest []byte, err error) {
	if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, nil, fmt.Errorf("a part is cut off: %w", ErrDamaged)
	}
	n := 4 + int(binary.BigEndian.Uint32(b))
	return b[4:n], b[n:], nil
}

// unmarshal reads a payload strictly: a field that is not known could mean that something must
// be checked that this program does not know of.
func unmarshal(payload []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%w (this program may be too old for it)", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind its end")
	}
	return nil
}
