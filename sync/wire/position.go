package wire

import "time"

// Position is the state of a terminal's store that Hello reports to the hub.
type Position struct {
	Incarnation [16]byte          // of the database
	Next        map[Stream]uint64 // stream → next seq to be given
	Vector      []CollectionState // what each copied collection is at
	Lease       uint64            // numbers left
	Chain       map[Stream]Chain  // stream → of the last event
	Acked       map[Stream]uint64 // stream → highest seq that the hub said it has
	Former      []byte            // the incarnation before this one; nil: none
	Highest     uint64            // number that was ever lent
	// Fresh is the shortest time that a door trusts its copy without hearing from the hub;
	// 0: no door has such a time. It is not sent: it decides how often the terminal says hello.
	Fresh time.Duration
}

// Batch is consecutive events of a stream.
type Batch struct {
	First  uint64 // seq of the first
	After  Chain  // before it
	Events [][]byte
}

// Durable is what is durable of a stream at the hub.
type Durable struct {
	Incarnation [16]byte
	Stream      Stream
	Upto        uint64
	Chain       *Chain // of the event at Upto; nil: the hub does not say
	Safe        uint64 // what a backup of the hub holds
	Born        uint64 // Ack.Born; 0: not told
	// All says that the hub has nothing above Upto; otherwise it may have received more since.
	All bool
}
