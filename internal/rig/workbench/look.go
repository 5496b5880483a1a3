package workbench

import (
	"slices"
	"strings"
	"sync"
	"time"

	"badged/internal/ctl"
)

const shownEvents = 100

// State is what the page shows now.
func (w *Workbench) State() State {
	s := State{
		Network:   w.cable.now(),
		Hub:       HubState{w.hub.running(), w.hub.claimsClosed()},
		Terminals: map[string]TerminalState{"printer": w.printer.shown(), "door": w.doorState()},
		Badges:    w.badges(),
		Members:   w.hub.shownMembers(),
		Events:    w.hub.shownEvents(shownEvents),
		Web:       WebState{w.hub.webURL().String(), w.phone.url(), w.desk.url(), w.box.Mails()},
	}
	s.Done = w.guide.updateSteps(s, w.printer.events, w.door.events)
	return s
}

// doorState adds what a person in front of the door sees.
func (w *Workbench) doorState() TerminalState {
	s := w.door.shown()
	pins := w.devices.pins.State()
	s.Relay, s.Ajar = pins.Relay, !pins.Contact
	if pins.Relay {
		s.Until = pins.Relayed.Add(openFor).UnixMilli()
	}
	events, _ := w.door.events.from(0)
	for _, ev := range slices.Backward(events) {
		if presented(ev) {
			s.Last = LastState{ev.Outcome, ev.Reason, ev.At.UnixMilli()}
			break
		}
	}
	return s
}

// badges is the tray, with the names that the hub has for owners.
func (w *Workbench) badges() []BadgeState {
	list := w.tray.shown()
	for i := range list {
		if name := w.hub.nameOf(list[i].Owner); name != "" {
			list[i].Owner = name
		}
	}
	return list
}

// watchPins tells the page of every change at the door, until the workbench ends.
func (w *Workbench) watchPins() {
	states, stop := w.devices.pins.Watch()
	defer stop()
	for {
		select {
		case <-states:
			w.view.touch()
		case <-w.ctx.Done():
			return
		}
	}
}

// guide remembers what the visitor has tried.
type guide struct {
	mu   sync.Mutex // guards done
	done map[string]bool
	from [2]int // events that were looked at, of printer and door
}

// tries is the guide of the page, in its order.
var tries = []string{"anon", "again", "edit", "refuse", "member", "cut", "claim", "power", "back"}

// updateSteps learns from what happened and gives what is done, in the guide's order.
func (g *guide) updateSteps(s State, printer, door *feed[ctl.Event]) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done == nil {
		g.done = map[string]bool{}
	}
	for i, f := range []*feed[ctl.Event]{printer, door} {
		events, _ := f.from(g.from[i])
		g.from[i] += len(events)
		for _, ev := range events {
			g.learn(i == 1, ev)
		}
	}
	for _, m := range s.Members {
		g.mark("member", m.Granted && m.Claim != nil)
	}
	away := s.Network != Plugged || !s.Hub.Running
	g.mark("back", g.done["cut"] && !away && settled(s.Terminals))
	g.mark("cut", away)
	return slices.DeleteFunc(slices.Clone(tries), func(t string) bool { return !g.done[t] })
}

// learn takes one event of a terminal.
func (g *guide) learn(door bool, ev ctl.Event) {
	switch {
	case ev.Reason == "new_account":
		g.mark("anon", true)
	case ev.Reason == "known_card" && !door:
		g.mark("again", true)
	case ev.Reason == "profile_edited":
		g.mark("edit", true)
	case ev.Reason == "claim_bound":
		g.mark("claim", true)
	case ev.Reason == "terminal_started" && g.done["anon"]:
		g.mark("power", true)
	case door && presented(ev) && strings.Contains("refused waiting", ev.Outcome):
		g.mark("refuse", true)
	}
}

func (g *guide) mark(try string, done bool) { g.done[try] = g.done[try] || done }

// settled reports whether nothing waits for the hub any more.
func settled(terminals map[string]TerminalState) bool {
	for _, t := range terminals {
		if !t.Connected || t.Pending > 0 {
			return false
		}
	}
	return true
}

// millis is a time for the page; zero: none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
