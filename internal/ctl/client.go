package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"badged/internal/ownfile"
	"badged/internal/unixsock"
)

// Client talks to an agent.
type Client struct {
	path string
	http *http.Client
}

// NewClient makes a client of the control socket at path. It talks only to an agent of
// root, of the user who calls, or of the owner of DefaultSocket's folder.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return unixsock.Dial(ctx, path, filepath.Dir(DefaultSocket))
	}
	return &Client{path, &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status asks for everything at once.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.get(ctx, "/v1/status", &s)
}

// Readers asks for the readers.
func (c *Client) Readers(ctx context.Context) (r []Reader, err error) {
	return r, c.get(ctx, "/v1/readers", &r)
}

// Outbox asks for what waits for the hub.
func (c *Client) Outbox(ctx context.Context) (o Outbox, err error) {
	return o, c.get(ctx, "/v1/outbox", &o)
}

// Events gives the last n events to fn, the oldest first, and with follow every one
// that comes, until ctx ends, fn fails or the agent does. The end of ctx is no error.
func (c *Client) Events(ctx context.Context, n int, follow bool, fn func(Event) error) error {
	q := url.Values{"n": {strconv.Itoa(n)}}
	if follow {
		q.Set("follow", "1")
	}
	body, err := c.open(ctx, "/v1/events?"+q.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	dec := json.NewDecoder(body)
	for {
		var ev Event
		switch err := dec.Decode(&ev); {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF) && !follow:
			return nil
		case err != nil:
			return fmt.Errorf("follow the agent at %s: it went away: %w", c.path, err)
		}
		if err := fn(ev); err != nil {
			return err
		}
	}
}

// maxAnswer bounds what is read of one answer.
const maxAnswer = 8 << 20

func (c *Client) get(ctx context.Context, path string, v any) error {
	body, err := c.open(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(v); err != nil {
		return fmt.Errorf("read the answer of the agent at %s: %w", c.path, err)
	}
	return nil
}

func (c *Client) open(ctx context.Context, path string) (io.ReadCloser, error) {
	return c.send(ctx, http.MethodGet, path, nil)
}

func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://badged"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the agent at %s: %w", c.path, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the agent at %s: %w%s", c.path, cause(err), hint(err))
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var p problem
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&p); err != nil || p.Error == "" {
		p.Error = resp.Status
	}
	return nil, fmt.Errorf("ask the agent at %s: %s", c.path, p.Error)
}

// cause leaves out the made-up address that net/http names.
func cause(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

func hint(err error) string {
	switch {
	case errors.Is(err, ownfile.ErrUnsafe):
		return " (if the agent does run as another user, ask it as that one: `sudo -u USER badgectl ...`)"
	case errors.Is(err, os.ErrPermission):
		return " (only root and the group " + Group + " may: add yourself with `usermod -aG " + Group + " NAME`)"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return " (is badged running, and is this its control socket?)"
	default:
		return ""
	}
}
