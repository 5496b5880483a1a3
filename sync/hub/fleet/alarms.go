package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// The codes of refusals about alarms.
const (
	CodeAlarmMissing = "alarm_missing" // alarm
	CodeAlarmDone    = "alarm_done"    // alarm
)

// isOpen reports whether an alarm was raised, and nobody has acknowledged it.
func (a Alarm) isOpen() bool { return a.ID != 0 && a.Done.IsZero() }

// openAlarm is the open alarm of a kind about an object; its ID is 0 if there is none.
func openAlarm(tx Tx, kind AlarmKind, object string) (Alarm, error) {
	a, err := tx.LastAlarm(kind, object)
	switch {
	case err != nil && !errors.Is(err, people.ErrNotFound):
		return a, err
	case err != nil || !a.Done.IsZero():
		return Alarm{Kind: kind, Object: object, First: tx.Now, Last: tx.Now}, nil
	}
	return a, nil
}

// raise opens an alarm, or says of the one that is open that it came again.
func (h *Hub) raise(tx Tx, kind AlarmKind, object string, detail any) error {
	a, err := openAlarm(tx, kind, object)
	if err != nil {
		return err
	}
	return h.putAlarm(tx, a, detail)
}

func (h *Hub) putAlarm(tx Tx, a Alarm, detail any) (err error) {
	a.Last, a.Detail = tx.Now, []byte("{}")
	if detail != nil {
		if a.Detail, err = json.Marshal(detail); err != nil {
			return fmt.Errorf("describe an alarm: %w", err)
		}
	}
	h.log.Error("somebody must look at this: badgehub alarm list says what to do", "alarm", string(a.Kind), "object", a.Object)
	return tx.PutAlarm(a)
}

// endAlarm ends an alarm whose reason is gone, if it is open.
func endAlarm(tx Tx, kind AlarmKind, object string) error {
	a, err := openAlarm(tx, kind, object)
	if err != nil || !a.isOpen() {
		return err
	}
	_, err = acknowledge(tx, a.ID)
	return err
}

// Acknowledge ends an alarm. After that of a restored hub, terminals that were ahead of it
// take what it has.
func (h *Hub) Acknowledge(ctx context.Context, by audit.Actor, id uint64) (a Alarm, err error) {
	err = h.store.Write(ctx, by, func(tx Tx) error {
		a, err = acknowledge(tx, id)
		return err
	})
	if err == nil && a.Kind == HubRestored {
		h.releaseHeld()
	}
	return a, err
}

func acknowledge(tx Tx, id uint64) (Alarm, error) {
	about := refusal.Fields{"alarm": strconv.FormatUint(id, 10)}
	a, err := tx.Alarm(id)
	switch {
	case errors.Is(err, people.ErrNotFound):
		return a, &refusal.Error{Kind: refusal.Missing, Code: CodeAlarmMissing, Fields: about}
	case err != nil:
		return a, err
	case !a.Done.IsZero():
		return a, &refusal.Error{Kind: refusal.Conflict, Code: CodeAlarmDone, Fields: about}
	}
	a.Done, a.By = tx.Now, tx.By.ID
	if a.Kind == HubRestored {
		if err := raiseRevisions(tx, a); err != nil {
			return a, err
		}
	}
	if err := tx.PutAlarm(a); err != nil {
		return a, err
	}
	return a, tx.Record(audit.Change{Action: "alarm.acknowledge", Object: string(a.Kind) + "/" + a.Object})
}
