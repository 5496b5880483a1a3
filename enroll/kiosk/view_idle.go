package kiosk

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"badged/enroll"
	"badged/keypad"
)

// waiting is the messages that wait for something: they say for how long.
var waiting = []*banner{&awaitCard, &bindOffered}

// asking is the messages that say whom to ask.
var asking = []*banner{&cardRefused, &quota, &bindWaits, &refusedNotice}

// BannerText is the second line of a message.
func (v view) BannerText(b *banner) string {
	switch {
	case slices.Contains(waiting, b):
		return v.T(b.Text, v.duration(v.Screen.ClaimWindow))
	case slices.Contains(asking, b):
		return v.T(b.Text, v.whomToAsk())
	default:
		return v.T(b.Text)
	}
}

// whomToAsk says whom to ask: as the site has it, or else the reception.
func (v view) whomToAsk() string {
	if v.Screen.Ask == "" {
		return v.T("ask.reception")
	}
	return v.T("ask.site", v.Screen.Ask)
}

// duration is a time as people say it.
func (v view) duration(d time.Duration) string {
	n, one, many := int(d.Round(time.Second)/time.Second), "span.second", "span.seconds"
	if n >= 60 && n%60 == 0 {
		n, one, many = n/60, "span.minute", "span.minutes"
	}
	if n == 1 {
		return v.T(one)
	}
	return v.T(many, strconv.Itoa(n))
}

// Keypad reports whether the page has keys of a claim code or a PIN.
func (v view) Keypad() bool { return v.Page == pageIdle && v.Screen.Keys != enroll.NoKeys }

// PINKeys reports whether they are those of a PIN.
func (v view) PINKeys() bool { return v.Keypad() && v.Screen.Keys == enroll.PINKeys }

// KeysText is the name of the keys.
func (v view) KeysText() string {
	if v.PINKeys() {
		return v.T("pin.keys")
	}
	return v.T("code.keys")
}

// Keys is the digits in their order on a keypad, without the zero.
func (v view) Keys() []string { return []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} }

// wanted is how many digits are to be typed; 0: as many as the person's PIN has.
func (v view) wanted() int {
	if v.PINKeys() {
		return v.Screen.PINDigits
	}
	return v.Screen.CodeDigits
}

// EndsByHash reports whether a key must end what is typed.
func (v view) EndsByHash() bool { return v.PINKeys() && v.wanted() == 0 }

// Digits has a place for each digit that is to be typed: true where one was.
func (v view) Digits() []bool {
	places := make([]bool, cmp.Or(v.wanted(), max(v.Screen.Typed, keypad.MinPIN)))
	for i := range places {
		places[i] = i < v.Screen.Typed
	}
	return places
}

// TypedText is the same for a screen reader.
func (v view) TypedText() string {
	if v.wanted() == 0 {
		return v.T("pin.typed", strconv.Itoa(v.Screen.Typed))
	}
	return v.T("code.typed", strconv.Itoa(v.Screen.Typed), strconv.Itoa(v.wanted()))
}

// idleHeading is the heading of the idle page that has no message.
func (v view) idleHeading() string {
	if v.PINKeys() {
		return v.T("pin.heading")
	}
	return v.T("idle.heading")
}

// idleLead is the text below it.
func (v view) idleLead() string {
	switch {
	case v.PINKeys() && v.Screen.Binds:
		return v.T("pin.binds")
	case v.PINKeys():
		return v.T("pin.lead")
	default:
		return v.T("idle.lead")
	}
}
