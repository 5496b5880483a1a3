package kiosk

import (
	"slices"
	"strconv"
	"time"
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
		return v.T(b.Text, v.ask())
	default:
		return v.T(b.Text)
	}
}

// ask says whom to ask: as the site has it, or else the reception.
func (v view) ask() string {
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

// Keypad reports whether the page has the keys of a claim code.
func (v view) Keypad() bool { return v.Page == pageIdle && v.Screen.Keypad }

// Keys is the digits in their order on a keypad, without the zero.
func (v view) Keys() []string { return []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} }

// Digits has a place for each digit of a claim code: true where one was typed.
func (v view) Digits() []bool {
	places := make([]bool, v.Screen.CodeDigits)
	for i := range places {
		places[i] = i < v.Screen.Typed
	}
	return places
}

// TypedText is the same for a screen reader.
func (v view) TypedText() string {
	return v.T("code.typed", strconv.Itoa(v.Screen.Typed), strconv.Itoa(v.Screen.CodeDigits))
}
