package enroll

import "time"

// Screen is what the panel of a print point shows.
type Screen struct {
	Rev         uint64    // grows with every change, for a browser that catches up
	Session     string    // random id of the session; empty: nobody is logged in
	Account     Account   // who is logged in
	New         bool      // the account was made by this presentation
	Notice      Reason    // why the last presentation was refused; ReasonNone: nothing to say
	EditProfile bool      // false: only the language can be edited
	Clear       bool      // large text and strong contrast
	Lang        string    // that the panel speaks: "fr" or "en"
	Ends        time.Time // when the session ends if nothing happens

	Offers   []Offer // the services that the person sees
	Offering bool    // the site says who sees what: without it nobody asks
	Privacy  *Notice // what the person has to agree to first; nil: nothing
	ByPIN    bool    // a PIN opened the session, and a badge can be added in it
	Adding   bool    // the next badge is added to the account
	Replaces bool    // it replaces the one that the person has
	Waits    bool    // the one that was added must be confirmed first
	// NoKeyboard tells that nobody can type or touch here: the notice is short.
	NoKeyboard bool

	Site        string        // the name of the site
	Ask         string        // whom people are told to ask; empty: the reception
	ClaimWindow time.Duration // between code and card
	ReaderDown  bool          // no reader of the point works: no badge can be presented
	Keys        Keys          // that may be touched on the panel
	PINs        bool          // it can show those of a PIN
	Binds       bool          // a PIN also adds the unknown badge that was presented, once it is shown again
	CodeDigits  int           // that a claim code has
	PINDigits   int           // that a PIN has; 0: they differ, and # ends one
	Typed       int           // digits that have been typed, here or at a keypad
}

// Keys is what the keys of a panel make together.
type Keys uint8

// The keys. A panel has one kind at a time.
const (
	NoKeys Keys = iota
	CodeKeys
	PINKeys
)
