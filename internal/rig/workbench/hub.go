package workbench

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"badged/internal/ctl"
	"badged/internal/rig/proc"
	"badged/sync/hub/api"
	"badged/sync/identity"
)

// doorID is the door as the hub knows it.
const doorID = "front"

// hub is the central server: its process when it runs, and what it said so far.
type hub struct {
	bench  *Workbench
	dir    string
	log    string
	api    *api.Client
	events *feed[api.Event] // over all its lives, each event once

	life sync.Mutex // one start or stop at a time

	mu        sync.Mutex // guards what follows
	proc      *proc.Child
	listen    listening
	last      uint64            // highest id in events
	members   []MemberState     // whom the visitor created
	names     map[string]string // of accounts, by id and by anonymN
	closed    bool              // claiming, as far as was heard
	transport *http.Transport   // to its web; nil: not needed yet
}

// listening is the line that a hub prints when it is ready: where it listens.
type listening struct {
	MQTT string `json:"mqtt"`
	Web  string `json:"web"`
}

func newHub(w *Workbench) *hub {
	dir := filepath.Join(w.dir, "hub")
	return &hub{
		bench: w, dir: dir, log: filepath.Join(w.dir, "hub.log"), api: api.NewClient(filepath.Join(dir, "hub.sock"), dir, "en"),
		events: newFeed[api.Event](), listen: listening{"127.0.0.1:0", "127.0.0.1:0"}, names: map[string]string{},
	}
}

// start runs the hub and returns when it is ready. It listens where it did before.
func (h *hub) start(ctx context.Context) error {
	h.life.Lock()
	defer h.life.Unlock()
	if h.running() {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, upBound, fmt.Errorf("the hub does not become ready within %v", upBound))
	defer cancel()
	stdout, out := io.Pipe()
	h.mu.Lock()
	at := h.listen
	h.mu.Unlock()
	child, err := proc.Start(proc.Command{
		Name: "the hub", Log: h.log, Bin: filepath.Join(h.bench.opt.BinDir, "badgehub"), Out: out,
		Args: []string{"serve", "--json", "--dir", h.dir, "--listen-mqtt", at.MQTT, "--listen-web", at.Web, "--host", "127.0.0.1", "--site-name", "workbench"},
	})
	if err != nil {
		return err
	}
	ready := make(chan listening, 1)
	h.bench.wg.Go(func() { readStdout(stdout, ready) })
	h.bench.wg.Go(func() { <-child.Done(); out.Close() })
	err = child.Until(ctx, func(ctx context.Context) error {
		select {
		case at = <-ready:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err != nil {
		child.Kill()
		return err
	}
	h.mu.Lock()
	h.proc, h.listen = child, at
	h.mu.Unlock()
	h.bench.cable.lead(at.MQTT)
	h.attend(child)
	return nil
}

// readStdout reads a hub's stdout to its end and gives its line of readiness.
func readStdout(stdout io.Reader, ready chan<- listening) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var at listening
		if json.Unmarshal(lines.Bytes(), &at) == nil && at.MQTT != "" {
			ready <- at
			break
		}
	}
	_, _ = io.Copy(io.Discard, stdout)
}

// attend follows one life of the process.
func (h *hub) attend(child *proc.Child) {
	h.bench.view.touch()
	life, end := context.WithCancel(h.bench.ctx)
	h.bench.wg.Go(func() {
		defer h.bench.view.touch()
		defer end()
		select {
		case <-child.Done():
		case <-life.Done():
		}
	})
	h.mu.Lock()
	after := h.last
	h.mu.Unlock()
	h.bench.wg.Go(func() { _ = h.api.Follow(life, &after, h.addEvent) }) // ends with the process
}

func (h *hub) addEvent(ev api.Event) error {
	h.mu.Lock()
	fresh := ev.ID > h.last
	h.last = max(h.last, ev.ID)
	if ev.AccountName != "" {
		h.names[ev.Account] = ev.AccountName
		if ev.Number > 0 {
			h.names[fmt.Sprintf("anonym%d", ev.Number)] = ev.AccountName
		}
	}
	h.mu.Unlock()
	if ev.Reason == "claim_bound" && ev.Outcome == "granted" {
		h.member(ev.Account, func(m *MemberState) { m.Card, m.Claim = true, nil })
	}
	if ev.Reason == "claims_closed" {
		h.noteClaims(true)
	}
	if fresh {
		h.events.add(ev)
		h.bench.view.touch()
	}
	return nil
}

func (h *hub) process() *proc.Child {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.proc
}

func (h *hub) running() bool { return h.process().Alive() }

func (h *hub) stop() error {
	h.life.Lock()
	defer h.life.Unlock()
	return h.process().Stop()
}

// prepare describes the site: one door, the web open to everybody, and mails that go to the
// workbench's own box.
func (h *hub) prepare(ctx context.Context) error {
	if _, err := h.api.SetDoor(ctx, api.DoorPatch{ID: doorID}); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(h.bench.box.Addr())
	if err != nil {
		return err
	}
	_, err = h.api.Set(ctx, map[string]string{
		"web": "true", "mail_out": "smtp", "mail_server": host, "mail_port": port, "mail_security": "none", "mail_from": "hub@workbench.example",
	})
	return err
}

// adminLink makes a link by which an administrator gets in, and gives its path.
func (h *hub) adminLink(ctx context.Context) (path string, err error) {
	link, err := api.Call[api.AdminLink](ctx, h.api, http.MethodPost, "/v1/admin-links", api.NewAdminLink{Email: "admin@workbench.example"})
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(link.Link, h.webURL().String()), nil
}

// admit joins a terminal to the hub, over the cable.
func (h *hub) admit(ctx context.Context, t *terminal) error {
	token, err := h.api.AddTerminal(ctx, api.NewTerminal{Name: t.name})
	if err != nil {
		return err
	}
	if err := t.join(ctx, token.Token); err != nil {
		return err
	}
	dir := filepath.Join(h.bench.dir, t.name)
	id, err := identity.Load(dir)
	if err != nil {
		return err
	}
	id.MQTT = h.bench.cable.addr()
	return identity.Write(dir, *id)
}

// addMember makes an active member and gives the account's id.
func (h *hub) addMember(ctx context.Context, name string) (id string, err error) {
	a, err := h.api.AddAccount(ctx, api.NewAccount{Name: name, State: "active"})
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members = append(h.members, MemberState{ID: a.ID, Name: name})
	h.names[a.ID] = name
	return a.ID, nil
}

// grant lets an account use the door.
func (h *hub) grant(ctx context.Context, account string) error {
	if _, err := h.api.AddGrant(ctx, api.NewGrant{Account: account, Door: doorID}); err != nil {
		return err
	}
	h.member(account, func(m *MemberState) { m.Granted = true })
	return nil
}

// issueClaim gives the code that binds a member's next card.
func (h *hub) issueClaim(ctx context.Context, account string) (code string, err error) {
	c, err := h.api.IssueClaim(ctx, api.NewClaim{Account: account})
	if err != nil {
		return "", err
	}
	h.member(account, func(m *MemberState) { m.Claim = &ClaimState{c.Code, millis(c.Ends.Time)} })
	return c.Code, nil
}

// reopen opens claiming again, after too many wrong codes.
func (h *hub) reopen(ctx context.Context) error {
	s, err := h.api.Reopen(ctx)
	if err == nil {
		h.noteClaims(s.ClaimsClosed)
	}
	return err
}

func (h *hub) noteClaims(closed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = closed
}

func (h *hub) claimsClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

func (h *hub) member(id string, change func(*MemberState)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.members {
		if h.members[i].ID == id {
			change(&h.members[i])
		}
	}
}

// shownMembers is who the visitor created.
func (h *hub) shownMembers() []MemberState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]MemberState{}, h.members...)
}

