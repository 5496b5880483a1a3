package access

import (
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
)

// Step is how far the registration of a card is.
//
//	held --ConfirmHeld--> choose --IssueCode--> code
//	  |                     |                    |
//	  +------ the account gets a card: by code, by QR, from an operator ------> done
type Step string

// The steps.
const (
	StepHeld   Step = "held"   // nobody has confirmed to hold a card: nothing is issued
	StepChoose Step = "choose" // the card has a QR code, or a code is needed
	StepCode   Step = "code"   // a code was issued
	StepDone   Step = "done"
)

// Enrolment is the registration of one card for an account: the steps that its owner, or an
// administrator for them, goes through. An account has at most one that is not done.
type Enrolment struct {
	ID       ID
	Account  ID          // whose card it will be
	Actor    audit.Actor // who began
	Step     Step
	Replaces ID     // card that ends for good once the new one works; zero: none
	Claim    ID     // of the latest code; zero: none
	Sealed   []byte // that code, for the session that asked for it; nil: none
	Started  time.Time
	Closed   time.Time // interrupted, and not taken up since; zero: not
	Mails    int       // that told how to go on
	Done     time.Time
	Card     ID // that was bound
}

// Enrolments keeps enrolments.
type Enrolments interface {
	Enrolment(id ID) (Enrolment, error)            // people.ErrNotFound
	OpenEnrolment(account ID) (Enrolment, error)   // the one that is not done; people.ErrNotFound
	LatestEnrolment(account ID) (Enrolment, error) // people.ErrNotFound
	EnrolmentOfCard(card ID) (Enrolment, error)    // the latest that bound it; people.ErrNotFound
	PutEnrolment(Enrolment) error                  // people.ErrTaken: the account has an open one
	DropEnrolments(account ID) error
}

// Label is the QR code on a prepared card. Its secret is printed, and only its hash kept.
type Label struct {
	Hash  [32]byte
	Card  ID
	Batch string // what the operator called those that were made together
	Made  time.Time
	Used  ID // account that bound the card with it last; zero: nobody
}

// Labels keeps labels, one for each card.
type Labels interface {
	Label(hash [32]byte) (Label, error) // people.ErrNotFound
	PutLabel(Label) error               // replaces the card's former one
	DropLabelsOf(account ID) error      // forgets that an account used them
}

// Muted keeps the notices that people do not want by mail.
type Muted interface {
	MutedMails(account ID) ([]mail.Purpose, error)
	MuteMail(account ID, p mail.Purpose, muted bool) error
	UnmuteMails(account ID) error // forgets what an account chose
}
