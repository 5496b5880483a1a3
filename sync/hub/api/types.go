// Package api is how the hub is managed: HTTP and JSON over a Unix socket that only
// the hub's owner can use, with the server's side, the client's, and the types of both.
//
//	POST   /v1/terminals            NewTerminal    -> TerminalToken
//	GET    /v1/terminals                           -> []Terminal
//	DELETE /v1/terminals/{name}                                   locked out; its events stay
//	POST   /v1/accounts             NewAccount     -> Account
//	GET    /v1/accounts                            -> []Account
//	POST   /v1/accounts/{id}/state  AccountState   -> Account
//	GET    /v1/accounts/{id}/edits                 -> []EditVersion
//	POST   /v1/doors                DoorPatch      -> Door        new, or changed
//	GET    /v1/doors                               -> []Door
//	POST   /v1/grants               NewGrant       -> Grant
//	GET    /v1/grants                              -> []Grant
//	DELETE /v1/grants/{id}
//	POST   /v1/claims               NewClaim       -> IssuedClaim the code is shown once
//	GET    /v1/claims                              -> []Claim
//	DELETE /v1/claims/{id}
//	GET    /v1/cards                               -> []Card
//	POST   /v1/cards/{id}/state     CardState      -> Card        also resolves a conflict
//	GET    /v1/site                                -> Site
//	PATCH  /v1/site                 SitePatch      -> Site
//	POST   /v1/site/reopen                         -> Site        after too many wrong codes
//	GET    /v1/events?after=&limit=&follow=1       -> Event ...   one JSON object per line
//
// Where an {id} or an "account" names an account, its id, at least 8 digits of it, its
// e-mail, its full name or anonymN will do. Errors are {"error": "..."} with status
// 400, 404, 409 or 500.
package api

import "time"

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

// Terminal is a terminal as the hub sees it.
type Terminal struct {
	Name      string            `json:"name"`
	Joined    bool              `json:"joined"`
	Removed   bool              `json:"removed,omitempty"` // it is here for its events only
	Connected bool              `json:"connected"`
	Since     time.Time         `json:"since,omitzero"` // when it connected
	LastSeen  time.Time         `json:"last_seen,omitzero"`
	Agent     string            `json:"agent,omitempty"`
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
// is created, which can log in nowhere.
type NewAccount struct {
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
	Lang  string `json:"lang,omitempty"`
	State string `json:"state,omitempty"`
}

// Account is an account.
type Account struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Display string    `json:"display"`
	Name    string    `json:"name,omitempty"`
	Email   string    `json:"email,omitempty"`
	Lang    string    `json:"lang,omitempty"`
	Number  uint64    `json:"number,omitempty"`
	Aliases []uint64  `json:"aliases,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// AccountState moves an account: created, invited, active or suspended.
type AccountState struct {
	State string `json:"state"`
}

// EditVersion is one change of a profile.
type EditVersion struct {
	Terminal string    `json:"terminal"`
	Order    uint64    `json:"order"`
	At       time.Time `json:"at"`
	Before   Profile   `json:"before"`
	After    Profile   `json:"after"`
}

// Profile is what a person can change.
type Profile struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Lang  string `json:"lang"`
}

// Door is a door. FreshFor is in seconds, 0 for 72 hours; the policies are deny,
// staff and allow.
type Door struct {
	ID          string `json:"id"`
	Anonymous   bool   `json:"anonymous"`
	UnknownTime string `json:"unknown_time,omitempty"`
	FreshFor    int64  `json:"fresh_for,omitempty"`
	Stale       string `json:"stale,omitempty"`
}

// DoorPatch makes a door, or changes the settings that it names. A new door has 72
// hours and deny for those that it does not name.
type DoorPatch struct {
	ID          string  `json:"id"`
	Anonymous   *bool   `json:"anonymous,omitempty"`
	UnknownTime *string `json:"unknown_time,omitempty"`
	FreshFor    *int64  `json:"fresh_for,omitempty"`
	Stale       *string `json:"stale,omitempty"`
}

// NewGrant lets an account use a door, or denies it.
type NewGrant struct {
	Account string    `json:"account"`
	Door    string    `json:"door"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Deny    bool      `json:"deny,omitempty"`
}

// Grant is a grant.
type Grant struct {
	ID          string    `json:"id"`
	Account     string    `json:"account"`
	AccountName string    `json:"account_name"`
	Door        string    `json:"door"`
	From        time.Time `json:"from,omitzero"`
	To          time.Time `json:"to,omitzero"`
	Deny        bool      `json:"deny,omitempty"`
}

// NewClaim asks for a claim code. No doors are all doors of the site; 0 minutes are 60.
type NewClaim struct {
	Account string   `json:"account"`
	Doors   []string `json:"doors,omitempty"`
	Minutes int      `json:"minutes,omitempty"`
}

