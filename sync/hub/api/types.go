package api

import "time"

// Page is a part of a list. Next is the cursor of the next part, empty after the last.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// NewTerminal asks for a terminal. Replace also gives a token for one that has joined.
type NewTerminal struct {
	Name    string `json:"name"`
	Replace bool   `json:"replace,omitempty"`
}

// TerminalToken is how a new terminal joins. The token is shown once.
type TerminalToken struct {
	Name    string `json:"name"`
	Token   string `json:"token"`
	Command string `json:"command"`
}

// TerminalRoster asks for the join tokens of all terminals of a roster.
type TerminalRoster struct {
	Terminals []RosterRow `json:"rows"`
	Days      int         `json:"valid_days"` // how long new tokens work
}

// RosterRow is a terminal of a roster, with the token that the roster has for it.
type RosterRow struct {
	Name  string `json:"name"`
	Token string `json:"token,omitempty"`
}

// RosterToken is the token of a terminal of a roster. State is new, kept (that of the roster
// still works) or joined (it needs none).
type RosterToken struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Token string `json:"token,omitempty"` // a new one, shown once
	Ends  Time   `json:"ends,omitzero"`
}

// RosterTokens are the tokens of a roster, in its order.
type RosterTokens struct {
	Items []RosterToken `json:"items"`
}

// Terminal is a terminal as the hub sees it.
type Terminal struct {
	Name      string            `json:"name"`
	Joined    bool              `json:"joined"`
	Removed   bool              `json:"removed,omitempty"` // it is here for its events only
	Connected bool              `json:"connected"`
	Since     Time              `json:"since,omitzero"` // when it connected
	LastSeen  Time              `json:"last_seen,omitzero"`
	Agent     string            `json:"agent,omitempty"`
	Doors     []string          `json:"doors,omitempty"`
	Upto      map[string]uint64 `json:"upto"` // stream → durable events
	Vector    []Collection      `json:"vector"`

	// ClaimsClosed: it refuses every claim code until POST /v1/site/reopen.
	ClaimsClosed bool `json:"claims_closed,omitempty"`
}

// Collection is how far a terminal was with a collection when it last said hello.
type Collection struct {
	Name string `json:"name"`
	Rev  uint64 `json:"rev"`
	Hash string `json:"hash"`

	// NotUnderstood counts rows that give no right at the terminal, whose agent is too old
	// for them.
	NotUnderstood uint64 `json:"not_understood,omitempty"`
}

// NewAccount asks for a person's account. State is created, invited or active; empty
// is created, which can log in nowhere. Name is the full name; its first word is the first
// name, unless First or Last is given.
type NewAccount struct {
	Name  string `json:"name,omitempty"`
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
	Email string `json:"email,omitempty"`
	Lang  string `json:"lang,omitempty"`
	State string `json:"state,omitempty"`
	Role  string `json:"role,omitempty"`
}

// AccountPatch changes what it names.
type AccountPatch struct {
	Name    *string `json:"name,omitempty"`
	First   *string `json:"first,omitempty"`
	Last    *string `json:"last,omitempty"`
	Email   *string `json:"email,omitempty"`
	Lang    *string `json:"lang,omitempty"`
	Role    *string `json:"role,omitempty"`
	Expires *Time   `json:"expires,omitempty"`
}

// Account is an account.
type Account struct {
	ID           string   `json:"id"`
	Kind         string   `json:"kind"`
	State        string   `json:"state"`
	Display      string   `json:"display"`
	First        string   `json:"first,omitempty"`
	Last         string   `json:"last,omitempty"`
	NameAttested bool     `json:"name_attested"` // an operator gave the name
	Email        string   `json:"email,omitempty"`
	TypedEmail   string   `json:"typed_email,omitempty"` // typed at a panel, not confirmed
	Lang         string   `json:"lang,omitempty"`
	Number       uint64   `json:"number,omitempty"`
	Aliases      []uint64 `json:"aliases,omitempty"`
	Groups       []string `json:"groups,omitempty"`
	Role         string   `json:"role"`
	Rights       []string `json:"rights,omitempty"` // of a user; an administrator has all
	Source       string   `json:"source"`
	Created      Time     `json:"created,omitzero"`
	Expires      Time     `json:"expires,omitzero"`
	MergedTo     string   `json:"merged_to,omitempty"`
}

