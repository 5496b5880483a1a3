package reader

import "slices"

// missed keeps the events of devices whose part did not run: the alarms and their ends, the
// last one of each Why, and whether the device works. Devices report them only once, so a part
// that joins a moment late would miss them. It keeps no cards and keys, because the person
// who presented them is gone.
type missed map[int][]Event

// keepEvent records an event of a device whose part does not run.
func (m missed) keepEvent(e Event) {
	same := func(o Event) bool { return (o.Kind == KindAlarm || o.Kind == KindOver) && o.Why == e.Why }
	switch e.Kind {
	case KindUp, KindDown:
		same = func(o Event) bool { return o.Kind == KindUp || o.Kind == KindDown }
	case KindAlarm, KindOver:
	default:
		return
	}
	m[e.Unit] = append(slices.DeleteFunc(m[e.Unit], same), e)
}

// takeUnit returns and removes the kept events of a device.
func (m missed) takeUnit(unit int) []Event {
	list := m[unit]
	delete(m, unit)
	return list
}
