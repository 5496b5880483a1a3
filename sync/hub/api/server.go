package api

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"badged/internal/httpserve"
	"badged/internal/unixsock"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/refusal"
	"badged/sync/hub/words"
)

// Options is what the server needs.
type Options struct {
	Store fleet.Store
	Fleet *fleet.Hub
	// EventsCame gives a channel that is closed when events come after the call.
	EventsCame func() <-chan struct{}
	// Backup copies the database to a new file while it is used.
	Backup func(ctx context.Context, path string) error
	CA     *x509.Certificate
	Join   string // host:port of the join server, as terminals reach it
	Log    *slog.Logger
	// Actor tells who makes a request, or refuses it.
	Actor func(*http.Request) (audit.Actor, error)
}

// The bounds of a request, and how long the last answers may take.
const (
	maxRequest = 64 << 10
	endTimeout = 5 * time.Second
)

// Listen makes the socket at path, which only its owner can use, in place of one
// that a killed hub left behind.
func Listen(path string) (net.Listener, error) {
	l, err := unixsock.Listen(path)
	if err != nil {
		return nil, fmt.Errorf("make the admin socket %s: %w", path, err)
	}
	return l, nil
}

// ServeSocket answers on the admin socket until ctx ends, and returns nil once the last
// answer is out. Who calls is known by the user id of the process.
func ServeSocket(ctx context.Context, l net.Listener, o Options) error {
	o.Actor = peer
	return httpserve.Run(ctx, l, httpserve.Server{
		Name: "the admin socket", Handler: Handler(o), Log: o.Log, Conn: rememberPeer, ReadTime: time.Minute, Grace: endTimeout,
	})
}

type peerKey struct{}

// rememberPeer keeps the connection of a request, of which the kernel knows the caller.
func rememberPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, c)
}

// peer is the operator at the other end of the socket.
func peer(r *http.Request) (audit.Actor, error) {
	c, ok := r.Context().Value(peerKey{}).(net.Conn)
	if !ok {
		return audit.Actor{}, errors.New("a request that came by no socket")
	}
	uid, err := unixsock.PeerUID(c)
	return audit.Actor{Kind: audit.Operator, ID: strconv.FormatUint(uint64(uid), 10), Via: "socket"}, err
}

// server answers requests.
type server struct{ Options }

// none is an empty request or answer.
type none struct{}

// Handler is the interface that openapi.yaml describes.
func Handler(o Options) http.Handler {
	s := &server{o}
	mux := http.NewServeMux()
	for pattern, h := range s.routes() {
		mux.HandleFunc(pattern, h)
	}
	return mux
}

// read answers with what fn finds in one snapshot.
func read[Out any](s *server, fn func(fleet.Tx, *http.Request) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var out Out
		_, err := s.Actor(r)
		if err == nil {
			err = s.Store.Read(r.Context(), func(tx fleet.Tx) (err error) {
				if err = setZone(w, tx); err == nil {
					out, err = fn(tx, r)
				}
				return err
			})
		}
		s.sendAnswer(w, r, out, err)
	}
}

// change decodes a request and lets fn make its change in one transaction.
func change[In, Out any](s *server, fn func(fleet.Tx, *http.Request, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		var out Out
		by, err := s.Actor(r)
		if err == nil {
			err = decode(http.MaxBytesReader(w, r.Body, maxRequest), &in)
		}
		if err == nil {
			err = s.Store.Write(r.Context(), by, func(tx fleet.Tx) (err error) {
				if out, err = fn(tx, r, in); err == nil {
					err = setZone(w, tx)
				}
				return err
			})
		}
		s.sendAnswer(w, r, out, err)
	}
}

// zoneHeader tells the time zone of the site, in which people read its times.
const zoneHeader = "Badged-Time-Zone"

func setZone(w http.ResponseWriter, tx fleet.Tx) error {
	site, err := access.Settings(tx.Tx.Tx)
	w.Header().Set(zoneHeader, site.TimeZone)
	return err
}

// decode refuses unknown fields, so that a misspelt one is not silently without effect.
func decode(r io.Reader, v any) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return invalid(CodeRequest, "detail", "too large, or cut off")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid(CodeRequest, "detail", err.Error())
	}
	return nil
}

func (s *server) sendAnswer(w http.ResponseWriter, r *http.Request, out any, err error) {
	if err == nil {
		writeJSON(w, http.StatusOK, out)
		return
	}
	p, status := s.describeProblem(r, err)
	w.Header().Set("Content-Language", langOf(r))
	writeJSON(w, status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	kind := "application/json"
	if status != http.StatusOK {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever went away needs no answer
}

var statuses = map[refusal.Kind]int{
	refusal.Invalid: http.StatusBadRequest, refusal.Missing: http.StatusNotFound,
	refusal.Conflict: http.StatusConflict, refusal.Forbidden: http.StatusForbidden,
}

// describeProblem describes a refusal by its code, and anything else as a failure whose cause
// is in the hub's log.
func (s *server) describeProblem(r *http.Request, err error) (Problem, int) {
	var e *refusal.Error
	if errors.As(err, &e) {
		return Problem{Kind: string(e.Kind), Code: e.Code, Text: words.Text(langOf(r), e), Fields: e.Fields}, statuses[e.Kind]
	}
	s.Log.Error("a request failed", "path", r.URL.Path, "error", err)
	code := failure(err)
	return Problem{Kind: "failed", Code: code, Text: words.Text(langOf(r), &refusal.Error{Code: code})}, http.StatusInternalServerError
}

// failure is the code of an error that is no refusal.
func failure(err error) string {
	switch {
	case errors.Is(err, fleet.ErrUnknown):
		return CodeUnknown
	case errors.Is(err, fleet.ErrReplaced):
		return CodeReplaced
	case errors.Is(err, fleet.ErrNoBackup):
		return CodeNoBackup
	}
	return CodeFailed
}

// langOf is the language of a request: French if it asks for that before English.
func langOf(r *http.Request) string {
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		switch tag = strings.ToLower(strings.TrimSpace(tag)); {
		case strings.HasPrefix(tag, "fr"):
			return "fr"
		case strings.HasPrefix(tag, "en"):
			return "en"
		}
	}
	return "en"
}

// The codes of refusals that belong to requests alone.
const (
	CodeRequest      = "request_malformed" // detail
	CodeFailed       = "request_failed"
	CodeUnknown      = "change_unknown"
	CodeReplaced     = "hub_replaced"
	CodeNoBackup     = "backup_elsewhere"
	CodeTime         = "not_a_time"     // field, value
	CodeColumns      = "columns_unused" // columns
	CodeBackupExists = "backup_exists"  // path
	CodeBackupFolder = "backup_folder"  // path
	CodeNumber       = "not_a_number"   // field, value
	CodeMoment       = "not_a_moment"   // field, value
	CodeID           = "not_an_id"      // value
	CodeChoice       = "not_a_choice"   // field, value, choices
)

func invalid(code string, fields ...any) error {
	f := refusal.Fields{}
	for i := 0; i+1 < len(fields); i += 2 {
		f[fields[i].(string)] = fields[i+1]
	}
	return &refusal.Error{Kind: refusal.Invalid, Code: code, Fields: f}
}
