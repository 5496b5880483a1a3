// Package wire is the protocol between terminals and the hub: messages in
// deterministic CBOR with integer keys, signed with COSE_Sign1. The schema is
// badged.cddl in this folder; testdata/vectors/wire holds golden bytes.
package wire

// Version is the protocol version that this code speaks; Hello carries the range
// that a terminal can speak.
const Version = 1

// Hello opens a connection, from the terminal. The terminal repeats it within the
// connection, with the same nonce, to report a new vector and to ask for what got lost.
type Hello struct {
	MinVersion  uint64            `cbor:"1,keyasint"`
	MaxVersion  uint64            `cbor:"2,keyasint"`
	Nonce       [16]byte          `cbor:"3,keyasint"` // of this connection
	Incarnation [16]byte          `cbor:"4,keyasint"` // of the database
	Next        map[Stream]uint64 `cbor:"5,keyasint"` // stream → next seq to be given
	Vector      []CollectionState `cbor:"6,keyasint"`
	Agent       string            `cbor:"7,keyasint"`            // version of the program
	Lease       uint64            `cbor:"8,keyasint"`            // numbers left
	NoLease     bool              `cbor:"9,keyasint,omitempty"`  // no point here makes accounts: lend it no numbers
	Doors       []string          `cbor:"10,keyasint,omitempty"` // that it serves
	Chain       map[Stream]Chain  `cbor:"11,keyasint,omitempty"` // stream → of the last event that was given
	Acked       map[Stream]uint64 `cbor:"12,keyasint,omitempty"` // stream → highest seq that the hub said it has
	// Former is the incarnation that the database had before this one; none: it had none.
	Former  []byte `cbor:"13,keyasint,omitempty" size:"16"`
	Highest uint64 `cbor:"14,keyasint,omitempty"` // number that was ever lent to it
	Echo    uint64 `cbor:"15,keyasint,omitempty"` // the last Challenge that the hub put to this connection
	// Update is how the terminal stands with releases; nil: it is not updated this way.
	Update *Update `cbor:"16,keyasint,omitempty"`
	// Count numbers the hellos of this connection, this one included.
	Count uint64 `cbor:"17,keyasint,omitempty"`
}

// CollectionState is the revision and the hash of a copy of a collection.
type CollectionState struct {
	Collection Collection `cbor:"1,keyasint"`
	Rev        uint64     `cbor:"2,keyasint"`
	Hash       [16]byte   `cbor:"3,keyasint"` // SetHash of its rows
	// NotUnderstood counts the rows with a negative key that the terminal does not know: they
	// give no right there.
	NotUnderstood uint64 `cbor:"4,keyasint,omitempty"`
}

// Frame carries events of one stream, contiguous from First.
type Frame struct {
	Incarnation [16]byte `cbor:"1,keyasint"`
	Stream      Stream   `cbor:"2,keyasint"`
	First       uint64   `cbor:"3,keyasint"` // seq of the first event
	Count       uint64   `cbor:"4,keyasint"`
	Packed      bool     `cbor:"5,keyasint,omitempty"`
	// Events is the encoded Event values one behind the other, packed by raw DEFLATE (RFC 1951) if Packed. A
	// receiver bounds what it unpacks: MaxFrameEvents, MaxFrameBytes.
	Events []byte `cbor:"6,keyasint"`
	After  Chain  `cbor:"7,keyasint"` // of the event before the first one
}

// The bounds of a frame. Window is how many may be on the way.
const (
	MaxFrameEvents = 64
	MaxFrameBytes  = 16 << 10
	PackFrom       = 16 // events
	Window         = 4
)

// Event is one thing that happened at a terminal. Its seq is its place in the frame.
type Event struct {
	Order   uint64    `cbor:"1,keyasint"` // terminal-wide, over both streams
	Kind    EventKind `cbor:"2,keyasint"`
	Point   string    `cbor:"3,keyasint,omitempty"`
	Outcome Outcome   `cbor:"4,keyasint,omitempty"`
	Reason  Reason    `cbor:"5,keyasint,omitempty"`
	Account []byte    `cbor:"6,keyasint,omitempty" size:"16"`
	Card    []byte    `cbor:"7,keyasint,omitempty" size:"16"`
	Claim   []byte    `cbor:"8,keyasint,omitempty" size:"16"`
	At      int64     `cbor:"9,keyasint"` // Unix milliseconds
	Clock   Clock     `cbor:"10,keyasint"`
	Boot    []byte    `cbor:"11,keyasint" size:"8"` // clock.Boot
	Mono    int64     `cbor:"12,keyasint"`          // milliseconds since boot
	Number  uint64    `cbor:"13,keyasint,omitempty"`
	Label   string    `cbor:"14,keyasint,omitempty"`
	Edit    *Edit     `cbor:"15,keyasint,omitempty"`
	Device  string    `cbor:"16,keyasint,omitempty"`
	Why     string    `cbor:"17,keyasint,omitempty"`
	// Assurance is how well the terminal knew the card that it bound.
	Assurance Assurance `cbor:"18,keyasint,omitempty"`
	// Count depends on Reason: the number of events that were lost or that this one stands for,
	// the accounts that a quota allows, how often claiming was opened again, or the version of
	// the notice that was answered.
	Count uint64 `cbor:"19,keyasint,omitempty"`
	Door  string `cbor:"20,keyasint,omitempty"` // of the point, if it is called otherwise
}