// AccountState moves an account: created, invited, active or suspended.
type AccountState struct {
	State string `json:"state"`
}

// Merge names the account into which another one is merged.
type Merge struct {
	Into string `json:"into"`
}

// EditVersion is one change of a profile.
type EditVersion struct {
	Terminal string  `json:"terminal"`
	Order    uint64  `json:"order"`
	At       Time    `json:"at"`
	Before   Profile `json:"before"`
	After    Profile `json:"after"`
	Waits    bool    `json:"waits,omitempty"` // its name waits for the owner of the account
}

// Profile is what a person can change.
type Profile struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Lang  string `json:"lang"`
}

// MergeRequest is somebody who typed an e-mail at a panel that is another's.
type MergeRequest struct {
	Account     string `json:"account"`
	AccountName string `json:"account_name"`
	Into        string `json:"into"`
	IntoName    string `json:"into_name"`
	Terminal    string `json:"terminal"`
	At          Time   `json:"at"`
}

// Group is accounts that get rights together.
type Group struct {
	Name    string `json:"name"`
	Members int    `json:"members"`
}

// NewGroup asks for a group, or for another name of one.
type NewGroup struct {
	Name string `json:"name"`
}

// Door is a door. FreshFor is in seconds, 0 for 72 hours; the policies are deny,
// staff and allow.
type Door struct {
	ID          string `json:"id"`
	Group       string `json:"group,omitempty"`
	Anonymous   bool   `json:"anonymous"`
	UnknownTime string `json:"unknown_time"`
	FreshFor    int64  `json:"fresh_for"`
	Stale       string `json:"stale"`
}

// DoorPatch makes a door, or changes the settings that it names. A new door has 72
// hours and deny for those that it does not name.
type DoorPatch struct {
	ID          string  `json:"id"`
	Group       *string `json:"group,omitempty"`
	Anonymous   *bool   `json:"anonymous,omitempty"`
	UnknownTime *string `json:"unknown_time,omitempty"`
	FreshFor    *int64  `json:"fresh_for,omitempty"`
	Stale       *string `json:"stale,omitempty"`
}

