package enroll

import "sync"

// Index is what a terminal needs to decide, in memory: card → binding, account,
// grants; live claims; doors; settings. The store fills it at start and changes it
// only after the commit that it mirrors. It is safe for concurrent use.
//
// It is sized for a million cards: a card costs a map entry of 24 bytes, an account
// a slot of 48 and a map entry of 20.
type Index struct {
	mu       sync.RWMutex // guards all below
	cards    map[CardID]cardSlot
	accounts map[AccountID]uint32 // index into slots
	slots    []accountSlot
	claims   map[ClaimID]Claim
	grants   map[AccountID][]Grant
	doors    map[string]Door
	site     Site
}
