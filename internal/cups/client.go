package cups

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/OpenPrinting/goipp"
)

const (
	// timeout bounds one question: a list of 2,000 jobs takes CUPS half a second.
	timeout = 10 * time.Second
	// maxAnswer is some ten times the answer about maxJobs jobs.
	maxAnswer = 16 << 20
	// again is how long a server that reloads its configuration needs to be back.
	again = 300 * time.Millisecond
)

// Client asks one print server. It is safe for concurrent use.
type Client struct {
	account string // of the agent, on the server
	http    *http.Client
}

// New makes a client of the server at a unix socket, as this user of the server's machine.
func New(socket, account string) *Client {
	var d net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) }
	return &Client{account, &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask sends a request, as this user, and gives the groups of the answer. A server that is
// away is asked a second time, for it may be reading its configuration again.
func (c *Client) ask(ctx context.Context, q request) (goipp.Groups, error) {
	groups, err := c.askOnce(ctx, q)
	if !errors.Is(err, ErrAway) {
		return groups, err
	}
	wait := time.NewTimer(again)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return nil, err
	case <-wait.C:
		return c.askOnce(ctx, q)
	}
}

func (c *Client) askOnce(ctx context.Context, q request) (goipp.Groups, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := q.message(c.account).EncodeBytes()
	if err != nil {
		return nil, fmt.Errorf("ask the print server to %s: %w", q.what, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+q.path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the print server to %s: %w", q.what, err)
	}
	r.Header.Set("Content-Type", goipp.ContentType)
	if !q.plain {
		r.Header.Set("Authorization", "PeerCred "+c.account)
	}
	groups, err := c.send(r)
	if err != nil {
		return nil, fmt.Errorf("ask the print server to %s: %w", q.what, err)
	}
	return groups, nil
}

// send gives the groups of an answer, or what its status means.
func (c *Client) send(r *http.Request) (goipp.Groups, error) {
	res, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	defer res.Body.Close()
	if err := httpError(res.StatusCode); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	if len(b) > maxAnswer {
		return nil, fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	}
	return decode(b)
}

// httpError: a policy refuses by HTTP, before IPP is spoken.
func httpError(status int) error {
	switch status {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUpgradeRequired:
		return fmt.Errorf("%w: HTTP status %d", ErrDenied, status)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: HTTP status %d", ErrAway, status)
	default:
		return fmt.Errorf("it answers with HTTP status %d", status)
	}
}
