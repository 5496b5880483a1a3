package workbench

import "badged/internal/rig/mailbox"

// State is what the page shows. The whole of it is pushed at every change.
type State struct {
	Network   Network                  `json:"network"`
	Hub       HubState                 `json:"hub"`
	Terminals map[string]TerminalState `json:"terminals"` // "printer", "door"
	Badges    []BadgeState             `json:"badges"`
	Members   []MemberState            `json:"members"`
	Events    []EventState             `json:"events"` // newest first
	Done      []string                 `json:"done"`   // what of the guide was tried
	Web       WebState                 `json:"web"`
}

// WebState is the hub's web as two people see it, and the mails that they get.
type WebState struct {
	Hub   string         `json:"hub"`   // origin that links in mails have
	Phone string         `json:"phone"` // URL of a member's window, to open
	Desk  string         `json:"desk"`  // of the administrator's
	Mails []mailbox.Mail `json:"mails"` // newest first
}

// HubState is the central server.
type HubState struct {
	Running      bool `json:"running"`
	ClaimsClosed bool `json:"claims_closed"` // too many wrong codes: none binds a card any more
}

// TerminalState is one of the two terminals. What only a door has is zero for the
// printer, and the other way round. Times are Unix milliseconds.
type TerminalState struct {
	Running   bool      `json:"running"`
	Ready     bool      `json:"ready"`
	Connected bool      `json:"connected"`
	Pending   int       `json:"pending"` // events that the hub has not heard of
	Panel     string    `json:"panel"`   // URL of the panel; empty while it is dark
	Relay     bool      `json:"relay"`
	Until     int64     `json:"until"` // when the relay falls
	Ajar      bool      `json:"ajar"`  // the leaf stands open
	Last      LastState `json:"last"`
}

// LastState is the latest presentation at a door: what its light shows.
type LastState struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	At      int64  `json:"at"`
}

// BadgeState is a badge of the tray.
type BadgeState struct {
	ID    string `json:"id"`
	Owner string `json:"owner"` // empty: nobody, as far as was seen
}

// MemberState is a person whom the visitor created.
type MemberState struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Granted bool        `json:"granted"` // may use the door
	Claim   *ClaimState `json:"claim"`
	Card    bool        `json:"card"` // the hub has heard of a card
}

// ClaimState is a code to be typed at the door. It is shown here in place of the
// page on which a member would see it.
type ClaimState struct {
	Code  string `json:"code"`
	Until int64  `json:"until"`
}

// EventState is an event as the hub has it.
type EventState struct {
	ID          uint64 `json:"id"`
	Terminal    string `json:"terminal"`
	Order       uint64 `json:"order"`
	Outcome     string `json:"outcome"`
	Reason      string `json:"reason"`
	AccountName string `json:"account_name"`
	At          int64  `json:"at"`
}
