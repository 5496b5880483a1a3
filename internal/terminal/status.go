package terminal

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"badged/enroll"
	"badged/internal/config"
	"badged/internal/ctl"
	"badged/internal/health"
	"badged/sync/uplink"
)

// status is the view of a terminal on the control socket. It implements ctl.Agent.
type status struct {
	*terminal
	started time.Time
	uplink  atomic.Pointer[uplink.State]
}

// Status implements ctl.Agent.
func (s *status) Status(context.Context) (ctl.Status, error) {
	items := s.health.Snapshot()
	return ctl.Status{
		Version: s.build, Terminal: s.id.Terminal, Site: s.id.Site,
		Started: s.started, Uptime: time.Since(s.started).Seconds(),
		Clock: s.clock.Now().State.String(), ClockWhy: s.clock.Belief().Why,
		Health: items, Points: s.pointStatus(), Readers: s.readerStatus(items),
		Uplink: s.uplinkStatus(), Store: s.storeStatus(), Page: s.panel.statusURL(),
	}, nil
}

func (s *status) pointStatus() []ctl.Point {
	list := make([]ctl.Point, 0, len(s.plan.Config.Points))
	for _, c := range s.plan.Config.Points {
		p := ctl.Point{Name: c.Name, Kind: c.Kind, Door: c.Door}
		if c.Kind == config.KindDoor {
			p.State = s.agent.DoorState(c.Door).String()
		} else {
			p.State, p.Kiosk = "idle", s.panel.kioskURL(c.Name)
			if screen, _ := s.agent.Screen(c.Name); screen.Session != "" {
				p.State = "session"
			}
		}
		list = append(list, p)
	}
	return list
}

func (s *status) readerStatus(items []health.Item) []ctl.Reader {
	list := make([]ctl.Reader, 0, len(s.plan.Config.Readers))
	for _, c := range s.plan.Config.Readers {
		r := ctl.Reader{Name: c.Name, Point: c.Point, Protocol: c.Protocol, Port: c.Port}
		r.State, r.Text = readerHealth(c.Name, items)
		reads, _ := s.agent.Reads(c.Name)
		r.Badges, r.Faults, r.LastBadge, r.LastFault = reads.Badges, reads.Faults, reads.LastBadge, reads.LastFault
		list = append(list, r)
	}
	return list
}

// readerHealth returns the worst state of a reader: that of its device, or of a particular
// item such as an alarm, whose name begins with the reader's; text then also says what to do.
func readerHealth(reader string, items []health.Item) (state health.State, text string) {
	name := "reader " + reader
	state, text = health.Warn, "not opened yet"
	for _, it := range items {
		if it.Name == name {
			state, text = it.State, it.Text
		}
	}
	for _, it := range items {
		if strings.HasPrefix(it.Name, name+" ") && it.State > state {
			state, text = it.State, it.Text+"; "+it.Do
		}
	}
	return state, text
}

func (s *status) uplinkStatus() ctl.Uplink {
	u := ctl.Uplink{Hub: s.id.MQTT, Pending: s.store.Stats().Outbox}
	if st := s.uplink.Load(); st != nil {
		u.Connected, u.Since, u.LastAck, u.Problem = st.Connected, st.Since, st.LastAck, st.Problem
	}
	return u
}

func (s *status) storeStatus() ctl.Store {
	st := s.store.Stats()
	cards, accounts, _ := s.store.Index().Counts()
	return ctl.Store{
		Path: s.dbPath(), Recovered: s.store.Recovered(), Cards: cards, Accounts: accounts, Claims: s.liveClaims(),
		LeaseLeft: st.Lease, Bytes: st.Bytes,
	}
}

// liveClaims counts the claim codes that can be used now.
func (s *status) liveClaims() (n int) {
	for _, c := range s.store.Index().Claims() {
		if c.State == enroll.ClaimLive {
			n++
		}
	}
	return n
}

// Commission implements ctl.Agent.
func (s *status) Commission(ctx context.Context, name string, d time.Duration, cleared bool, tell func(ctl.CommissionStep)) error {
	known := func(c config.Reader) bool { return c.Name == name }
	if !slices.ContainsFunc(s.plan.Config.Readers, known) {
		return &ctl.Refusal{Status: http.StatusNotFound, Text: fmt.Sprintf("there is no reader %.40q (`badgectl readers` lists them)", name)}
	}
	return s.osdp.Commission(ctx, name, d, cleared, tell, func() { s.agent.Keyed(ctx, name) })
}

// Outbox implements ctl.Agent.
func (s *status) Outbox(context.Context) (ctl.Outbox, error) {
	st := s.store.Stats()
	return ctl.Outbox{Pending: st.Outbox, Unsaved: st.Unsaved, Bytes: st.Bytes, Acked: st.Acked, LastAck: st.LastAck}, nil
}

// Recorded implements ctl.Agent.
func (s *status) Recorded() uint64 {
	st := s.store.Stats()
	return st.Acked + st.Outbox
}

// Events implements ctl.Agent.
func (s *status) Events(ctx context.Context, after uint64, n int) ([]ctl.Event, error) {
	events, err := s.store.Tail(ctx, n)
	if err != nil {
		return nil, err
	}
	list := make([]ctl.Event, 0, len(events))
	for _, ev := range events {
		if ev.Order > after {
			list = append(list, s.describeEvent(ev))
		}
	}
	return list, nil
}

func (s *status) describeEvent(ev enroll.Event) ctl.Event {
	known, _ := s.store.Index().Account(ev.Account)
	return ctl.EventOf(ev, known.Number)
}
