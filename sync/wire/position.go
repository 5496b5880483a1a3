package wire

import "time"

// Position is where a terminal's store stands: what Hello tells the hub.
type Position struct {
	Incarnation [16]byte          // of the database
	Next        map[Stream]uint64 // stream → next seq to be given
	Vector      []CollectionState // what each copied collection is at
	Lease       uint64            // numbers left
	// Fresh is the shortest time that a door trusts its copy without news of the hub;
	// 0: no door says. It stays at the terminal, which asks the hub often enough.
	Fresh time.Duration
}
