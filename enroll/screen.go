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
	Lang        string    // that the panel speaks: "fr" or "en"
	Ends        time.Time // when the session ends if nothing happens

	Site        string        // the name of the site
	ClaimWindow time.Duration // between code and card
	ReaderDown  bool          // no reader of the point works: no badge can be presented
	Keypad      bool          // a claim code may be typed on the panel
	CodeDigits  int           // that a claim code has
	Typed       int           // digits of it that have been typed, here or at a keypad
}