// NewGrant lets an account or a group use a door or a group of doors, or denies it. From
// and To are days or moments (RFC 3339) in the site's time zone; a day as To is the last
// day, and is included.
type NewGrant struct {
	Account   string `json:"account,omitempty"`
	Group     string `json:"group,omitempty"`
	Door      string `json:"door,omitempty"`
	DoorGroup string `json:"door_group,omitempty"`
	Schedule  string `json:"schedule,omitempty"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Deny      bool   `json:"deny,omitempty"`
}

// Grant is a grant. Rests tells that it gives nothing while its account has not both a
// first and a last name.
type Grant struct {
	ID          string `json:"id"`
	Account     string `json:"account,omitempty"`
	AccountName string `json:"account_name,omitempty"`
	Group       string `json:"group,omitempty"`
	Door        string `json:"door,omitempty"`
	DoorGroup   string `json:"door_group,omitempty"`
	Schedule    string `json:"schedule,omitempty"`
	From        Time   `json:"from,omitzero"`
	To          Time   `json:"to,omitzero"` // this moment is outside
	Deny        bool   `json:"deny,omitempty"`
	Rests       bool   `json:"rests,omitempty"`
	Existed     bool   `json:"existed,omitempty"` // asked for again: it was there already
}

// Window is a part of the days that it names: mon to sun, and holiday for holidays.
type Window struct {
	Days []string `json:"days"`
	From string   `json:"opens"`  // 08:00
	To   string   `json:"closes"` // 18:30; 24:00 is the end of the day
}

// Schedule is when the grants that name it are in force.
type Schedule struct {
	Name    string   `json:"name"`
	Windows []Window `json:"windows"`
}

// Holiday is a day on which only windows with the day holiday are open.
type Holiday struct {
	Day  string `json:"day"` // 2026-12-25
	Name string `json:"name,omitempty"`
}

// NewClaim asks for a claim code. No doors are all doors of the site; 0 minutes are 60.
type NewClaim struct {
	Account string   `json:"account"`
	Doors   []string `json:"doors,omitempty"`
	Minutes int      `json:"minutes,omitempty"`
}

// IssuedClaim is a new claim. Code is what the member types after the star; Voided
// says that a former code of the account is void now; Warnings are codes of what keeps the
// member out all the same, with their words.
type IssuedClaim struct {
	ID       string    `json:"id"`
	Code     string    `json:"code"`
	Ends     Time      `json:"ends"`
	Voided   bool      `json:"voided,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// Warning is something that was done and may not help.
type Warning struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Claim is a claim without its code, which nobody has.
type Claim struct {
	ID          string   `json:"id"`
	Account     string   `json:"account"`
	AccountName string   `json:"account_name"`
	Doors       []string `json:"doors,omitempty"`
	State       string   `json:"state"` // live, used, void, ended
	Issued      Time     `json:"issued"`
	Ends        Time     `json:"ends"`
	Card        string   `json:"card,omitempty"`
}

// Card is a card; ID is the first 8 digits of its id.
type Card struct {
	ID          string     `json:"id"`
	Account     string     `json:"account"`
	AccountName string     `json:"account_name"`
	State       string     `json:"state"`
	Assurance   string     `json:"assurance"`
	Since       Time       `json:"since,omitzero"`
	Expires     Time       `json:"expires,omitzero"`
	Conflicts   []Conflict `json:"conflicts,omitempty"`
	// Changed and Spread are of one card alone: when it was last changed, and how far that has
	// come.
	Changed Time    `json:"changed,omitzero"`
	Spread  *Spread `json:"spread,omitempty"`
}

// Spread is how far a change has come among the terminals that copy it, and the doors that
// they serve.
type Spread struct {
	Terminals   int      `json:"terminals"`
	OfTerminals int      `json:"of_terminals"`
	Doors       int      `json:"doors"`
	OfDoors     int      `json:"of_doors"`
	At          Time     `json:"at,omitzero"` // when the last of those that have it said so
	Missing     []string `json:"missing,omitempty"`
}

// Conflict is somebody else who wanted the card.
type Conflict struct {
	Account     string `json:"account"`
	AccountName string `json:"account_name"`
	Why         string `json:"why"`
	Terminal    string `json:"terminal"`
	At          Time   `json:"at"`
}

// CardState sets a card to active, pending, lost, replaced or revoked; Account, if
// given, makes it that account's. Either resolves what was contested.
type CardState struct {
	State   string `json:"state"`
	Account string `json:"account,omitempty"`
}

// CardGift gives a card to an account; Expires makes it a temporary one.
type CardGift struct {
	Account string `json:"account"`
	Expires string `json:"expires,omitempty"` // a day, which is included, or a moment
}

// UnknownCard is a card that nobody has, as a terminal last saw it.
type UnknownCard struct {
	ID       string `json:"id"`
	Terminal string `json:"terminal"`
	Point    string `json:"point"`
	Reason   string `json:"reason"`
	At       Time   `json:"at"`
	Times    int    `json:"times"`
}

// PIN is a new PIN, shown once.
type PIN struct {
	Account string `json:"account"`
	PIN     string `json:"pin"`
}

// Setting is one setting with what it may be.
type Setting struct {
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	Kind    string   `json:"kind"`
	Default string   `json:"default"`
	Min     int64    `json:"min,omitempty"`
	Max     int64    `json:"max,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Words   string   `json:"words"`
}

// Site is the site: its id, whether cards can be claimed by keypad, and its settings.
type Site struct {
	ID           string    `json:"id"`
	ClaimsClosed bool      `json:"claims_closed"`
	Settings     []Setting `json:"settings"`
}

// Event is one event. At is the terminal's time, as far as its Clock is to be trusted.
type Event struct {
	ID          uint64   `json:"id"`
	Terminal    string   `json:"terminal"`
	Incarnation string   `json:"incarnation"`
	Stream      string   `json:"stream"`
	Seq         uint64   `json:"seq"`
	Order       uint64   `json:"order"`
	Kind        string   `json:"kind"`
	Point       string   `json:"point,omitempty"`
	Door        string   `json:"door,omitempty"`
	Outcome     string   `json:"outcome,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Account     string   `json:"account,omitempty"`
	AccountName string   `json:"account_name,omitempty"`
	Card        string   `json:"card,omitempty"`   // 8 digits
	Number      uint64   `json:"number,omitempty"` // N of a new anonymN
	Count       uint64   `json:"count,omitempty"`  // events lost or not listed, accounts allowed, times claiming was opened again
	Label       string   `json:"label,omitempty"`
	Device      string   `json:"device,omitempty"`
	Why         string   `json:"why,omitempty"`
	At          Time     `json:"at"`
	Clock       string   `json:"clock"`
	Received    Time     `json:"received"`
	Edit        *Profile `json:"edit,omitempty"`
}

// Backup asks for a copy of the database at a path of the hub's machine.
type Backup struct {
	Path string `json:"path"`
}

// Problem is why a request was refused. Code is stable; Text is in the language of the
// request's Accept-Language, French or English.
type Problem struct {
	Kind   string         `json:"kind"` // invalid, missing, conflict, forbidden, failed
	Code   string         `json:"code"`
	Text   string         `json:"text"`
	Fields map[string]any `json:"fields,omitempty"`
}

// Time is a moment. In JSON it is RFC 3339 in UTC with three digits of a second, so that
// texts sort as moments do.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z"

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.UTC().Format(timeLayout)), nil }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(timeLayout) + `"`), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(b []byte) error { return t.Time.UnmarshalJSON(b) }

