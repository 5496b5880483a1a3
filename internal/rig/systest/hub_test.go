//go:build system

package systest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"badged/sync/hub/api"
)

// hub is a real hub process, with the terminals' way to it staying the same over
// restarts.
type hub struct {
	*api.Client
	bin  string
	args []string

	mu   sync.Mutex // guards proc
	proc *process   // nil: switched off
}

func startHub(t *testing.T, programs, dir string) *hub {
	t.Helper()
	h := &hub{
		Client: api.NewClient(filepath.Join(dir, "hub.sock"), dir, "en"),
		bin:    filepath.Join(programs, "badgehub"),
		args:   []string{"serve", "--dir", dir, "--listen-mqtt", freeAddress(t), "--listen-web", freeAddress(t), "--host", "127.0.0.1"},
	}
	if err := h.on(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.off)
	t.Cleanup(h.Close)
	eventually(t, "the hub answers", func() bool { _, err := h.Site(t.Context()); return err == nil })
	return h
}

// freeAddress is one that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func (h *hub) on() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.proc != nil {
		return nil
	}
	p, err := start("badgehub", nil, h.bin, h.args...)
	h.proc = p
	return err
}

// off is a power cut of the hub.
func (h *hub) off() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.proc != nil {
		h.proc.kill()
		h.proc = nil
	}
}

// ended reports a hub that ended although nobody wanted it to.
func (h *hub) ended() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.proc == nil {
		return nil
	}
	select {
	case <-h.proc.done:
		return fmt.Errorf("the hub ended with code %d:\n%s", h.proc.exitCode(), h.proc.log)
	default:
		return nil
	}
}

// unsteady cuts the hub's power again and again until ctx ends, and leaves it on.
func (h *hub) unsteady(ctx context.Context, rng *rand.Rand) (cuts int, err error) {
	wait := func(most time.Duration) { pause(ctx, time.Duration(rng.Int64N(int64(most)))) }
	for {
		wait(6 * time.Second)
		if err := h.ended(); err != nil || ctx.Err() != nil {
			return cuts, err
		}
		h.off()
		cuts++
		wait(2 * time.Second)
		if err := h.on(); err != nil {
			return cuts, err
		}
	}
}

// member makes somebody with a claim for a card of their own, who may use the door or
// may not.
func (h *hub) member(ctx context.Context, name string, granted bool) (id, code string, err error) {
	a, err := h.AddAccount(ctx, api.NewAccount{Name: name, State: "active"})
	if err != nil {
		return "", "", err
	}
	if granted {
		if _, err := h.AddGrant(ctx, api.NewGrant{Account: a.ID, Door: "front"}); err != nil {
			return "", "", err
		}
	}
	claim, err := h.IssueClaim(ctx, api.NewClaim{Account: a.ID})
	return a.ID, claim.Code, err
}

// prepare sets the site up for more badges in a minute than others see in a year.
func (h *hub) prepare(ctx context.Context) error {
	if _, err := h.SetDoor(ctx, api.DoorPatch{ID: "front"}); err != nil {
		return err
	}
	_, err := h.Set(ctx, map[string]string{ // the most that may be set
		"unknown_badge": "create", "quota_burst": "1000", "quota_day": "100000", "quota_site": "1000000", "guess_budget": "100",
	})
	return err
}

// events gives all that the hub has, in the audit's words.
func (h *hub) events(ctx context.Context) (list []event, err error) {
	all, err := h.Events(ctx)
	for _, e := range all {
		list = append(list, event{
			Terminal: e.Terminal, Incarnation: e.Incarnation, Stream: e.Stream, Seq: e.Seq, Order: e.Order,
			Kind: e.Kind, Point: e.Point, Outcome: e.Outcome, Reason: e.Reason, Account: e.Account,
		})
	}
	return list, err
}

// accounts gives all accounts of the hub, in the audit's words.
func (h *hub) accounts(ctx context.Context) (list []account, err error) {
	all, err := h.Accounts(ctx)
	for _, a := range all {
		list = append(list, account{a.ID, a.Number, a.Aliases})
	}
	return list, err
}
