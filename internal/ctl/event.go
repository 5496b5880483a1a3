package ctl

import (
	"badged/enroll"
	"badged/sync/wire"
)

// EventOf shows an event of the store. number is that of its account, if it is known.
func EventOf(ev enroll.Event, number uint64) Event {
	out := Event{
		Order: ev.Order, Stream: wire.Stream(ev.Stream()).String(), Seq: ev.Seq,
		Kind: wire.EventKind(ev.Kind).String(), At: ev.At.Wall, Clock: ev.At.State.String(),
		Point: ev.Point, Device: ev.Device, Why: string(ev.Why),
		Outcome: wire.Outcome(ev.Outcome).String(), Reason: wire.Reason(ev.Reason).String(),
	}
	if ev.Kind == enroll.EventPresentation || ev.Reason == enroll.DeviceAlarm {
		out.More = ev.Count
	}
	if !ev.Account.IsZero() {
		out.Account = AccountLabel(ev.Account, max(number, ev.Number))
	}
	return out
}

// AccountLabel is how an account shows where people look who need not know who it is:
// anonymN, or the start of its id.
func AccountLabel(id enroll.AccountID, number uint64) string {
	if number == 0 {
		return id.String()
	}
	return enroll.Account{Number: number}.DisplayName()
}
