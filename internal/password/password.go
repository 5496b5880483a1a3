// Package password turns passwords into what may be kept of them, and says which ones may be
// chosen: argon2id (RFC 9106) as PHC strings, the rules of NIST SP 800-63B §3.1.1.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"badged/internal/secret"
)

// cost is what one hash costs.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// usual is the cost of a new hash (RFC 9106 §4, second choice).
var usual = cost{memory: 64 << 10, passes: 3, threads: 1}

// most bounds the cost of a hash that is read back.
var most = cost{memory: 256 << 10, passes: 10, threads: 4}

const (
	saltSize = 16
	keySize  = 32
)

// slots lets two hashes be made at once: each takes 64 MiB. In line are those that are made or
// wait: 32 wait at most, some seconds long.
var (
	slots = make(chan struct{}, 2)
	line  = make(chan struct{}, cap(slots)+32)
)

// ErrBusy is the error when too many hashes wait already.
var ErrBusy = errors.New("check a password: too many others are being checked: try again in a minute")

// derive makes the key of a password, once there is a slot.
func derive(ctx context.Context, pw secret.Text, salt []byte, c cost) ([]byte, error) {
	select {
	case line <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	defer func() { <-line }()
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("check a password: %w", ctx.Err())
	}
	defer func() { <-slots }()
	return argon2.IDKey([]byte(normalize(pw)), salt, c.passes, c.memory, c.threads, keySize), nil
}

// normalize gives a password the one form in which it is hashed and judged: letters with
// their accents together, however a keyboard sends them.
func normalize(pw secret.Text) string { return norm.NFC.String(pw.Reveal()) }

// Hash gives what is kept of a password, a PHC string. It waits while two others are made;
// ErrBusy: too many wait.
func Hash(ctx context.Context, pw secret.Text) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	key, err := derive(ctx, pw, salt, usual)
	if err != nil {
		return "", err
	}
	return format(usual, salt, key), nil
}

func format(c cost, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads,
		b.EncodeToString(salt), b.EncodeToString(key))
}

// Verify reports whether a password is the one of a PHC string. An empty string is nobody's:
// it costs the same time, and none is right.
func Verify(ctx context.Context, phc string, pw secret.Text) (bool, error) {
	c, salt, want := usual, make([]byte, saltSize), make([]byte, keySize)
	if phc != "" {
		var err error
		if c, salt, want, err = parse(phc); err != nil {
			return false, err
		}
	}
	got, err := derive(ctx, pw, salt, c)
	return err == nil && phc != "" && subtle.ConstantTimeCompare(got, want) == 1, err
}

// errPHC is the error of a hash that this package did not make.
var errPHC = errors.New("check a password: what the database keeps of it is no argon2id hash: reset the password")

func parse(phc string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errPHC
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads)
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if n != 3 || errors.Join(err, err1, err2) != nil || len(key) != keySize || c.isOut() {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}

func (c cost) isOut() bool {
	return c.memory < 8 || c.passes < 1 || c.threads < 1 || c.memory > most.memory || c.passes > most.passes || c.threads > most.threads
}
