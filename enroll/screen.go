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
	SiteLang    string    // "fr" or "en"
	Ends        time.Time // when the session ends if nothing happens
}