// Edit is a profile that a person changed at a panel.
type Edit struct {
	Name  string `cbor:"1,keyasint"`
	Email string `cbor:"2,keyasint"` // empty: the one that the hub has stays
	Lang  string `cbor:"3,keyasint"`
}

// Ack says which events are durable at the hub; it also answers Hello. It names the nonce
// of the connection, so that the terminal can ignore a stale one. The answer to a Hello
// names every stream in Upto, even with 0.
type Ack struct {
	Nonce       [16]byte          `cbor:"1,keyasint"`
	Incarnation [16]byte          `cbor:"2,keyasint"`           // differs from the sent one: go on as this one; what follows is about the sent one
	Upto        map[Stream]uint64 `cbor:"3,keyasint"`           // stream → highest contiguous durable seq
	Credit      uint64            `cbor:"4,keyasint"`           // frames of each stream that may be on the way; 0: pause
	Time        int64             `cbor:"5,keyasint"`           // Unix milliseconds
	RetryAfter  int64             `cbor:"6,keyasint,omitempty"` // of a pause, milliseconds
	Problem     string            `cbor:"7,keyasint,omitempty"` // why nothing was taken, for the technician
	Chain       map[Stream]Chain  `cbor:"8,keyasint,omitempty"` // stream → of the event at Upto, as the hub has it
	Safe        map[Stream]uint64 `cbor:"9,keyasint,omitempty"` // stream → highest seq that a backup of the hub holds
	// Copied says that Incarnation counts even after other answers in this connection: the
	// database was copied, and both copies are connected or were.
	Copied bool `cbor:"10,keyasint,omitempty"`
	// Challenge is a number to return in the next Hello, which proves that the sender is live.
	Challenge uint64 `cbor:"11,keyasint,omitempty"`
	// Born is a random number that the hub drew when it first heard of Incarnation. A changed
	// one means that the hub has forgotten Incarnation and its events. Answers to a Hello have it.
	Born uint64 `cbor:"12,keyasint,omitempty"`
	// Run is a random number of the hub's present run. A changed one means that the hub has
	// restarted, perhaps on an older state. Answers to a Hello have it.
	Run uint64 `cbor:"13,keyasint,omitempty"`
	// Hello is the Count of the Hello that this answers: Time is of after that was said.
	Hello uint64 `cbor:"14,keyasint,omitempty"`
}

// Status says whether a terminal is connected. The one with Online false is also the
// connection's last will; it names the nonce of the connection, so that the hub can ignore a
// stale one.
type Status struct {
	Nonce  [16]byte `cbor:"1,keyasint"`
	Online bool     `cbor:"2,keyasint"`
}

// Collection names one of the sets that the hub owns and terminals copy.
type Collection uint64

// The collections. Leases hold only the rows of the terminal that they are sent to.
const (
	Config   Collection = 1
	Doors    Collection = 2
	Accounts Collection = 3
	Cards    Collection = 4
	Grants   Collection = 5
	Claims   Collection = 6
	Leases   Collection = 7
	Trust    Collection = 8
	// Schedules are what grants name; the key of one is NumberKey of its number. The
	// row HolidaysKey is the holidays of the site.
	Schedules Collection = 9
	PINs      Collection = 10 // for terminals with a print point
	// Services are what the organisation offers; the key of one is NumberKey of its number.
	// The row NoticeKey is the privacy notice that is in force. They and Offers are for
	// terminals with a print point.
	Services Collection = 11
	Offers   Collection = 12 // what a panel offers an account, by the account's id

	LastCollection = Offers // that this version knows
)

