package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// The bounds of a commissioning.
const (
	DefaultCommission = 10 * time.Minute
	MaxCommission     = 60 * time.Minute
)

// CommissionRequest is the body of a request to give a reader its key.
type CommissionRequest struct {
	Minutes int `json:"minutes"` // 0: as DefaultCommission; at most those of MaxCommission
	// Cleared says that the reader was reset to its factory settings: only then one that has
	// a key is spoken to with the default key.
	Cleared bool `json:"cleared,omitempty"`
}

// Time is how long it may take.
func (r CommissionRequest) Time() time.Duration {
	if r.Minutes == 0 {
		return DefaultCommission
	}
	return time.Duration(r.Minutes) * time.Minute
}

// The steps of a commissioning, in their order. The last one is StepSecured or
// StepFailed.
const (
	StepWaiting = "waiting" // for the reader to answer with the default key: install mode
	StepSent    = "sent"    // the new key is on its way
	StepKeySet  = "key_set" // the reader has it
	StepSecured = "secured" // the channel is open with it
	StepFailed  = "failed"
)

// CommissionStep is how far it is.
type CommissionStep struct {
	Reader string    `json:"reader"`
	Step   string    `json:"step"`
	Until  time.Time `json:"until"`          // the end of the time box
	Text   string    `json:"text,omitempty"` // StepFailed: what went wrong
	Do     string    `json:"do,omitempty"`   // and what to do about it
}

// Refusal is the error of an agent that does not begin what it is asked.
type Refusal struct {
	Status int // of HTTP: 404 no such reader, 409 it cannot be done with this one or now
	Text   string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

func commission(w http.ResponseWriter, r *http.Request, a Agent) {
	req, err := readCommission(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc, flush := json.NewEncoder(w), http.NewResponseController(w)
	err = a.Commission(r.Context(), r.PathValue("name"), req.Time(), req.Cleared, func(s CommissionStep) {
		_ = errors.Join(enc.Encode(s), flush.Flush()) // whoever asked is gone: that ends the context
	})
	var no *Refusal
	if errors.As(err, &no) {
		refuse(w, no.Status, err)
	} else if err != nil {
		refuse(w, http.StatusInternalServerError, err)
	}
}

// readCommission reads what is asked for; an empty body is a request too.
func readCommission(body io.Reader) (req CommissionRequest, err error) {
	const most = 1 << 10
	err = json.NewDecoder(io.LimitReader(body, most)).Decode(&req)
	if err != nil && !errors.Is(err, io.EOF) {
		return req, fmt.Errorf("the request is no JSON: %w", err)
	}
	if most := int(MaxCommission / time.Minute); req.Minutes < 0 || req.Minutes > most {
		return req, fmt.Errorf("minutes=%d: want 1 to %d", req.Minutes, most)
	}
	return req, nil
}

// Commission lets the agent give a reader a new key, and tells fn of each step. The end
// of ctx ends the commissioning.
func (c *Client) Commission(ctx context.Context, reader string, req CommissionRequest, fn func(CommissionStep) error) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("ask the agent at %s: %w", c.path, err)
	}
	answer, err := c.send(ctx, http.MethodPost, "/v1/readers/"+url.PathEscape(reader)+"/commission", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Close()
	for dec := json.NewDecoder(answer); ; {
		var s CommissionStep
		if err := dec.Decode(&s); err != nil {
			return fmt.Errorf("commission reader %s: the agent at %s went away: %w", reader, c.path, err)
		}
		if err := fn(s); err != nil || s.Step == StepSecured || s.Step == StepFailed {
			return err
		}
	}
}
