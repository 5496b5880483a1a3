package api

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
	"net/url"
	"strconv"
	"syscall"

	"badged/internal/unixsock"
)

// The errors of a client that cannot reach the hub.
var (
	ErrNotRunning = errors.New("the hub is not running (start it with `badgehub serve`, or give its socket with --socket)")
	ErrNotAllowed = errors.New("this account may not manage the hub (run it as the account that runs `badgehub serve`)")
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 20

// Client talks to the hub at a socket.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient makes a client of the hub whose socket is at path. It talks only to a hub of
// root, of the user who calls, or of the owner of dir, the folder of the hub's data.
func NewClient(path, dir string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return unixsock.Dial(ctx, path, dir)
	}
	return &Client{path, &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Error is the hub's refusal.
type Error struct {
	Status int // of HTTP
	Text   string
}

// Error is the hub's text.
func (e *Error) Error() string { return e.Text }

// do sends in (nil: nothing) and decodes the answer into out (nil: ignored).
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("read the answer of the hub at %s: %w", c.socket, err)
	}
	return nil
}

// send returns an answer of success.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://hub"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var p problem
	if json.NewDecoder(io.LimitReader(resp.Body, maxRequest)).Decode(&p) != nil || p.Error == "" {
		p.Error = "the hub answers " + resp.Status + " (are badgehub and the running hub of the same version?)"
	}
	return nil, &Error{resp.StatusCode, p.Error}
}

func (c *Client) unreachable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("call the hub at %s: %w", c.socket, ErrNotRunning)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("call the hub at %s: %w", c.socket, ErrNotAllowed)
	default:
		return fmt.Errorf("call the hub at %s: %w", c.socket, err)
	}
}

func call[T any](ctx context.Context, c *Client, method, path string, in any) (out T, err error) {
	return out, c.do(ctx, method, path, in, &out)
}

// AddTerminal makes a terminal and gives its token.
func (c *Client) AddTerminal(ctx context.Context, t NewTerminal) (TerminalToken, error) {
	return call[TerminalToken](ctx, c, "POST", "/v1/terminals", t)
}

// Terminals lists terminals.
func (c *Client) Terminals(ctx context.Context) ([]Terminal, error) {
	return call[[]Terminal](ctx, c, "GET", "/v1/terminals", nil)
}

// RemoveTerminal locks a terminal out.
func (c *Client) RemoveTerminal(ctx context.Context, name string) error {
	return c.do(ctx, "DELETE", "/v1/terminals/"+url.PathEscape(name), nil, nil)
}

// AddAccount makes an account.
func (c *Client) AddAccount(ctx context.Context, a NewAccount) (Account, error) {
	return call[Account](ctx, c, "POST", "/v1/accounts", a)
}

// Accounts lists accounts.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return call[[]Account](ctx, c, "GET", "/v1/accounts", nil)
}

// SetAccountState moves an account to another state.
func (c *Client) SetAccountState(ctx context.Context, account, state string) (Account, error) {
	return call[Account](ctx, c, "POST", "/v1/accounts/"+url.PathEscape(account)+"/state", AccountState{state})
}

// Edits lists the versions of an account's profile.
func (c *Client) Edits(ctx context.Context, account string) ([]EditVersion, error) {
	return call[[]EditVersion](ctx, c, "GET", "/v1/accounts/"+url.PathEscape(account)+"/edits", nil)
}

// AddDoor makes a door, with the default for what is empty in d.
func (c *Client) AddDoor(ctx context.Context, d Door) (Door, error) {
	return call[Door](ctx, c, "POST", "/v1/doors", d)
}

// SetDoor makes a door, or changes the settings that the patch names.
func (c *Client) SetDoor(ctx context.Context, d DoorPatch) (Door, error) {
	return call[Door](ctx, c, "POST", "/v1/doors", d)
}

// Doors lists doors.
func (c *Client) Doors(ctx context.Context) ([]Door, error) {
	return call[[]Door](ctx, c, "GET", "/v1/doors", nil)
}

// AddGrant makes a grant.
func (c *Client) AddGrant(ctx context.Context, g NewGrant) (Grant, error) {
	return call[Grant](ctx, c, "POST", "/v1/grants", g)
}

// Grants lists grants.
func (c *Client) Grants(ctx context.Context) ([]Grant, error) {
	return call[[]Grant](ctx, c, "GET", "/v1/grants", nil)
}

// RemoveGrant ends a grant.
func (c *Client) RemoveGrant(ctx context.Context, id string) error {
	return c.do(ctx, "DELETE", "/v1/grants/"+url.PathEscape(id), nil, nil)
}

// AddClaim issues a claim code.
func (c *Client) AddClaim(ctx context.Context, n NewClaim) (IssuedClaim, error) {
	return call[IssuedClaim](ctx, c, "POST", "/v1/claims", n)
}

// Claims lists claims.
func (c *Client) Claims(ctx context.Context) ([]Claim, error) {
	return call[[]Claim](ctx, c, "GET", "/v1/claims", nil)
}

// RemoveClaim ends a claim.
func (c *Client) RemoveClaim(ctx context.Context, id string) error {
	return c.do(ctx, "DELETE", "/v1/claims/"+url.PathEscape(id), nil, nil)
}

// Cards lists cards.
func (c *Client) Cards(ctx context.Context) ([]Card, error) {
	return call[[]Card](ctx, c, "GET", "/v1/cards", nil)
}

// SetBindingState is an operator's word on a card.
func (c *Client) SetBindingState(ctx context.Context, card string, s CardState) (Card, error) {
	return call[Card](ctx, c, "POST", "/v1/cards/"+url.PathEscape(card)+"/state", s)
}

// Site gives the settings.
func (c *Client) Site(ctx context.Context) (Site, error) {
	return call[Site](ctx, c, "GET", "/v1/site", nil)
}

// PatchSite changes settings.
func (c *Client) PatchSite(ctx context.Context, p SitePatch) (Site, error) {
	return call[Site](ctx, c, "PATCH", "/v1/site", p)
}

// Reopen opens claiming again after too many wrong codes.
func (c *Client) Reopen(ctx context.Context) (Site, error) {
	return call[Site](ctx, c, "POST", "/v1/site/reopen", nil)
}

// Events passes the events after an id in the hub's order, at most limit (0: all),
// and with follow those that come, until ctx ends or fn fails.
func (c *Client) Events(ctx context.Context, after uint64, limit int, follow bool, fn func(Event) error) error {
	q := url.Values{"after": {strconv.FormatUint(after, 10)}, "limit": {strconv.Itoa(limit)}}
	if follow {
		q.Set("follow", "1")
	}
	resp, err := c.send(ctx, "GET", "/v1/events?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var e Event
		if err := d.Decode(&e); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("read events of the hub at %s: %w", c.socket, err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
}
