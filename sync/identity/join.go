package identity

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"badged/internal/sitekey"
)

// JoinPath is the path where the hub accepts a JoinRequest, by POST over HTTPS.
//
// The server presents its CA behind its certificate, so that the terminal can find the
// one that the token names. It answers 200 with a JoinResponse, 403 for a secret that
// it does not know, 410 for one that was used or has ended, and 429 for too many attempts.
// The same secret with the same public key gets an identity again, for a terminal that lost
// power before it stored the hub's answer.
const JoinPath = "/v1/join"

// JoinProtocol is the ALPN protocol that a joining terminal offers beside HTTP/1.1. The hub
// answers it with the certificate of its own authority, which may not be the one for browsers.
const JoinProtocol = "badged-join"

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// joinTimeout bounds one attempt to join.
const joinTimeout = 30 * time.Second

// JoinRequest is what a terminal asks for. In JSON, bytes are base64.
type JoinRequest struct {
	Secret []byte `json:"secret"` // 16 bytes, of the token
	CSR    string `json:"csr"`    // PEM, PKCS #10, Ed25519, signed; common name: the terminal
}

// JoinResponse is what the hub gives a terminal that joins. In JSON, bytes are base64.
type JoinResponse struct {
	Cert           string `json:"cert"` // PEM, of the terminal; common name: the terminal
	CA             string `json:"ca"`   // PEM, the one that the token names
	Site           string `json:"site"`
	Terminal       string `json:"terminal"`
	SiteKey        []byte `json:"site_key"` // 32 bytes
	SiteKeyVersion uint32 `json:"site_key_version"`
	HubKey         []byte `json:"hub_key"`     // 32 bytes, Ed25519
	Incarnation    []byte `json:"incarnation"` // 16 bytes
	MQTT           string `json:"mqtt"`        // host:port
}

// Join exchanges the token for an identity and stores it in dir, which it makes if it does
// not exist. It trusts exactly the CA that the token names. It stores the terminal's key
// before it spends the token, so that an interrupted join can be repeated. Errors are those
// of this package, with the hub's address.
func Join(ctx context.Context, t Token, dir string) (*Identity, error) {
	if hasIdentity(dir) {
		return nil, fmt.Errorf("join %s: %s: %w", t.Site, dir, ErrAlreadyJoined)
	}
	key, err := pendingKey(dir)
	if err != nil {
		return nil, fmt.Errorf("join %s: %w", t.Site, err)
	}
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	answer, err := requestIdentity(ctx, t, key)
	if err != nil {
		return nil, fmt.Errorf("join %s at hub %s: %w", t.Site, t.Hub, err)
	}
	id, err := answer.toIdentity(t, key)
	if err != nil {
		return nil, fmt.Errorf("join %s at hub %s: %w: %w", t.Site, t.Hub, ErrHubAnswer, err)
	}
	if err := Write(dir, id); err != nil {
		return nil, fmt.Errorf("join %s: %w", t.Site, err)
	}
	return &id, nil
}

func requestIdentity(ctx context.Context, t Token, key ed25519.PrivateKey) (JoinResponse, error) {
	csr, err := newCSR(t.Terminal, key)
	if err != nil {
		return JoinResponse{}, err
	}
	body, err := json.Marshal(JoinRequest{[]byte(t.Secret.Reveal()), csr})
	if err != nil {
		return JoinResponse{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+t.Hub+JoinPath, bytes.NewReader(body))
	if err != nil {
		return JoinResponse{}, fmt.Errorf("%w: %w", ErrBadToken, err)
	}
	req.Header.Set("Content-Type", "application/json")
	return t.sendRequest(ctx, req)
}

// sendRequest sends one request to the token's hub over a new connection, without proxy or
// redirect. An http.Client for this one request would take 260 kB more in the flash of a
// small board.
func (t Token) sendRequest(ctx context.Context, req *http.Request) (JoinResponse, error) {
	host, _, _ := net.SplitHostPort(t.Hub)
	config := clientConfig(host, t.pickCA)
	config.NextProtos = []string{JoinProtocol, "http/1.1"}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", t.Hub)
	if err != nil {
		return JoinResponse{}, explainUnreachable(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends a read that waits
	resp, err := roundTrip(conn, req)
	if err != nil {
		return JoinResponse{}, explainUnreachable(errors.Join(ctx.Err(), err))
	}
	defer resp.Body.Close()
	return readAnswer(resp)
}

func roundTrip(conn net.Conn, req *http.Request) (*http.Response, error) {
	req.Close = true
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(io.LimitReader(conn, 2*maxAnswer)), req)
}

// pickCA finds the CA that the token names among what the server presented.
func (t Token) pickCA(sent []*x509.Certificate) (*x509.Certificate, error) {
	for _, c := range sent {
		if c.IsCA && Fingerprint(c) == t.CA {
			return c, nil
		}
	}
	return nil, ErrWrongCA
}

// explainUnreachable wraps the error of a failed connection: a hub that is not trusted, or one that
// cannot be reached.
func explainUnreachable(err error) error {
	for _, known := range []error{ErrWrongCA, ErrHubName, ErrExpired} {
		if errors.Is(err, known) {
			return err
		}
	}
	if _, other := errors.AsType[tls.RecordHeaderError](err); other {
		return fmt.Errorf("what answers there does not speak HTTPS: %w", ErrWrongCA)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func readAnswer(resp *http.Response) (JoinResponse, error) {
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusGone:
		return JoinResponse{}, ErrTokenUsed
	case http.StatusForbidden:
		return JoinResponse{}, ErrTokenUnknown
	case http.StatusTooManyRequests:
		return JoinResponse{}, ErrTooMany
	default:
		return JoinResponse{}, fmt.Errorf("%w: HTTP status %d", ErrHubAnswer, resp.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return JoinResponse{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	var answer JoinResponse
	if len(b) > maxAnswer || json.Unmarshal(b, &answer) != nil {
		return JoinResponse{}, ErrHubAnswer
	}
	return answer, nil
}

// toIdentity makes the identity of an answer that fits the token. It fails on any other.
func (r JoinResponse) toIdentity(t Token, key ed25519.PrivateKey) (Identity, error) {
	if r.Site != t.Site || r.Terminal != t.Terminal {
		return Identity{}, errors.New("it is for another terminal")
	}
	if len(r.SiteKey) != sitekey.Size || len(r.Incarnation) != 16 {
		return Identity{}, errors.New("a key has a wrong length")
	}
	cert, err := parseCertificate([]byte(r.Cert))
	if err != nil {
		return Identity{}, err
	}
	ca, err := parseCertificate([]byte(r.CA))
	if err != nil {
		return Identity{}, err
	}
	if Fingerprint(ca) != t.CA {
		return Identity{}, errors.New("its CA is not the one that the token names")
	}
	id := Identity{
		Site: r.Site, Terminal: r.Terminal, MQTT: r.MQTT, Key: key, Certificate: cert, CA: ca, HubKey: r.HubKey,
		SiteKey:     sitekey.New(r.SiteKeyVersion, [sitekey.Size]byte(r.SiteKey)),
		Incarnation: [16]byte(r.Incarnation),
	}
	return id, id.check()
}

func newCSR(terminal string, key ed25519.PrivateKey) (string, error) {
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: terminal}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return "", fmt.Errorf("make a certificate request: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}
