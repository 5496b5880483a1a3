// Package boxctl is what a technician's tool asks the box that an agent runs on, where the box
// started from a card: which release runs, and to install another.
package boxctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"

	"badged/internal/unixsock"
)

// Socket is where a box answers.
const Socket = "/run/box/box.sock"

// Status is how a box is.
type Status struct {
	Terminal string `json:"terminal"`
	Board    string `json:"board"`
	Version  string `json:"version"`
	Sequence uint64 `json:"sequence"`
	Slot     string `json:"slot"`
	Other    string `json:"other"`   // what the other slot is good for: "rollback" or "empty"
	Verdict  string `json:"verdict"` // what the last start meant
	Trial    string `json:"trial"`   // what a trial still waits for; empty: there is none
	Network  string `json:"network"`
	Agent    string `json:"agent"`
	Failed   int    `json:"failed"` // releases that failed on this box

	// Releases by their hashes: the one that starts by itself, the one on trial, and those that
	// failed on this box, with the reason for the last one of them.
	Release     string   `json:"release"`
	Trying      string   `json:"trying,omitempty"`
	Quarantined []string `json:"quarantined,omitempty"`
	Why         string   `json:"why,omitempty"`
}

// Update asks for an update: a file of the box, or an address that it fetches. Retry is for a
// release that failed before.
type Update struct {
	From  string `json:"from"`
	Retry bool   `json:"retry,omitempty"`
}

// Step is a line of what an update does.
type Step struct {
	What  string `json:"what"`
	Done  int64  `json:"done,omitempty"`
	Total int64  `json:"total,omitempty"`
	Error string `json:"error,omitempty"`
}

// Failure is what a box says when an update or a rollback has failed.
type Failure struct{ Text string }

// Error implements error.
func (f *Failure) Error() string { return f.Text }

// ErrNoBox is a machine that did not start from a card.
var ErrNoBox = errors.New("this machine did not start from a card that `badgectl flash` made; packages are updated with apt")

// Client talks to a box.
type Client struct{ http *http.Client }

// NewClient makes a client of the box at the other end of a socket.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := unixsock.Dial(ctx, socket, filepath.Dir(Socket))
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrNoBox
		}
		return c, err
	}
	return &Client{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status asks how the box is.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	body, err := c.do(ctx, "GET", "/v1/box", nil)
	if err != nil {
		return s, err
	}
	defer body.Close()
	return s, json.NewDecoder(body).Decode(&s)
}

// Update has the box install a release, and gives each step to fn. The box reboots at its end.
func (c *Client) Update(ctx context.Context, u Update, fn func(Step)) error {
	return c.steps(ctx, "/v1/update", u, fn)
}

// Rollback has the box go back to the release of before. The box reboots at its end.
func (c *Client) Rollback(ctx context.Context, fn func(Step)) error {
	return c.steps(ctx, "/v1/rollback", nil, fn)
}

func (c *Client) steps(ctx context.Context, path string, in any, fn func(Step)) error {
	body, err := c.do(ctx, "POST", path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	for d := json.NewDecoder(body); ; {
		var s Step
		switch err := d.Decode(&s); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("follow the update: %w", err)
		case s.Error != "":
			return &Failure{s.Error}
		}
		fn(s)
	}
}

func (c *Client) do(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	b, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://box"+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if errors.Is(err, ErrNoBox) {
		return nil, ErrNoBox
	}
	if err != nil {
		return nil, fmt.Errorf("ask the box: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // what came of it
		return nil, fmt.Errorf("ask the box: %s", bytes.TrimSpace(text))
	}
	return resp.Body, nil
}
