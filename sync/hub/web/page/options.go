package page

import (
	"strconv"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// Option is one of several values to choose from.
type Option struct {
	Value, Text string
	Hint        string // a second line below the text
	Chosen      bool
}

// GroupOptions are all groups of people, by name; the values are their ids.
func GroupOptions(tx fleet.Tx) (out []Option, err error) {
	err = tx.EachGroup(func(g people.Group, _ int) error {
		out = append(out, Option{Value: strconv.FormatUint(g.ID, 10), Text: g.Name})
		return nil
	})
	return out, err
}
