package reader

import "slices"

// missed is what the devices of a line said while nobody ran their part: the alarms and
// their ends, the last one of each Why, and whether the device works. They are told once, so that a part
// which joins a moment late would never hear of them. Cards and keys are left out: who
// presented them is gone.
type missed map[int][]Event

// keep takes what an event says about a device that nobody listens to.
func (m missed) keep(e Event) {
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

// takeUnit gives what a device has said, once.
func (m missed) takeUnit(unit int) []Event {
	list := m[unit]
	delete(m, unit)
	return list
}