// shownEvents is the last events by the time at which they happened, the newest first:
// those on the security stream arrive ahead of others.
func (h *hub) shownEvents(most int) []EventState {
	events, _ := h.events.from(max(0, h.events.len()-most))
	slices.SortStableFunc(events, func(a, b api.Event) int {
		return cmp.Or(b.At.Compare(a.At.Time), cmp.Compare(b.Order, a.Order))
	})
	list := make([]EventState, len(events))
	for i, ev := range events {
		list[i] = EventState{
			ID: ev.ID, Terminal: ev.Terminal, Order: ev.Order, Outcome: ev.Outcome, Reason: ev.Reason,
			AccountName: ev.AccountName, At: ev.At.UnixMilli(),
		}
	}
	return list
}

// nameOf is what the hub calls an account that a terminal names by anonymN or by the
// start of its id; empty: it has not heard of it.
func (h *hub) nameOf(label string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if name, ok := h.names[label]; ok || label == "" {
		return name
	}
	for id, name := range h.names {
		if strings.HasPrefix(id, label) {
			return name
		}
	}
	return ""
}

// knows waits until the hub has an account with that name and e-mail.
func (h *hub) knows(ctx context.Context, name, email string) error {
	for {
		mark := h.events.len()
		accounts, err := h.api.Accounts(ctx)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if a.Display == name && a.TypedEmail == email {
				return nil
			}
		}
		if _, err := h.events.wait(ctx, mark, func(api.Event) bool { return true }); err != nil {
			return errors.Join(mismatch{"the accounts at the hub", "one named " + name, fmt.Sprintf("%d others", len(accounts))}, err)
		}
	}
}

// countAccounts is how many accounts the hub has.
func (h *hub) countAccounts(ctx context.Context) (int, error) {
	accounts, err := h.api.Accounts(ctx)
	return len(accounts), err
}

// of gives a terminal's events as the hub has them, by their order at the terminal.
func (h *hub) of(ctx context.Context, terminal string) (lines []string, err error) {
	byOrder := map[uint64][]string{}
	last := uint64(0)
	events, err := h.api.Events(ctx)
	for _, ev := range events {
		if ev.Terminal == terminal {
			line := outline(ctl.Event{Order: ev.Order, Stream: ev.Stream, Seq: ev.Seq, Kind: ev.Kind, Outcome: ev.Outcome, Reason: ev.Reason})
			byOrder[ev.Order] = append(byOrder[ev.Order], line)
			last = max(last, ev.Order)
		}
	}
	for order := uint64(1); order <= last; order++ {
		lines = append(lines, byOrder[order]...)
	}
	return lines, err
}

// outline is what must be the same of an event at its terminal and at the hub. An
// event that decides nothing has no outcome here and "none" there.
func outline(ev ctl.Event) string {
	if ev.Outcome == "" {
		ev.Outcome = "none"
	}
	return fmt.Sprintf("%d %s %d %s %s %s", ev.Order, ev.Stream, ev.Seq, ev.Kind, ev.Outcome, ev.Reason)
}
