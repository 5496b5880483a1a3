// Package boxctl is what a technician's tool asks the box that an agent runs on, where the box
// started from a card: which release runs, and to install another.
package boxctl

import (
	"bufio"
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

// Client talks to a box: one connection for each request. It needs nothing of http.Client, with
// which the agent would no longer fit the smallest boards.
type Client struct{ socket string }

// NewClient makes a client of the box at the other end of a socket.
func NewClient(socket string) *Client { return &Client{socket} }

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
	resp, err := c.send(ctx, req)
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

// send sends a request, and gives the head of its answer. The connection ends with the answer's
// body, or with ctx.
func (c *Client) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	conn, err := unixsock.Dial(ctx, c.socket, filepath.Dir(Socket))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoBox
	}
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	req.Close = true
	var resp *http.Response
	if err = req.Write(conn); err == nil {
		resp, err = http.ReadResponse(bufio.NewReader(conn), req)
	}
	if err != nil {
		stop()
		return nil, errors.Join(ctx.Err(), err, conn.Close())
	}
	resp.Body = &body{resp.Body, conn, stop}
	return resp, nil
}

// body is the body of an answer, with its connection.
type body struct {
	io.ReadCloser
	conn net.Conn
	stop func() bool // looking at the context
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.stop()
	return errors.Join(b.ReadCloser.Close(), b.conn.Close())
}