// IssuedClaim is a new claim. Code is what the member types after the star; Voided
// says that a former code of the account is void now.
type IssuedClaim struct {
	ID     string    `json:"id"`
	Code   string    `json:"code"`
	Ends   time.Time `json:"ends"`
	Voided bool      `json:"voided,omitempty"`
}

// Claim is a claim without its code, which nobody has.
type Claim struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Doors   []string  `json:"doors,omitempty"`
	State   string    `json:"state"` // live, used, void, ended
	Issued  time.Time `json:"issued"`
	Ends    time.Time `json:"ends"`
	Card    string    `json:"card,omitempty"`
}

// Card is a card; ID is the first 8 digits of its id.
type Card struct {
	ID          string     `json:"id"`
	Account     string     `json:"account"`
	AccountName string     `json:"account_name"`
	State       string     `json:"state"`
	Assurance   string     `json:"assurance"`
	Expires     time.Time  `json:"expires,omitzero"`
	Conflicts   []Conflict `json:"conflicts,omitempty"`
}

// Conflict is somebody else who wanted the card.
type Conflict struct {
	Account  string    `json:"account"`
	Why      string    `json:"why"`
	Terminal string    `json:"terminal"`
	At       time.Time `json:"at"`
}

// CardState sets a card to active, pending, lost, replaced or revoked; Account, if
// given, makes it that account's. Either resolves what was contested.
type CardState struct {
	State   string `json:"state"`
	Account string `json:"account,omitempty"`
}

// Site is the settings. Durations are in seconds.
type Site struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	UnknownBadge  string `json:"unknown_badge"`
	Confirm       string `json:"confirm"`
	Lang          string `json:"lang"`
	EditProfile   bool   `json:"edit_profile"`
	CodeDigits    uint64 `json:"code_digits"`
	ClaimWindow   int64  `json:"claim_window"`
	GuessBudget   uint64 `json:"guess_budget"`
	ClaimsClosed  bool   `json:"claims_closed"`
	QuotaBurst    uint64 `json:"quota_burst"`
	QuotaDay      uint64 `json:"quota_day"`
	QuotaSite     uint64 `json:"quota_site"`
	AnonymousLife int64  `json:"anonymous_life"`
	SessionIdle   int64  `json:"session_idle"`
	SessionMax    int64  `json:"session_max"`
}

// SitePatch changes the settings that it names.
type SitePatch struct {
	Name          *string `json:"name,omitempty"`
	UnknownBadge  *string `json:"unknown_badge,omitempty"`
	Confirm       *string `json:"confirm,omitempty"`
	Lang          *string `json:"lang,omitempty"`
	EditProfile   *bool   `json:"edit_profile,omitempty"`
	CodeDigits    *uint64 `json:"code_digits,omitempty"`
	ClaimWindow   *int64  `json:"claim_window,omitempty"`
	GuessBudget   *uint64 `json:"guess_budget,omitempty"`
	QuotaBurst    *uint64 `json:"quota_burst,omitempty"`
	QuotaDay      *uint64 `json:"quota_day,omitempty"`
	QuotaSite     *uint64 `json:"quota_site,omitempty"`
	AnonymousLife *int64  `json:"anonymous_life,omitempty"`
	SessionIdle   *int64  `json:"session_idle,omitempty"`
	SessionMax    *int64  `json:"session_max,omitempty"`
}

// Event is one event. At is the terminal's time, as far as its Clock is to be trusted.
type Event struct {
	ID          uint64    `json:"id"`
	Terminal    string    `json:"terminal"`
	Incarnation string    `json:"incarnation"`
	Stream      string    `json:"stream"`
	Seq         uint64    `json:"seq"`
	Order       uint64    `json:"order"`
	Kind        string    `json:"kind"`
	Point       string    `json:"point,omitempty"`
	Outcome     string    `json:"outcome,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Account     string    `json:"account,omitempty"`
	AccountName string    `json:"account_name,omitempty"`
	Card        string    `json:"card,omitempty"`   // 8 digits
	Number      uint64    `json:"number,omitempty"` // N of a new anonymN
	Count       uint64    `json:"count,omitempty"`  // events lost or not listed, accounts allowed, times claiming was opened again
	Label       string    `json:"label,omitempty"`
	Device      string    `json:"device,omitempty"`
	Why         string    `json:"why,omitempty"`
	At          time.Time `json:"at"`
	Clock       string    `json:"clock"`
	Received    time.Time `json:"received"`
	Edit        *Profile  `json:"edit,omitempty"`
}

// problem is the body of an error.
type problem struct {
	Error string `json:"error"`
}
