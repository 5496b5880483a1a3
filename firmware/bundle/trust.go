package bundle

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
)

// Role is a group of keys, of which Threshold must sign.
type Role struct {
	Threshold int   `json:"threshold"`
	Keys      []Key `json:"keys"`
}

// Trust says who may sign: Root the next Trust, Release what terminals run.
type Trust struct {
	Version uint64 `json:"version"` // 1, then one more each time
	Product string `json:"product"`
	Root    Role   `json:"root"`
	Release Role   `json:"release"`
}

// Product is what our bundles are for.
const Product = "badged"

func (r Role) check(name string) error {
	if r.Threshold < 1 || r.Threshold > len(r.Keys) || len(r.Keys) > maxSignatures {
		return fmt.Errorf("%s: %d of %d keys makes no sense (1 to %d keys, a threshold of 1 to all of them)", name, r.Threshold, len(r.Keys), maxSignatures)
	}
	for i, k := range r.Keys {
		if slices.Contains(r.Keys[:i], k) {
			return fmt.Errorf("%s: the key %s stands twice", name, k)
		}
	}
	return nil
}

// satisfied reports whether enough of the role's keys are among the signers.
func (r Role) satisfied(signers []Key) bool {
	n := 0
	for _, k := range r.Keys {
		if slices.Contains(signers, k) {
			n++
		}
	}
	return r.Threshold > 0 && n >= r.Threshold
}

func (t Trust) check() error {
	if t.Product != Product {
		return fmt.Errorf("it is for the product %.40q, not %q", t.Product, Product)
	}
	if err := t.Root.check("root"); err != nil {
		return err
	}
	return t.Release.check("release")
}

// TrustFile is a chain of trust, oldest first, as it stands in a file of its own and in every
// bundle. It verifies nothing: Trusted and Follow do.
type TrustFile struct{ chain []statement }

// trustMagic begins a file of trust.
const trustMagic = "badged-trust-1\n\n"

// NewTrustFile is the chain of previous (none for the first) with one more version, which
// nobody has signed yet.
func NewTrustFile(previous TrustFile, t Trust) (TrustFile, error) {
	t.Product, t.Version = Product, uint64(len(previous.chain)+1)
	if err := t.check(); err != nil {
		return TrustFile{}, fmt.Errorf("make trust %d: %w", t.Version, err)
	}
	payload, err := json.Marshal(t)
	if err != nil {
		return TrustFile{}, fmt.Errorf("make trust %d: %w", t.Version, err)
	}
	return TrustFile{append(slices.Clone(previous.chain), statement{kind: kindTrust, payload: payload})}, nil
}

// ParseTrustFile reads a file of trust.
func ParseTrustFile(b []byte) (TrustFile, error) {
	if len(b) > maxTrust || len(b) < len(trustMagic) || string(b[:len(trustMagic)]) != trustMagic {
		return TrustFile{}, fmt.Errorf("read a file of trust: it does not begin like one: %w", ErrDamaged)
	}
	return parseChain(b[len(trustMagic):])
}

func parseChain(b []byte) (f TrustFile, err error) {
	for len(b) > 0 {
		var s statement
		if s, b, err = cutStatement(kindTrust, b); err != nil {
			return TrustFile{}, fmt.Errorf("read the trust: %w", err)
		}
		f.chain = append(f.chain, s)
	}
	return f, nil
}

// Bytes is the file.
func (f TrustFile) Bytes() []byte { return append([]byte(trustMagic), f.chainBytes()...) }

func (f TrustFile) chainBytes() (b []byte) {
	for _, s := range f.chain {
		b = s.append(b)
	}
	return b
}

// Sign adds a signature to the newest version.
func (f *TrustFile) Sign(key ed25519.PrivateKey) error {
	if len(f.chain) == 0 {
		return fmt.Errorf("sign the trust: it is empty: %w", ErrDamaged)
	}
	return f.chain[len(f.chain)-1].sign(key)
}

// Trusted gives the newest version of a file that came by a way that is trusted. Every link of
// it must hold all the same.
func (f TrustFile) Trusted() (Trust, error) {
	if len(f.chain) == 0 {
		return Trust{}, fmt.Errorf("read the trust: it is empty: %w", ErrDamaged)
	}
	first, err := parseTrust(f.chain[0])
	if err != nil {
		return Trust{}, err
	}
	if first.Version != 1 || !first.Root.satisfied(f.chain[0].signers()) {
		return Trust{}, fmt.Errorf("trust %d: the first version must be 1 and signed by its own root keys: %w", first.Version, ErrUntrusted)
	}
	return first.Follow(f)
}

// Follow goes from a version that is known to the newest of the chain. Versions that are known
// or older say nothing. With a chain that ends before the known version, the known one stands.
func (t Trust) Follow(f TrustFile) (Trust, error) {
	for _, s := range f.chain {
		signers := s.signers()
		next, err := parseTrust(s)
		switch {
		case err != nil:
			return t, err
		case next.Version <= t.Version:
			continue
		case next.Version != t.Version+1:
			return t, fmt.Errorf("trust %d follows %d: a version is missing: %w", next.Version, t.Version, ErrUntrusted)
		case !t.Root.satisfied(signers):
			return t, fmt.Errorf("trust %d needs %d root keys of trust %d: %w", next.Version, t.Root.Threshold, t.Version, ErrUntrusted)
		case !next.Root.satisfied(signers):
			return t, fmt.Errorf("trust %d needs %d root keys of its own: %w", next.Version, next.Root.Threshold, ErrUntrusted)
		}
		t = next
	}
	return t, nil
}

// parseTrust reads a version. Whoever uses it has checked the signatures, or is about to, with
// keys that do not come from it alone.
func parseTrust(s statement) (t Trust, err error) {
	if len(s.payload) > maxTrust {
		return t, fmt.Errorf("read the trust: %w", ErrDamaged)
	}
	if err := unmarshal(s.payload, &t); err != nil {
		return t, fmt.Errorf("read the trust: %w: %w", err, ErrDamaged)
	}
	if err := t.check(); err != nil {
		return t, fmt.Errorf("trust %d: %w: %w", t.Version, err, ErrDamaged)
	}
	return t, nil
}
