package cups

import (
	"bufio"
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
	// timeout bounds one question: a list of 500 jobs takes CUPS a tenth of a second.
	timeout = 10 * time.Second
	// maxAnswer is some ten times the usual answer about pageJobs jobs.
	maxAnswer = 4 << 20
	// again is how long a server that reloads its configuration needs to be back.
	again = 300 * time.Millisecond
)

// Client asks one print server. It is safe for concurrent use.
type Client struct {
	socket  string
	account string // of the agent, on the server
}

// New makes a client of the server at a unix socket, as this user of the server's machine.
func New(socket, account string) *Client { return &Client{socket, account} }

// request sends a request, as this user, and gives the groups of the answer. A server that is
// away is asked a second time, for it may be reading its configuration again.
func (c *Client) request(ctx context.Context, q request) (goipp.Groups, error) {
	groups, err := c.requestOnce(ctx, q)
	if !errors.Is(err, ErrAway) {
		return groups, err
	}
	wait := time.NewTimer(again)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return nil, err
	case <-wait.C:
		return c.requestOnce(ctx, q)
	}
}

func (c *Client) requestOnce(ctx context.Context, q request) (goipp.Groups, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	groups, err := c.exchangeIPP(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("ask the print server to %s: %w", q.what, err)
	}
	return groups, nil
}

// exchangeIPP gives the groups of an answer, or what its status means.
func (c *Client) exchangeIPP(ctx context.Context, q request) (goipp.Groups, error) {
	body, err := q.message(c.account).EncodeBytes()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+q.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Close = true
	r.Header.Set("Content-Type", goipp.ContentType)
	if !q.plain {
		r.Header.Set("Authorization", "PeerCred "+c.account)
	}
	status, answer, err := c.exchangeHTTP(ctx, r)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	case status != http.StatusOK:
		return nil, httpError(status)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	}
	return decode(answer)
}

// exchangeHTTP speaks HTTP on a connection of its own: http.Client would make the agent larger by a
// fiftieth, for a socket that needs none of what it can do. The answer is bounded.
func (c *Client) exchangeHTTP(ctx context.Context, r *http.Request) (status int, answer []byte, err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", c.socket)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what waits
	defer stop()
	if err := r.Write(conn); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, 2*maxAnswer)), r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	return res.StatusCode, answer, err
}

// httpError: a policy refuses by HTTP, before IPP is spoken.
func httpError(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUpgradeRequired:
		return fmt.Errorf("%w: HTTP status %d", ErrDenied, status)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: HTTP status %d", ErrAway, status)
	default:
		return fmt.Errorf("it answers with HTTP status %d", status)
	}
}
