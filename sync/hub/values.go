package hub

import (
	"encoding/hex"
	"time"

	"badged/sync/wire"
)

// siteKey is the key of the settings in Config.
var siteKey = []byte("site")

// defaultSite is how a site begins.
func defaultSite(name string) wire.Site {
	return wire.Site{
		Name:          name,
		UnknownBadge:  wire.RouteCreate,
		Confirm:       wire.ConfirmNone,
		Lang:          "fr",
		EditProfile:   true,
		CodeDigits:    4,
		ClaimWindow:   30,
		GuessBudget:   8,
		QuotaBurst:    60,
		QuotaDay:      300,
		QuotaSite:     2000,
		AnonymousLife: int64((30 * 24 * time.Hour).Seconds()),
		SessionIdle:   60,
		SessionMax:    600,
	}
}

// Short is how a card is shown: the first 8 hex digits of its id.
func Short(id ID) string { return hex.EncodeToString(id[:4]) }

// Hex is how every other id is shown.
func Hex(id ID) string { return hex.EncodeToString(id[:]) }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the time of a number of milliseconds; 0 is no time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