// Import is a list of people that was brought in, or is being brought in.
type Import struct {
	ID      string `json:"id,omitempty"` // empty: a preview
	Name    string `json:"name,omitempty"`
	Lines   int    `json:"lines"`
	Done    int    `json:"lines_done"`
	New     int    `json:"new"`
	Changed int    `json:"changed"`
	Same    int    `json:"same"`
	Wrong   int    `json:"error"`
	Started Time   `json:"started,omitzero"`
	Undone  bool   `json:"undone,omitempty"` // the accounts that it made are gone again
}

// ImportLine is what became of a line that is not the same as before. Notes say why a line
// is wrong, or what of it could not be done.
type ImportLine struct {
	Line    int       `json:"row"`    // in the file; the header is 1
	Result  string    `json:"result"` // new, changed, same, error; unused: of the header, columns that stand for nothing
	Name    string    `json:"name,omitempty"`
	Account string    `json:"account,omitempty"`
	Notes   []Warning `json:"notes,omitempty"`
}

// ImportStep is one object of an import's answer: a line, how far it is, or why it stopped.
type ImportStep struct {
	Line    *ImportLine `json:"line,omitempty"`
	Import  *Import     `json:"import,omitempty"`
	Problem *Problem    `json:"problem,omitempty"`
}

// Export is what the hub keeps about one person, for them to read: the latest 1,000 events
// and lines of the audit log at most.
type Export struct {
	Account Account  `json:"person"`
	Groups  []string `json:"groups"`
	// Services are those that the person sees.
	Services []string `json:"services"`
	// Notices are their answers to the versions of the privacy notice.
	Notices []NoticeAnswer `json:"notices"`
	Edits   []EditVersion  `json:"edits"`
	Cards   []Card         `json:"cards"`
	Grants  []Grant        `json:"grants"`
	Events  []Event        `json:"events"`
	Audit   []ExportLine   `json:"audit"`
}

// ExportLine is a line of the audit log about a person, without who made the change.
type ExportLine struct {
	At     Time           `json:"at"`
	Action string         `json:"action"`
	Before map[string]any `json:"before,omitempty"`
	After  map[string]any `json:"after,omitempty"`
}
