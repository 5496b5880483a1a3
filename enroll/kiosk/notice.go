package kiosk

import "badged/enroll"

// tone is how a message looks and how urgent it is.
type tone string

const (
	toneCalm tone = "calm" // nothing to say
	toneGood tone = "good"
	toneInfo tone = "info"
	toneWarn tone = "warn" // try again
	toneBad  tone = "bad"
)

// banner is a message to the person: keys of the catalogue.
type banner struct {
	Tone        tone
	Title, Text string
}

// The messages. They say what the person can do, and nothing about anybody else:
// a card that is unknown, taken, or of a suspended account is the same message, and
// so is every code and PIN that is not accepted.
var (
	cardRefused = banner{toneBad, "notice.card.title", "notice.card.text"}
	codeRefused = banner{toneBad, "notice.code.title", "notice.code.text"}
	pinDelayed  = banner{toneWarn, "notice.pinwait.title", "notice.pinwait.text"}
	badRead     = banner{toneWarn, "notice.badread.title", "notice.badread.text"}
	randomUID   = banner{toneBad, "notice.random.title", "notice.random.text"}
	cutUID      = banner{toneBad, "notice.cut.title", "notice.cut.text"}
	quota       = banner{toneWarn, "notice.quota.title", "notice.quota.text"}
	outOfOrder  = banner{toneBad, "notice.broken.title", "notice.broken.text"}
	readerDown  = banner{toneBad, "notice.reader.title", "notice.reader.text"}
	timedOut    = banner{toneInfo, "notice.timeout.title", "notice.timeout.text"}
	awaitCard   = banner{toneInfo, "notice.awaitcard.title", "notice.awaitcard.text"}
	awaitSame   = banner{toneWarn, "notice.awaitsame.title", "notice.awaitsame.text"}
	bindOffered = banner{toneInfo, "notice.bind.title", "notice.bind.text"}
	cardAdded   = banner{toneGood, "notice.bound.title", "notice.added.text"}
	ownCard     = banner{toneInfo, "notice.own.title", "notice.own.text"}
	cardBound   = banner{toneGood, "notice.bound.title", "notice.bound.text"}
	bindWaits   = banner{toneInfo, "notice.pending.title", "notice.pending.text"}
	signedOut   = banner{toneInfo, "notice.signedout.title", "notice.signedout.text"}
	idledOut    = banner{toneInfo, "notice.idle.title", "notice.idle.text"}
	limitedOut  = banner{toneInfo, "notice.limit.title", "notice.limit.text"}

	refusedNotice = banner{toneInfo, "notice.refused.title", "notice.refused.text"}
	untouched     = banner{toneWarn, "privacy.tick.title", "privacy.tick.text"}
	unanswered    = banner{toneBad, "privacy.failed.title", "edit.failed.text"}

	saved     = banner{toneGood, "saved.title", "saved.text"}
	toConfirm = banner{toneGood, "saved.title", "saved.confirm"}
	failed    = banner{toneBad, "edit.failed.title", "edit.failed.text"}
	ended     = banner{toneInfo, "ended.title", "ended.text"}
)

// notices has a line for every reason that a print point can show. Reasons that
// this build does not know are said as a refused badge.
var notices = map[enroll.Reason]*banner{
	enroll.ReasonNone:      nil,
	enroll.KnownCard:       &ownCard, // in a session that awaits a badge
	enroll.CardAdded:       &cardAdded,
	enroll.NewAccount:      nil,
	enroll.ClaimBound:      &cardBound,
	enroll.AwaitCard:       &awaitCard,
	enroll.AwaitSameCard:   &awaitSame,
	enroll.UnknownCard:     &cardRefused,
	enroll.CodeRefused:     &codeRefused,
	enroll.CodeIdle:        &codeRefused,
	enroll.NoGrant:         &cardRefused,
	enroll.DeniedGrant:     &cardRefused,
	enroll.AccountInactive: &cardRefused,
	enroll.BindingInactive: &cardRefused,
	enroll.RandomUID:       &randomUID,
	enroll.CutUID:          &cutUID,
	enroll.QuotaReached:    &quota,
	enroll.RouteOff:        &cardRefused,
	enroll.CardTaken:       &cardRefused,
	enroll.StoreFailed:     &outOfOrder,
	enroll.TimeUnknown:     &outOfOrder,
	enroll.StaleSnapshot:   &outOfOrder,
	enroll.NotUnderstood:   &outOfOrder,
	enroll.BadRead:         &badRead,
	enroll.PINUnknown:      &codeRefused,
	enroll.PINDelayed:      &pinDelayed,
	enroll.KnownPIN:        nil,
	enroll.OutOfHours:      &cardRefused,
	enroll.SignedOut:       &signedOut,
	enroll.SessionIdle:     &idledOut,
	enroll.SessionLimit:    &limitedOut,
	enroll.SessionReplaced: nil,
	enroll.ProfileEdited:   nil,
	enroll.NoticeAccepted:  nil,
	enroll.NoticeRefused:   &refusedNotice,
	enroll.ServiceAccount:  &cardRefused,
	enroll.EntryTimeout:    &timedOut,
	enroll.BindOffered:     &bindOffered,
}

// savedAs is the message after an edit.
func savedAs(a enroll.Account) *banner {
	if a.EmailState == enroll.EmailToConfirm {
		return &toConfirm
	}
	return &saved
}

func noticeOf(r enroll.Reason) *banner {
	if b, ok := notices[r]; ok {
		return b
	}
	return &cardRefused
}
