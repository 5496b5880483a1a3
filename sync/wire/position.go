package wire

// Position is where a terminal's store stands: what Hello tells the hub.
type Position struct {
	Incarnation [16]byte          // of the database
	Next        map[uint64]uint64 // stream → next seq to be given
	Vector      []CollectionState // what each copied collection is at
	Lease       uint64            // numbers left
}
