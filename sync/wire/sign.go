package wire

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/veraison/go-cose"
)

// The directions of messages.
const (
	Up   = "up"   // from a terminal
	Down = "down" // from the hub
)

// The kinds of messages. Each is also the last part of the MQTT topic.
const (
	MsgHello    = "hello" // Hello, up
	MsgEvents   = "ev"    // Frame of StreamEvents, up
	MsgSecurity = "sec"   // Frame of StreamSecurity, up
	MsgStatus   = "st"    // Status, up
	MsgWant     = "get"   // Want, up
	MsgAck      = "ack"   // Ack, down
	MsgPage     = "dl"    // Page, down
	MsgRelease  = "rel"   // Release, down
	MsgPiece    = "pc"    // Piece, down
	MsgCommand  = "cmd"   // down
)

// MaxSignedBytes bounds a signed message: the largest page and its envelope.
const MaxSignedBytes = MaxPageBytes + 1<<10

// hubKID names the hub's key; a terminal's key goes by its terminal name.
const hubKID = "hub"

// ErrSignature is the error of a message that the expected sender did not sign for
// this site, terminal, direction and kind.
var ErrSignature = errors.New("the signature does not belong to this sender and topic")

// Context is where a message was published. The signature covers it and the payload, so
// that a broker cannot present a message as one of another kind, terminal or site.
type Context struct {
	Site     string
	Terminal string
	Dir      string // Up or Down
	Kind     string // MsgHello...
}

// Of returns the context with another direction and kind.
func (c Context) Of(dir, kind string) Context {
	c.Dir, c.Kind = dir, kind
	return c
}

func (c Context) aad() []byte {
	return must(encoder.Marshal([]string{"badged/1", c.Site, c.Terminal, c.Dir, c.Kind}))
}

// kid is the key id of the sender in the context.
func (c Context) kid() []byte {
	if c.Dir == Down {
		return []byte(hubKID)
	}
	return []byte(c.Terminal)
}

// Sign makes a COSE_Sign1 message (RFC 9052 §4.2) of payload with Ed25519. The
// protected header holds the algorithm and the sender's key id, the unprotected
// header nothing, and the external data is the context.
func Sign(key ed25519.PrivateKey, c Context, payload []byte) ([]byte, error) {
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", c.Kind, err)
	}
	header := cose.Headers{Protected: cose.ProtectedHeader{
		cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA,
		cose.HeaderLabelKeyID:     c.kid(),
	}}
	msg, err := cose.Sign1(rand.Reader, signer, header, payload, c.aad())
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", c.Kind, err)
	}
	return msg, nil
}

// Verify returns the payload of msg if the sender of the context signed it for the context.
// ErrSignature: somebody else did, or for another context. Other errors are about the format.
func Verify(pub ed25519.PublicKey, c Context, msg []byte) ([]byte, error) {
	if len(msg) > MaxSignedBytes {
		return nil, fmt.Errorf("%s: %d bytes, at most %d", c.Kind, len(msg), MaxSignedBytes)
	}
	var m cose.Sign1Message
	if err := m.UnmarshalCBOR(msg); err != nil {
		return nil, fmt.Errorf("%s: not a COSE_Sign1 message: %w", c.Kind, err)
	}
	if !c.expects(m.Headers) {
		return nil, fmt.Errorf("%s: %w", c.Kind, ErrSignature)
	}
	verifier, err := cose.NewVerifier(cose.AlgorithmEdDSA, pub)
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", c.Kind, err)
	}
	if err := m.Verify(c.aad(), verifier); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Kind, ErrSignature)
	}
	return m.Payload, nil
}

// expects reports whether the headers hold what Sign writes and nothing else.
func (c Context) expects(h cose.Headers) bool {
	kid, _ := h.Protected[cose.HeaderLabelKeyID].([]byte)
	return len(h.Unprotected) == 0 && len(h.Protected) == 2 && string(kid) == string(c.kid())
}

// Seal encodes v and signs it.
func Seal(key ed25519.PrivateKey, c Context, v any) ([]byte, error) {
	payload, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	return Sign(key, c, payload)
}

// Open verifies msg and decodes it into v.
func Open(pub ed25519.PublicKey, c Context, msg []byte, v any) error {
	payload, err := Verify(pub, c, msg)
	if err != nil {
		return err
	}
	return Unmarshal(payload, v)
}
