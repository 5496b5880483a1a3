package publish

import (
	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

// NewChanges makes an empty set of changes.
func NewChanges() *Changes {
	return &Changes{
		Accounts: make(map[ID]*people.Account), Members: make(map[ID]bool),
		Cards: make(map[ID]*access.Card), Claims: make(map[ID]*access.Claim),
		Doors: make(map[string]*access.Door), Grants: make(map[ID]*access.Grant), DoorGroups: make(map[string]bool),
		Services: make(map[uint64]*people.Offer), ServicesOf: make(map[uint64]bool), OffersOf: make(map[ID]bool),
		Schedules: make(map[uint64]*access.Schedule), PINs: make(map[ID]*access.PIN),
	}
}
