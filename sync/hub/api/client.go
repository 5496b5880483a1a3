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
	"slices"
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
	lang   string // of refusals: "fr" or "en"
	http   *http.Client
}

// NewClient makes a client of the hub whose socket is at path. It talks only to a hub of
// root, of the user who calls, or of the owner of dir, the folder of the hub's data.
// Refusals come in lang, "fr" or "en".
func NewClient(path, dir, lang string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return unixsock.Dial(ctx, path, dir)
	}
	return &Client{path, lang, &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Error is the hub's refusal.
type Error struct {
	Status int // of HTTP
	Problem
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
	showTimesIn(zoneOf(resp), out)
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
	return c.sendBody(ctx, method, path, body)
}

func (c *Client) sendBody(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://hub"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Language", c.lang)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var p Problem
	if json.NewDecoder(io.LimitReader(resp.Body, maxRequest)).Decode(&p) != nil || p.Text == "" {
		p.Text = "the hub answers " + resp.Status + " (are badgehub and the running hub of the same version?)"
	}
	return nil, &Error{resp.StatusCode, p}
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

// Call sends in (nil: nothing) to a path of openapi.yaml and decodes the answer.
func Call[T any](ctx context.Context, c *Client, method, path string, in any) (out T, err error) {
	return out, c.do(ctx, method, path, in, &out)
}

// List gives all rows of a list, page by page, until fn fails. Query is that of the path.
func List[T any](ctx context.Context, c *Client, path string, query url.Values, fn func(T) error) error {
	q := url.Values{}
	for k, v := range query {
		q[k] = v
	}
	for {
		page, err := Call[Page[T]](ctx, c, "GET", path+"?"+q.Encode(), nil)
		if err != nil {
			return err
		}
		for _, row := range page.Items {
			if err := fn(row); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Set("after", page.Next)
	}
}

// all collects a whole list.
func all[T any](ctx context.Context, c *Client, path string, query url.Values) (rows []T, err error) {
	return rows, List(ctx, c, path, query, func(row T) error {
		rows = append(rows, row)
		return nil
	})
}

// AddTerminal makes a terminal and gives its token.
func (c *Client) AddTerminal(ctx context.Context, t NewTerminal) (TerminalToken, error) {
	return Call[TerminalToken](ctx, c, "POST", "/v1/terminals", t)
}

// AddRoster gives the terminals of a roster their tokens, at most MaxRoster at a time.
func (c *Client) AddRoster(ctx context.Context, r TerminalRoster) (RosterTokens, error) {
	return Call[RosterTokens](ctx, c, "POST", "/v1/terminals/roster", r)
}

// Terminals lists terminals.
func (c *Client) Terminals(ctx context.Context) ([]Terminal, error) {
	return all[Terminal](ctx, c, "/v1/terminals", nil)
}

// RemoveTerminal locks a terminal out.
func (c *Client) RemoveTerminal(ctx context.Context, name string) error {
	return c.do(ctx, "DELETE", "/v1/terminals/"+url.PathEscape(name), nil, nil)
}

// AddAccount makes an account.
func (c *Client) AddAccount(ctx context.Context, a NewAccount) (Account, error) {
	return Call[Account](ctx, c, "POST", "/v1/accounts", a)
}

// Accounts lists all accounts, those that were merged last, without those that were erased.
func (c *Client) Accounts(ctx context.Context) (accounts []Account, err error) {
	for _, state := range []string{"", "merged"} {
		some, err := all[Account](ctx, c, "/v1/accounts", url.Values{"limit": {"1000"}, "state": {state}})
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, some...)
	}
	return accounts, nil
}

// SetAccountState moves an account to another state.
func (c *Client) SetAccountState(ctx context.Context, account, state string) (Account, error) {
	return Call[Account](ctx, c, "POST", "/v1/accounts/"+url.PathEscape(account)+"/state", AccountState{state})
}

// SetDoor makes a door, or changes the settings that the patch names.
func (c *Client) SetDoor(ctx context.Context, d DoorPatch) (Door, error) {
	return Call[Door](ctx, c, "POST", "/v1/doors", d)
}

// AddGrant makes a grant.
func (c *Client) AddGrant(ctx context.Context, g NewGrant) (Grant, error) {
	return Call[Grant](ctx, c, "POST", "/v1/grants", g)
}

// IssueClaim issues a claim code.
func (c *Client) IssueClaim(ctx context.Context, n NewClaim) (IssuedClaim, error) {
	return Call[IssuedClaim](ctx, c, "POST", "/v1/claims", n)
}

// SetCardState is an operator's word on a card.
func (c *Client) SetCardState(ctx context.Context, card string, s CardState) (Card, error) {
	return Call[Card](ctx, c, "POST", "/v1/cards/"+url.PathEscape(card)+"/state", s)
}

// Site gives the settings.
func (c *Client) Site(ctx context.Context) (Site, error) {
	return Call[Site](ctx, c, "GET", "/v1/site", nil)
}

// Set changes settings by their names.
func (c *Client) Set(ctx context.Context, settings map[string]string) (Site, error) {
	return Call[Site](ctx, c, "PATCH", "/v1/site", settings)
}

// Reopen opens claiming again after too many wrong codes.
func (c *Client) Reopen(ctx context.Context) (Site, error) {
	return Call[Site](ctx, c, "POST", "/v1/site/reopen", nil)
}

// Events lists all events, oldest first.
func (c *Client) Events(ctx context.Context) ([]Event, error) {
	events, err := all[Event](ctx, c, "/v1/events", url.Values{"limit": {"1000"}})
	slices.Reverse(events)
	return events, err
}

// AddRelease gives the hub a bundle to keep.
func (c *Client) AddRelease(ctx context.Context, bundle io.Reader) (out Release, err error) {
	resp, err := c.sendBody(ctx, "POST", "/v1/releases", bundle)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	return out, json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&out)
}

// Import brings a CSV file of people in and passes each step, until the end or until fn fails.
func (c *Client) Import(ctx context.Context, file io.Reader, query url.Values, fn func(ImportStep) error) error {
	resp, err := c.sendBody(ctx, "POST", "/v1/imports?"+query.Encode(), file)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var step ImportStep
		if err := d.Decode(&step); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read the answer of the hub at %s: %w", c.socket, err)
		}
		if step.Problem != nil {
			return &Error{resp.StatusCode, *step.Problem}
		}
		if err := fn(step); err != nil {
			return err
		}
	}
}

// Follow passes the events after an id as they come, oldest first, until ctx ends or fn
// fails; after nil: those that come from now on.
func (c *Client) Follow(ctx context.Context, after *uint64, fn func(Event) error) error {
	path := "/v1/events/follow"
	if after != nil {
		path += "?after=" + strconv.FormatUint(*after, 10)
	}
	resp, err := c.send(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	zone := zoneOf(resp)
	for d := json.NewDecoder(resp.Body); ; {
		var e Event
		if err := d.Decode(&e); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("read events of the hub at %s: %w", c.socket, err)
		}
		showTimesIn(zone, &e)
		if err := fn(e); err != nil {
			return err
		}
	}
}
