package api

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"badged/internal/httpserve"
	"badged/internal/unixsock"
	"badged/sync/hub"
	"badged/sync/identity"
	"badged/sync/wire"
)

// Options is what the server needs.
type Options struct {
	Hub  *hub.Hub
	CA   *x509.Certificate
	Join string // host:port of the join server, as terminals reach it
	Log  *slog.Logger
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

// Serve answers on l until ctx ends, and returns nil once the last answer is out.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	return httpserve.Run(ctx, l, httpserve.Server{
		Name: "the admin socket", Handler: Handler(o), Log: o.Log, ReadTime: time.Minute, Grace: endTimeout,
	})
}

// server answers requests.
type server struct{ Options }

// Handler is the interface described at the top of the package.
func Handler(o Options) http.Handler {
	s := &server{o}
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"POST /v1/terminals":           answer(o.Log, s.addTerminal),
		"GET /v1/terminals":            answer(o.Log, s.terminals),
		"DELETE /v1/terminals/{name}":  answer(o.Log, s.removeTerminal),
		"POST /v1/accounts":            answer(o.Log, s.addAccount),
		"GET /v1/accounts":             answer(o.Log, s.accounts),
		"POST /v1/accounts/{id}/state": answer(o.Log, s.setAccountState),
		"GET /v1/accounts/{id}/edits":  answer(o.Log, s.edits),
		"POST /v1/doors":               answer(o.Log, s.setDoor),
		"GET /v1/doors":                answer(o.Log, s.doors),
		"POST /v1/grants":              answer(o.Log, s.addGrant),
		"GET /v1/grants":               answer(o.Log, s.grants),
		"DELETE /v1/grants/{id}":       answer(o.Log, s.removeGrant),
		"POST /v1/claims":              answer(o.Log, s.addClaim),
		"GET /v1/claims":               answer(o.Log, s.claims),
		"DELETE /v1/claims/{id}":       answer(o.Log, s.removeClaim),
		"GET /v1/cards":                answer(o.Log, s.cards),
		"POST /v1/cards/{id}/state":    answer(o.Log, s.setCardState),
		"GET /v1/site":                 answer(o.Log, s.site),
		"PATCH /v1/site":               answer(o.Log, s.patchSite),
		"POST /v1/site/reopen":         answer(o.Log, s.reopen),
		"GET /v1/events":               s.events,
	} {
		mux.HandleFunc(pattern, h)
	}
	return mux
}

// none is an empty request or answer.
type none struct{}

// answer decodes a request, calls fn and encodes what it returns. Unknown fields are
// refused, so that a misspelt one is not silently without effect.
func answer[In, Out any](log *slog.Logger, fn func(*http.Request, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		out, err := any(nil), decode(http.MaxBytesReader(w, r.Body, maxRequest), &in)
		if err == nil {
			out, err = fn(r, in)
		}
		if err != nil {
			refuse(w, log, err)
			return
		}
		write(w, http.StatusOK, out)
	}
}

func decode(r io.Reader, v any) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return &hub.Refusal{Kind: hub.ErrInvalid, Text: "the request is too large or was cut off"}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return &hub.Refusal{Kind: hub.ErrInvalid, Text: "the request is not as it should be: " + err.Error()}
	}
	return nil
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever went away needs no answer
}

func refuse(w http.ResponseWriter, log *slog.Logger, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, hub.ErrInvalid):
		status = http.StatusBadRequest
	case errors.Is(err, hub.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, hub.ErrConflict):
		status = http.StatusConflict
	default:
		log.Error("a request at the admin socket failed", "error", err)
	}
	write(w, status, problem{err.Error()})
}

func (s *server) addTerminal(r *http.Request, in NewTerminal) (TerminalToken, error) {
	if err := hub.CheckTerminal(in.Name); err != nil {
		return TerminalToken{}, err
	}
	token, err := identity.NewToken(s.Hub.SiteID(), in.Name, s.Join, s.CA)
	if err != nil {
		return TerminalToken{}, &hub.Refusal{Kind: hub.ErrInvalid, Text: err.Error()}
	}
	if err := s.Hub.AddTerminal(r.Context(), in.Name, token.Secret, in.Replace); err != nil {
		return TerminalToken{}, err
	}
	text := token.Reveal()
	return TerminalToken{in.Name, text, "sudo badged join " + text}, nil
}

func (s *server) terminals(r *http.Request, _ none) ([]Terminal, error) {
	return list(terminalOf)(s.Hub.Terminals(r.Context()))
}

func (s *server) removeTerminal(r *http.Request, _ none) (none, error) {
	return none{}, s.Hub.RemoveTerminal(r.Context(), r.PathValue("name"))
}

// list turns what the hub gives into what is shown, never null.
func list[T, J any](show func(T) J) func([]T, error) ([]J, error) {
	return func(in []T, err error) ([]J, error) {
		out := make([]J, len(in))
		for i, v := range in {
			out[i] = show(v)
		}
		return out, err
	}
}

// parseEnum gives the value that has a name, or a refusal that lists all names.
func parseEnum[T wire.Enum](what, name string) (T, error) {
	v, ok := wire.Parse[T](name)
	if !ok {
		return 0, &hub.Refusal{Kind: hub.ErrInvalid, Text: fmt.Sprintf("%s cannot be %q: it is one of %v", what, name, wire.Names[T]())}
	}
	return v, nil
}

// checkEnum refuses a name that no value has. No name is fine.
func checkEnum[T wire.Enum](what string, name *string) error {
	if name == nil {
		return nil
	}
	_, err := parseEnum[T](what, *name)
	return err
}

// setEnum sets a value by its name, which checkEnum has checked. No name changes nothing.
func setEnum[T wire.Enum](to *T, name *string) {
	if name == nil {
		return
	}
	if v, ok := wire.Parse[T](*name); ok {
		*to = v
	}
}

func idOf(r *http.Request) (id hub.ID, err error) {
	b, err := hex.DecodeString(r.PathValue("id"))
	if err != nil || len(b) != len(id) {
		return id, &hub.Refusal{Kind: hub.ErrInvalid, Text: fmt.Sprintf("%q is not an id: it has 32 hex digits", r.PathValue("id"))}
	}
	return hub.ID(b), nil
}

// events writes what is there, one object per line, and with follow what comes.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	after, err1 := queryNumber(r, "after")
	limit, err2 := queryNumber(r, "limit")
	if err := errors.Join(err1, err2); err != nil {
		refuse(w, s.Log, err)
		return
	}
	follow := r.FormValue("follow") != "" && r.FormValue("follow") != "0"
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	for left := limit; ; {
		more := s.Hub.Appended()
		page, err := s.Hub.Events(r.Context(), after, int(min(left, 1000)))
		if err != nil {
			s.Log.Error("events cannot be read", "error", err)
			return
		}
		for _, e := range page {
			if out.Encode(eventOf(e)) != nil {
				return
			}
			after = e.ID
		}
		if left -= min(left, uint64(len(page))); limit > 0 && left == 0 && !follow {
			return
		}
		if len(page) > 0 {
			continue
		}
		if !follow || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

func queryNumber(r *http.Request, key string) (uint64, error) {
	text := r.FormValue(key)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 62)
	if err != nil {
		return 0, &hub.Refusal{Kind: hub.ErrInvalid, Text: fmt.Sprintf("%s=%q is not a number", key, text)}
	}
	return n, nil
}
