package release

import (
	"fmt"
	"time"

	"badged/sync/hub/refusal"
)

// Minute is a time of the day on the site's clocks, 0 to 1439.
type Minute uint16

const dayMinutes = 24 * 60

// MinuteOf is the time of the day that clocks show at a moment, in its zone.
func MinuteOf(t time.Time) Minute { return Minute(t.Hour()*60 + t.Minute()) }

func (m Minute) String() string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

// Hours are those of each day in which terminals may install a release, From included. To before
// From is on the next day. The zero Hours are the whole day.
type Hours struct{ From, To Minute }

// Always reports whether there is no time of the day at which a terminal has to wait.
func (h Hours) Always() bool { return h == Hours{} }

// Has reports whether terminals may begin to install at a time of the day.
func (h Hours) Has(m Minute) bool {
	switch {
	case h.Always():
		return true
	case h.From < h.To:
		return h.From <= m && m < h.To
	}
	return h.From <= m || m < h.To
}

func (h Hours) String() string {
	if h.Always() {
		return ""
	}
	return h.From.String() + "-" + h.To.String()
}

// ParseHours reads hours like 02:00-05:00; nothing is the whole day.
func ParseHours(text string) (h Hours, err error) {
	if text == "" {
		return h, nil
	}
	if len(text) == len("02:00-05:00") && text[5] == '-' {
		from, err1 := time.Parse("15:04", text[:5])
		to, err2 := time.Parse("15:04", text[6:])
		if h = (Hours{MinuteOf(from), MinuteOf(to)}); err1 == nil && err2 == nil && h.From != h.To {
			return h, nil
		}
	}
	return Hours{}, refuse(refusal.Invalid, CodeHours, refusal.Fields{"hours": text[:min(len(text), 64)]})
}