// Page is one message of a delta or a snapshot of a collection. The parts 0 to
// Parts-1 with the same From, To and Snapshot belong together: the terminal applies them in
// one transaction when all have arrived and Hash agrees. A snapshot removes the rows that
// it does not name.
type Page struct {
	Nonce      [16]byte   `cbor:"1,keyasint"` // of the connection
	Collection Collection `cbor:"2,keyasint"`
	Snapshot   bool       `cbor:"3,keyasint,omitempty"`
	From       uint64     `cbor:"4,keyasint"` // revision that a delta starts from
	To         uint64     `cbor:"5,keyasint"` // revision that it leads to
	Part       uint64     `cbor:"6,keyasint"`
	Parts      uint64     `cbor:"7,keyasint"`
	Hash       [16]byte   `cbor:"8,keyasint"` // SetHash of the whole collection at To
	Changes    []Change   `cbor:"9,keyasint"`
}

// The bounds of a page and of a set of pages.
const (
	MaxPageBytes = 64 << 10 // one encoded Page, and any other message
	MaxPageParts = 4096
)

// Change is one row of a collection, or its end.
type Change struct {
	Key  []byte `cbor:"1,keyasint"`           // of the row: an id or a MAC of 16 bytes, or text: a door's name
	Rev  uint64 `cbor:"2,keyasint"`           // revision at which it got this value
	Body []byte `cbor:"3,keyasint,omitempty"` // the encoded row; none: tombstone
}

// Account is a row of Accounts.
type Account struct {
	Kind    AccountKind  `cbor:"1,keyasint"`
	State   AccountState `cbor:"2,keyasint"`
	Number  uint64       `cbor:"3,keyasint,omitempty"`
	Aliases []uint64     `cbor:"4,keyasint,omitempty"`
	Label   string       `cbor:"5,keyasint,omitempty"`
	Name    string       `cbor:"6,keyasint,omitempty"`
	Lang    string       `cbor:"8,keyasint,omitempty"`
	Expires int64        `cbor:"9,keyasint,omitempty"` // Unix milliseconds
	// Groups are the numbers of its groups, ascending.
	Groups     []uint64   `cbor:"10,keyasint,omitempty"`
	EmailState EmailState `cbor:"11,keyasint,omitempty"` // of its address, which stays at the hub
}

// Binding is a row of Cards: a card that belongs to somebody; its key is the card's id.
type Binding struct {
	Account   [16]byte     `cbor:"1,keyasint"`
	State     BindingState `cbor:"2,keyasint"`
	Assurance Assurance    `cbor:"3,keyasint"`
	Expires   int64        `cbor:"4,keyasint,omitempty"`
}

// Grant is a row of Grants: of an account, or of a group, and then Account is zero. A row
// that names both counts as not understood.
type Grant struct {
	Account  [16]byte `cbor:"1,keyasint"`
	Door     string   `cbor:"2,keyasint"`
	From     int64    `cbor:"3,keyasint,omitempty"`
	To       int64    `cbor:"4,keyasint,omitempty"`
	Deny     bool     `cbor:"5,keyasint,omitempty"`
	Group    uint64   `cbor:"-1,keyasint,omitempty"`
	Schedule uint64   `cbor:"-2,keyasint,omitempty"` // 0: at any hour
}

// Schedule is a row of Schedules: when the grants that name it are in force, in the local
// time of Site.Offsets. While it is missing, grants that allow are never in force, and
// grants that deny always are.
type Schedule struct {
	Windows []Hours `cbor:"1,keyasint"`
}

// Hours is a time window on some days. Days has a bit for each day of the week, Monday is bit
// 0 and Sunday bit 6, and bit 7 for holidays, whatever their day of the week. From and To are
// minutes of local time since midnight, 0 to 1440; To itself is outside. Hours whose To is
// before From continue into the next day.
type Hours struct {
	Days uint64 `cbor:"1,keyasint"`
	From uint64 `cbor:"2,keyasint"`
	To   uint64 `cbor:"3,keyasint"`
}

// Holidays is the row HolidaysKey of Schedules.
type Holidays struct {
	Days []string `cbor:"1,keyasint"` // "2026-12-25", ascending
}

// PIN is a row of PINs; its key is the MAC of the PIN's digits with the site key.
type PIN struct {
	Account [16]byte `cbor:"1,keyasint"`
}

// Service is a row of Services: something that the organisation offers. An account has it if
// it is for everyone, if the account's row of Offers names it, or if one of its groups does.
type Service struct {
	Kind     ServiceKind `cbor:"1,keyasint"`
	French   string      `cbor:"2,keyasint"` // its name
	English  string      `cbor:"3,keyasint"`
	Link     string      `cbor:"4,keyasint,omitempty"`
	Everyone bool        `cbor:"5,keyasint,omitempty"`
	Groups   []uint64    `cbor:"6,keyasint,omitempty"` // ascending
}

