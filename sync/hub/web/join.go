package web

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/identity"
)

// maxRequest bounds a request to join.
const maxRequest = 8 << 10

// joining answers terminals that want to join.
type joining struct {
	Options
	limit *limiter
}

func (j *joining) serve(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !j.limit.allow(people.Network(host), time.Now()) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many attempts to join: wait a minute", http.StatusTooManyRequests)
		return
	}
	answer, err := j.join(w, r)
	if err != nil {
		j.refuse(w, host, err)
		return
	}
	j.Log.Info("a terminal joined", "terminal", answer.Terminal, "remote", host)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		j.Log.Warn("a terminal did not wait for its identity", "terminal", answer.Terminal, "error", err)
	}
}

// refuse answers as identity.JoinPath says.
func (j *joining) refuse(w http.ResponseWriter, host string, err error) {
	status := http.StatusInternalServerError
	switch {
	case refusal.IsKind(err, refusal.Missing):
		status = http.StatusForbidden
	case refusal.IsKind(err, refusal.Conflict):
		status = http.StatusGone
	case refusal.IsKind(err, refusal.Invalid):
		status = http.StatusBadRequest
	}
	j.Log.Warn("a terminal cannot join", "remote", host, "error", err)
	http.Error(w, "join refused", status)
}

func (j *joining) join(w http.ResponseWriter, r *http.Request) (identity.JoinResponse, error) {
	var req identity.JoinRequest
	body := http.MaxBytesReader(w, r.Body, maxRequest)
	if err := json.NewDecoder(body).Decode(&req); err != nil || len(req.Secret) != 16 {
		return identity.JoinResponse{}, refuse(codeRequest)
	}
	key, name, err := readCSR(req.CSR)
	if err != nil {
		return identity.JoinResponse{}, err
	}
	joined, err := j.Hub.Join(r.Context(), secret.New(string(req.Secret)), key, func(terminal string) ([]byte, error) {
		if terminal != name {
			return nil, refuse(codeName)
		}
		cert, err := j.Issue(terminal, key)
		if err != nil {
			return nil, err
		}
		return toPEM(cert), nil
	})
	if err != nil {
		return identity.JoinResponse{}, err
	}
	siteKey := j.Hub.SiteKey().Reveal()
	return identity.JoinResponse{
		Cert: string(joined.Cert), CA: string(toPEM(j.CA)), Site: j.Hub.SiteID(), Terminal: joined.Terminal,
		SiteKey: siteKey[:], SiteKeyVersion: j.Hub.SiteKey().Version, HubKey: j.Hub.Public(),
		Incarnation: joined.Incarnation[:], MQTT: j.MQTT,
	}, nil
}

// The codes of requests to join that make no sense. They reach the log, never the terminal.
const (
	codeRequest = "join_request" // not a request to join
	codeName    = "join_name"    // in another terminal's name
	codeCSR     = "join_csr"     // no signed certificate request for an Ed25519 key
)

func refuse(code string) error { return &refusal.Error{Kind: refusal.Invalid, Code: code} }

// readCSR takes a request that is signed with the Ed25519 key that it is for.
func readCSR(text string) (ed25519.PublicKey, string, error) {
	bad := refuse(codeCSR)
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, "", bad
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil {
		return nil, "", bad
	}
	key, ok := csr.PublicKey.(ed25519.PublicKey)
	if !ok {
		return nil, "", bad
	}
	return key, csr.Subject.CommonName, nil
}

func toPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
