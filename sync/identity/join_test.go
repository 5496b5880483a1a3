package identity_test

import (
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
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"badged/sync/identity"
)

// fakeHub is a join server with a CA of its own.
type fakeHub struct {
	t      *testing.T
	ca     *x509.Certificate
	caKey  ed25519.PrivateKey
	server *httptest.Server
	asked  []identity.JoinRequest
	answer func(identity.JoinRequest) (int, any)
}

// newHub starts one whose certificate is for the given addresses.
func newHub(t *testing.T, hosts ...string) *fakeHub {
	t.Helper()
	h := &fakeHub{t: t}
	pub, key, _ := ed25519.GenerateKey(nil)
	h.caKey = key
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	h.ca = h.sign(ca, ca, pub)
	h.answer = h.admit
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(h.serve))
	h.server.TLS = &tls.Config{Certificates: []tls.Certificate{h.serverCert(now.Add(-time.Hour), now.Add(time.Hour), hosts...)}}
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the point
	h.server.StartTLS()
	t.Cleanup(h.server.Close)
	return h
}

func (h *fakeHub) serverCert(from, to time.Time, hosts ...string) tls.Certificate {
	pub, key, _ := ed25519.GenerateKey(nil)
	c := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: to, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, host)
		}
	}
	leaf := h.sign(c, h.ca, pub)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, h.ca.Raw}, PrivateKey: key}
}

func (h *fakeHub) sign(c, by *x509.Certificate, pub any) *x509.Certificate {
	h.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, pub, h.caKey)
	if err != nil {
		h.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		h.t.Fatal(err)
	}
	return cert
}

