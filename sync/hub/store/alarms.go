package store

import (
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

const alarmColumns = `SELECT id, kind, object, first, last, detail, done, done_by FROM alarm `

func readAlarm(scan scan) (a fleet.Alarm, err error) {
	var detail string
	err = scan(&a.ID, &a.Kind, &a.Object, timeInto{&a.First}, timeInto{&a.Last}, &detail, timeInto{&a.Done}, &a.By)
	a.Detail = []byte(detail)
	return a, err
}

// PutAlarm implements fleet.Alarms.
func (x *tx) PutAlarm(a fleet.Alarm) error {
	if a.ID == 0 {
		if err := x.one(`SELECT coalesce(max(id), 0) + 1 FROM alarm`, nil, &a.ID); err != nil {
			return err
		}
	}
	_, err := x.exec(`INSERT INTO alarm (id, kind, object, first, last, detail, done, done_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET last = excluded.last, detail = excluded.detail, done = excluded.done, done_by = excluded.done_by`,
		a.ID, string(a.Kind), a.Object, millis(a.First), millis(a.Last), string(a.Detail), millis(a.Done), a.By)
	return err
}

// Alarm implements fleet.Alarms.
func (x *tx) Alarm(id uint64) (fleet.Alarm, error) {
	return first(x, alarmColumns+`WHERE id = ?`, []any{id}, readAlarm)
}

// LastAlarm implements fleet.Alarms.
func (x *tx) LastAlarm(kind fleet.AlarmKind, object string) (fleet.Alarm, error) {
	return first(x, alarmColumns+`WHERE kind = ? AND object = ? ORDER BY id DESC LIMIT 1`, []any{string(kind), object}, readAlarm)
}

// EachAlarm implements fleet.Alarms.
func (x *tx) EachAlarm(q fleet.AlarmQuery, fn func(fleet.Alarm) error) error {
	var c conditions
	if q.Open {
		c.add("done = 0")
	}
	if q.Below > 0 {
		c.add("id < ?", q.Below)
	}
	return collect(x, alarmColumns+c.where()+` ORDER BY id DESC LIMIT ?`, append(c.args, q.Limit), readAlarm, fn)
}

// AddSeen implements people.Numbers.
func (x *tx) AddSeen(n uint64, account people.ID) error {
	_, err := x.exec(`INSERT INTO seen_number (n, account) VALUES (?, ?) ON CONFLICT (n, account) DO NOTHING`, n, account[:])
	return err
}

// SeenBy implements people.Numbers.
func (x *tx) SeenBy(n uint64) ([]people.ID, error) {
	return list(x, `SELECT account FROM seen_number WHERE n = ? ORDER BY account`, []any{n}, func(scan scan) (id people.ID, err error) {
		return id, scan(idInto{&id})
	})
}