// Notice is the row NoticeKey of Services: what people agree to before anything else.
type Notice struct {
	Version      uint64 `cbor:"1,keyasint"`
	French       string `cbor:"2,keyasint"` // in paragraphs
	English      string `cbor:"3,keyasint"`
	ShortFrench  string `cbor:"4,keyasint"` // for a panel without a keyboard
	ShortEnglish string `cbor:"5,keyasint"`
	Link         string `cbor:"6,keyasint,omitempty"` // of the whole on the web
}

// Offer is a row of Offers. Groups are the groups of an account without a full name, whose row
// of Accounts names none. An account without a row has the services for everyone and those of
// its groups, and has agreed to no notice.
type Offer struct {
	Services []uint64 `cbor:"1,keyasint,omitempty"` // assigned to the account itself, ascending
	All      bool     `cbor:"2,keyasint,omitempty"` // it sees every service
	Groups   []uint64 `cbor:"3,keyasint,omitempty"`
	Agreed   uint64   `cbor:"4,keyasint,omitempty"` // newest version of the notice that it agreed to
}

// Claim is a row of Claims.
type Claim struct {
	Account [16]byte   `cbor:"1,keyasint"`
	MAC     [16]byte   `cbor:"2,keyasint"`
	Ends    int64      `cbor:"3,keyasint"`
	Doors   []string   `cbor:"4,keyasint,omitempty"`
	State   ClaimState `cbor:"5,keyasint"`
}

// Door is a row of Doors; its key is the door's name.
type Door struct {
	Anonymous   bool   `cbor:"1,keyasint,omitempty"`
	UnknownTime Policy `cbor:"2,keyasint,omitempty"`
	FreshFor    int64  `cbor:"3,keyasint,omitempty"` // seconds
	Stale       Policy `cbor:"4,keyasint,omitempty"`
}

// Lease is a row of Leases; its key is the lease's id.
type Lease struct {
	First uint64 `cbor:"1,keyasint"`
	Last  uint64 `cbor:"2,keyasint"`
}

// Site is the row "site" of Config. Durations are in seconds.
type Site struct {
	Name          string  `cbor:"1,keyasint"`
	UnknownBadge  Route   `cbor:"2,keyasint"`
	Confirm       Confirm `cbor:"3,keyasint"`
	Lang          string  `cbor:"4,keyasint"`
	EditProfile   bool    `cbor:"5,keyasint"`
	CodeDigits    uint64  `cbor:"6,keyasint"`
	ClaimWindow   int64   `cbor:"7,keyasint"`
	GuessBudget   uint64  `cbor:"8,keyasint"`
	ClaimsClosed  bool    `cbor:"9,keyasint,omitempty"`
	QuotaBurst    uint64  `cbor:"10,keyasint"`
	QuotaDay      uint64  `cbor:"11,keyasint"`
	QuotaSite     uint64  `cbor:"12,keyasint"`
	AnonymousLife int64   `cbor:"13,keyasint"`
	SessionIdle   int64   `cbor:"14,keyasint"`
	ClaimsEpoch   uint64  `cbor:"15,keyasint,omitempty"` // grows when an operator reopens claiming
	SessionMax    int64   `cbor:"16,keyasint,omitempty"` // 0: the terminal's default
	PINLength     uint64  `cbor:"17,keyasint,omitempty"` // of every PIN, 4 to 16; 0: they differ, and # ends one
	// TimeZone is that of schedules and holidays, by its IANA name: "Europe/Paris". Offsets are
	// its offsets for years to come, so that a terminal needs no database of time zones, which
	// may be missing there or older than the latest law. A program that understands a grant
	// with a schedule also knows these keys, so they need not be negative. Without Offsets no
	// schedule can be read.
	TimeZone string   `cbor:"18,keyasint,omitempty"`
	Offsets  []Offset `cbor:"19,keyasint,omitempty"`
	OneCard  bool     `cbor:"20,keyasint,omitempty"` // a new card replaces the one that somebody has
	Ask      string   `cbor:"21,keyasint,omitempty"` // whom people at a panel are told to ask
}

// Offset is the difference of a time zone from UTC, until the next Offset begins.
type Offset struct {
	Since int64 `cbor:"1,keyasint"` // Unix seconds; ascending. The first holds before it, too
	East  int64 `cbor:"2,keyasint"` // seconds; negative in the west
}
