package systest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// The names that the audit goes by.
const (
	kindPresentation = "presentation"
	kindEnrolment    = "enrolment"
	outcomeGranted   = "granted"
	reasonNewAccount = "new_account"
	reasonClaimBound = "claim_bound"
	doorPoint        = "front"
)

// event is one event as the hub or a terminal's control socket tells it.
type event struct {
	Terminal, Incarnation, Stream string
	Seq, Order                    uint64
	Kind, Point, Outcome, Reason  string
	Account                       string // the hub: its id; a terminal: anonymN or the start of its id
}

// account is an account as the hub knows it.
type account struct {
	ID      string
	Number  uint64   // of anonymN; 0: a person
	Aliases []uint64 // numbers that are its own for ever, too
}

// ledger is what the run did and saw, from outside of the programs.
type ledger struct {
	Hub      []event                   // all that the hub has
	Seen     map[string][]event        // terminal → what its control socket told while it ran
	Taps     map[string]map[string]int // terminal → account → badges of it that were typed
	Pulses   map[string]int            // terminal → times that the lock opened at a point that logs first
	Accounts []account                 // at the hub
	Local    map[string][]account      // terminal → anonymous accounts in its database
}

// audit says all that is wrong. Nothing: every event that anybody was told of is at
// the hub, once and in order, and every number belongs to one account.
func audit(l ledger) (problems []string) {
	problems = append(problems, auditOrder(l.Hub)...)
	problems = append(problems, auditSeen(l)...)
	problems = append(problems, auditTaps(l)...)
	problems = append(problems, auditPulses(l)...)
	return append(problems, auditNumbers(l)...)
}

// place is a counter that must run from 1 without gap.
type place struct{ terminal, incarnation, counter string }

// auditOrder holds that order and the sequence numbers of each stream run from 1,
// each once.
func auditOrder(events []event) (problems []string) {
	places := map[place][]uint64{}
	for _, e := range events {
		o := place{e.Terminal, e.Incarnation, "order"}
		s := place{e.Terminal, e.Incarnation, "seq of " + e.Stream}
		places[o] = append(places[o], e.Order)
		places[s] = append(places[s], e.Seq)
	}
	for p, ns := range places {
		slices.Sort(ns)
		for i, n := range ns {
			if n != uint64(i)+1 {
				problems = append(problems, fmt.Sprintf("%s: %s: where %d should stand, %d does", p.terminal, p.counter, i+1, n))
				break
			}
		}
	}
	return problems
}

// auditSeen holds that what a terminal told on its control socket is at the hub.
func auditSeen(l ledger) (problems []string) {
	type id struct {
		terminal string
		order    uint64
	}
	calls := callings(l.Accounts)
	hub := map[id]event{}
	for _, e := range l.Hub {
		hub[id{e.Terminal, e.Order}] = e
	}
	for terminal, events := range l.Seen {
		for _, e := range events {
			got, ok := hub[id{terminal, e.Order}]
			switch {
			case !ok:
				problems = append(problems, fmt.Sprintf("%s: event %d (%s, %s) was told and is lost", terminal, e.Order, e.Kind, e.Reason))
			case !same(got, e) || !calls[got.Account][e.Account]:
				problems = append(problems, fmt.Sprintf("%s: event %d was told as %+v, the hub has %+v", terminal, e.Order, e, got))
			}
		}
	}
	return problems
}

func same(a, b event) bool {
	return a.Stream == b.Stream && a.Seq == b.Seq && a.Kind == b.Kind && a.Point == b.Point &&
		a.Outcome == b.Outcome && a.Reason == b.Reason
}

// callings gives what a terminal may call each account: anonymN by any of its
// numbers, or the first eight digits of its id.
func callings(accounts []account) map[string]map[string]bool {
	calls := map[string]map[string]bool{"": {"": true}}
	for _, a := range accounts {
		names := map[string]bool{a.ID[:min(8, len(a.ID))]: true}
		for _, n := range append([]uint64{a.Number}, a.Aliases...) {
			names[fmt.Sprintf("anonym%d", n)] = n != 0
		}
		calls[a.ID] = names
	}
	return calls
}

// auditTaps holds that a badge led to no more events than it was typed, and that each
// terminal made an account once and used a claim once: here everybody has one claim.
func auditTaps(l ledger) (problems []string) {
	type key struct{ terminal, account string }
	events, made := map[key]int{}, map[key]int{}
	for _, e := range l.Hub {
		k := key{e.Terminal, e.Account}
		if e.Account == "" || e.Kind != kindPresentation && e.Kind != kindEnrolment {
			continue
		}
		events[k]++
		if e.Reason == reasonNewAccount || e.Reason == reasonClaimBound {
			made[k]++
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(events), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.terminal, b.terminal), cmp.Compare(a.account, b.account))
	}) {
		if taps := l.Taps[k.terminal][k.account]; events[k] > taps {
			problems = append(problems, fmt.Sprintf("%s: account %s has %d events, its badge was typed %d times", k.terminal, k.account, events[k], taps))
		}
		if made[k] > 1 {
			problems = append(problems, fmt.Sprintf("%s: account %s was made or bound %d times", k.terminal, k.account, made[k]))
		}
	}
	return problems
}

// auditPulses holds that a lock which opens only after its event is on disk did not
// open more often than events say.
func auditPulses(l ledger) (problems []string) {
	opened := map[string]int{}
	for _, e := range l.Hub {
		if e.Point == doorPoint && e.Outcome == outcomeGranted {
			opened[e.Terminal]++
		}
	}
	for terminal, pulses := range l.Pulses {
		if pulses > opened[terminal] {
			problems = append(problems, fmt.Sprintf("%s: the lock opened %d times, %d events say so", terminal, pulses, opened[terminal]))
		}
	}
	return problems
}

// auditNumbers holds that no number was given twice, that the terminals call each
// account as the hub does, and that every account that was made is at the hub.
func auditNumbers(l ledger) (problems []string) {
	owner, number := map[uint64]string{}, map[string]uint64{}
	for _, a := range l.Accounts {
		number[a.ID] = a.Number
		for _, n := range append([]uint64{a.Number}, a.Aliases...) {
			if other, taken := owner[n]; taken && n != 0 {
				problems = append(problems, fmt.Sprintf("anonym%d is both %s and %s", n, other, a.ID))
			}
			owner[n] = a.ID
		}
	}
	for terminal, accounts := range l.Local {
		for _, a := range accounts {
			if n, ok := number[a.ID]; !ok {
				problems = append(problems, fmt.Sprintf("%s has account %s, the hub has not", terminal, a.ID))
			} else if n != a.Number {
				problems = append(problems, fmt.Sprintf("%s calls account %s anonym%d, the hub anonym%d", terminal, a.ID, a.Number, n))
			}
		}
	}
	for _, e := range l.Hub {
		if n, ok := number[e.Account]; e.Reason == reasonNewAccount && (!ok || n == 0) {
			problems = append(problems, fmt.Sprintf("%s made account %s, which has no number at the hub", e.Terminal, e.Account))
		}
	}
	return problems
}
