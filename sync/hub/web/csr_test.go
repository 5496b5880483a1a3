package web_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"badged/sync/identity"
)

// ask sends a request to join and gives the answer's status.
func (s stand) ask(t *testing.T, token identity.Token, csr []byte) int {
	t.Helper()
	return s.askWith(t, token, csr, "")
}

// askWith sends it with a field that is not asked for.
func (s stand) askWith(t *testing.T, token identity.Token, csr []byte, more string) int {
	t.Helper()
	request := identity.JoinRequest{
		Secret: []byte(token.Secret.Reveal()),
		CSR:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})),
	}
	body, err := json.Marshal(struct {
		More string `json:"more"`
		identity.JoinRequest
	}{more, request})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client().Post(s.URL+identity.JoinPath, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func request(t *testing.T, name string, key any) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A certificate goes to whoever holds the key, in the name of the token: a request
// that is signed by another key, is in another name or asks for a key of another kind is
// refused, and does not spend the token.
func TestACertificateGoesToTheHolderOfTheKeyInTheTokensName(t *testing.T) {
	s := serve(t)
	token := s.token(t, "hall")
	s.token(t, "gate")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := request(t, "hall", key)
	unsigned[len(unsigned)-1] ^= 1 // in the signature
	for name, csr := range map[string][]byte{
		"a broken signature": unsigned,
		"another name":       request(t, "gate", key),
		"no name":            request(t, "", key),
		"an ECDSA key":       request(t, "hall", other),
	} {
		if status := s.ask(t, token, csr); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, status)
		}
		if s.Hub.Knows(t.Context(), "hall", key.Public().(ed25519.PublicKey)) {
			t.Fatalf("%s: joined", name)
		}
	}
	if status := s.ask(t, token, request(t, "hall", key)); status != http.StatusOK {
		t.Errorf("as it should be: status %d", status)
	}
	if !s.Hub.Knows(t.Context(), "hall", key.Public().(ed25519.PublicKey)) {
		t.Error("not joined")
	}
}

// However good a request is, one of more than 8 KiB is not read.
func TestARequestToJoinHasABound(t *testing.T) {
	s := serve(t)
	token := s.token(t, "hall")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	csr := request(t, "hall", key)
	if status := s.askWith(t, token, csr, strings.Repeat("x", 8<<10)); status != http.StatusBadRequest {
		t.Errorf("8 KiB more: status %d", status)
	}
	if status := s.askWith(t, token, csr, strings.Repeat("x", 4<<10)); status != http.StatusOK {
		t.Errorf("4 KiB more: status %d", status)
	}
}