func (h *fakeHub) serve(w http.ResponseWriter, r *http.Request) {
	var req identity.JoinRequest
	if r.URL.Path != identity.JoinPath || json.NewDecoder(r.Body).Decode(&req) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.asked = append(h.asked, req)
	status, body := h.answer(req)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (h *fakeHub) admit(req identity.JoinRequest) (int, any) { return h.admitAs("hall", req) }

// admitAs makes whoever asks a terminal of that name.
func (h *fakeHub) admitAs(terminal string, req identity.JoinRequest) (int, any) {
	block, _ := pem.Decode([]byte(req.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil {
		return http.StatusBadRequest, nil
	}
	cert := h.sign(&x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: terminal}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, h.ca, csr.PublicKey)
	return http.StatusOK, identity.JoinResponse{
		Cert: pemOf(cert), CA: pemOf(h.ca), Site: "lyon", Terminal: terminal, SiteKey: make([]byte, 32), SiteKeyVersion: 3,
		HubKey: h.caKey.Public().(ed25519.PublicKey), Incarnation: []byte("incarnation12345"), MQTT: "127.0.0.1:8883",
	}
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// token is for the hub at its present address.
func (h *fakeHub) token() identity.Token {
	h.t.Helper()
	token, err := identity.NewToken("lyon", "hall", h.server.Listener.Addr().String(), h.ca)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

func TestJoinGivesAnIdentityThatLoads(t *testing.T) {
	hub, dir := newHub(t, "127.0.0.1"), filepath.Join(t.TempDir(), "identity")
	token, err := identity.ParseToken(" " + hub.token().Reveal() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.Join(t.Context(), token, dir)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := identity.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(id, loaded) || loaded.Site != "lyon" || loaded.Terminal != "hall" || loaded.SiteKey.Version != 3 {
		t.Errorf("joined as %v, loaded as %v", id, loaded)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 5 {
		t.Errorf("%d files, want 5", len(files))
	}
	for _, f := range files {
		if info, _ := f.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestJoinSaysWhatIsWrong(t *testing.T) {
	const nobody = "127.0.0.1:1" // no system gives this port to a program that asks for any
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, c := range map[string]struct {
		spoil func(*fakeHub, *identity.Token)
		want  error
	}{
		"used token":     {func(h *fakeHub, _ *identity.Token) { h.answerWith(http.StatusGone, nil) }, identity.ErrTokenUsed},
		"unknown token":  {func(h *fakeHub, _ *identity.Token) { h.answerWith(http.StatusForbidden, nil) }, identity.ErrTokenUnknown},
		"too many":       {func(h *fakeHub, _ *identity.Token) { h.answerWith(http.StatusTooManyRequests, nil) }, identity.ErrTooMany}, // issue 14, 1.7
		"nobody there":   {func(_ *fakeHub, k *identity.Token) { k.Hub = nobody }, identity.ErrUnreachable},
		"no HTTPS":       {func(_ *fakeHub, k *identity.Token) { k.Hub = plain.Listener.Addr().String() }, identity.ErrWrongCA},
		"another hub":    {func(_ *fakeHub, k *identity.Token) { k.Hub = newHub(t, "127.0.0.1").server.Listener.Addr().String() }, identity.ErrWrongCA},
		"another name":   {func(h *fakeHub, k *identity.Token) { h.recertify(t, "hub.example") }, identity.ErrHubName},
		"ended":          {func(h *fakeHub, k *identity.Token) { h.expire() }, identity.ErrExpired},
		"hub in trouble": {func(h *fakeHub, _ *identity.Token) { h.answerWith(http.StatusInternalServerError, nil) }, identity.ErrHubAnswer},
		"redirect":       {func(h *fakeHub, _ *identity.Token) { h.answerWith(http.StatusTemporaryRedirect, nil) }, identity.ErrHubAnswer},
		"endless answer": {func(h *fakeHub, _ *identity.Token) { h.answerWith(200, strings.Repeat("x", 1<<20)) }, identity.ErrHubAnswer},
		"nothing in it":  {func(h *fakeHub, _ *identity.Token) { h.answerWith(200, struct{}{}) }, identity.ErrHubAnswer},
		"a terminal":     {func(h *fakeHub, k *identity.Token) { h.posesAsHub(t) }, identity.ErrWrongCA},
		"another site":   {changed(func(r *identity.JoinResponse) { r.Site = "nice" }), identity.ErrHubAnswer},
		"another CA":     {func(h *fakeHub, _ *identity.Token) { h.answer = newHub(t, "127.0.0.1").admit }, identity.ErrHubAnswer},
		"another key":    {func(h *fakeHub, _ *identity.Token) { h.admitsAnotherKey(t) }, identity.ErrHubAnswer},
		"another terminal": {func(h *fakeHub, _ *identity.Token) {
			h.answer = func(r identity.JoinRequest) (int, any) { return h.admitAs("gate", r) }
		}, identity.ErrHubAnswer},
		"only its name":   {changed(func(r *identity.JoinResponse) { r.Terminal = "gate" }), identity.ErrHubAnswer},
		"with a redirect": {func(h *fakeHub, _ *identity.Token) { h.admitsWith(http.StatusTemporaryRedirect) }, identity.ErrHubAnswer},
		"with an error":   {func(h *fakeHub, _ *identity.Token) { h.admitsWith(http.StatusInternalServerError) }, identity.ErrHubAnswer},
		"short site key":  {changed(func(r *identity.JoinResponse) { r.SiteKey = r.SiteKey[:16] }), identity.ErrHubAnswer},
		"short hub key":   {changed(func(r *identity.JoinResponse) { r.HubKey = r.HubKey[:16] }), identity.ErrHubAnswer},
		"no address":      {changed(func(r *identity.JoinResponse) { r.MQTT = "hub" }), identity.ErrHubAnswer},
		"CA as terminal":  {changed(func(r *identity.JoinResponse) { r.Cert = r.CA }), identity.ErrHubAnswer},
		"not certificate": {changed(func(r *identity.JoinResponse) { r.Cert = "hello" }), identity.ErrHubAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			hub, dir := newHub(t, "127.0.0.1"), t.TempDir()
			token := hub.token()
			c.spoil(hub, &token)
			_, err := identity.Join(t.Context(), token, dir)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if _, err := identity.Load(dir); !errors.Is(err, identity.ErrNotJoined) {
				t.Errorf("after a failed join: %v", err)
			}
		})
	}
}

func (h *fakeHub) answerWith(status int, body any) {
	h.answer = func(identity.JoinRequest) (int, any) { return status, body }
}

func changed(change func(*identity.JoinResponse)) func(*fakeHub, *identity.Token) {
	return func(h *fakeHub, _ *identity.Token) {
		h.answer = func(req identity.JoinRequest) (int, any) {
			status, body := h.admit(req)
			r := body.(identity.JoinResponse)
			change(&r)
			return status, r
		}
	}
}

func (h *fakeHub) recertify(_ *testing.T, host string) {
	h.server.TLS.Certificates[0] = h.serverCert(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), host)
}

// posesAsHub answers with a certificate that the hub issued to a terminal at this very
// address: it shows who a client is, and makes nobody the hub.
func (h *fakeHub) posesAsHub(t *testing.T) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf := h.sign(&x509.Certificate{
		SerialNumber: big.NewInt(4), Subject: pkix.Name{CommonName: "gate"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, h.ca, pub)
	h.server.TLS.Certificates[0] = tls.Certificate{Certificate: [][]byte{leaf.Raw, h.ca.Raw}, PrivateKey: key}
}

// admitsAnotherKey answers with a good certificate for somebody else's key.
func (h *fakeHub) admitsAnotherKey(t *testing.T) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	other := identity.JoinRequest{CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))}
	h.answer = func(identity.JoinRequest) (int, any) { return h.admit(other) }
}

// admitsWith answers correctly except for the status.
func (h *fakeHub) admitsWith(status int) {
	h.answer = func(r identity.JoinRequest) (int, any) {
		_, body := h.admit(r)
		return status, body
	}
}

func (h *fakeHub) expire() {
	h.server.TLS.Certificates[0] = h.serverCert(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), "127.0.0.1")
}

// A terminal without a battery wakes in 1970: seen from there the hub's certificate
// is of the future, and that must not keep it out.
func TestCertificatesOfTheFutureAreOfTheTerminalsPast(t *testing.T) {
	hub := newHub(t, "127.0.0.1")
	hub.server.TLS.Certificates[0] = hub.serverCert(time.Now().Add(50*365*24*time.Hour), time.Now().Add(51*365*24*time.Hour), "127.0.0.1")
	hub.ca.NotAfter = time.Now().Add(60 * 365 * 24 * time.Hour)
	hub.ca = hub.sign(hub.ca, hub.ca, hub.caKey.Public())
	hub.server.TLS.Certificates[0].Certificate[1] = hub.ca.Raw
	if _, err := identity.Join(t.Context(), hub.token(), t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestJoinIsRefusedWhereATerminalHasJoined(t *testing.T) {
	hub, dir := newHub(t, "127.0.0.1"), t.TempDir()
	if _, err := identity.Join(t.Context(), hub.token(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Join(t.Context(), hub.token(), dir); !errors.Is(err, identity.ErrAlreadyJoined) {
		t.Errorf("got %v", err)
	}
	if len(hub.asked) != 1 {
		t.Error("the second token was spent")
	}
}

// The power goes between the hub's answer and the terminal's disk: the same key asks
// again, so the hub can tell that it is the same terminal.
func TestACutJoinIsRepeatedWithTheSameKey(t *testing.T) {
	hub, dir := newHub(t, "127.0.0.1"), t.TempDir()
	hub.answer = func(req identity.JoinRequest) (int, any) {
		hub.admit(req)
		panic(http.ErrAbortHandler) // nothing of the answer arrives
	}
	token := hub.token()
	if _, err := identity.Join(t.Context(), token, dir); err == nil {
		t.Fatal("the join was not cut")
	}
	hub.answer = hub.admit
	if _, err := identity.Join(t.Context(), token, dir); err != nil {
		t.Fatal(err)
	}
	if len(hub.asked) != 2 || publicKey(t, hub.asked[0]) != publicKey(t, hub.asked[1]) {
		t.Errorf("%d requests, not with one key", len(hub.asked))
	}
}

func publicKey(t *testing.T, r identity.JoinRequest) string {
	t.Helper()
	block, _ := pem.Decode([]byte(r.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", csr.PublicKey)
}

func TestJoinEndsWithItsContext(t *testing.T) {
	hub := newHub(t, "127.0.0.1")
	ctx, cancel := context.WithCancel(t.Context())
	hub.answer = func(identity.JoinRequest) (int, any) {
		cancel()
		<-t.Context().Done() // a hub that never answers
		return http.StatusOK, nil
	}
	_, err := identity.Join(ctx, hub.token(), t.TempDir())
	if !errors.Is(err, identity.ErrUnreachable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
