package access

import (
	"errors"
	"strings"

	"badged/internal/profile"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// The codes of refusals, with their fields.
const (
	CodeRouteOff      = "route_off"
	CodeRegisterOften = "register_often"
	CodeCursor        = "cursor_invalid"
	CodeTooMany       = "too_many"          // most
	CodeTime          = "time_out_of_range" // min, max: years

	CodeSettingUnknown = "setting_unknown"    // name
	CodeSettingText    = "setting_text"       // name, min, max
	CodeSettingRange   = "setting_range"      // name, min, max
	CodeSettingChoice  = "setting_choice"     // name, choices
	CodeSettingZone    = "setting_zone"       // name
	CodeSettingAddress = "setting_address"    // name
	CodeSettingHost    = "setting_host"       // name
	CodeSettingFile    = "setting_file"       // name
	CodeMailNeeds      = "mail_needs"         // name
	CodePINDigitsFew   = "pin_digits_too_few" // min

	CodeDoorNotFound = "door_not_found"     // door
	CodeDoorName     = "door_name"          // name
	CodeGroupName    = "door_group_name"    // name
	CodePolicy       = "door_policy"        // policy, choices
	CodeFreshFor     = "door_fresh_for"     // min, max
	CodeNoDoorGroup  = "door_group_unknown" // group

	CodeGrantNotFound = "grant_not_found"    // grant
	CodeGrantWho      = "grant_who"          // account or group, not both
	CodeGrantWhere    = "grant_where"        // door or door group, not both
	CodeGrantTimes    = "grant_ends_first"   // from, to
	CodeGrantService  = "grant_service"      // account
	CodeGrantName     = "grant_needs_name"   // account
	CodeGrantOver     = "grant_account_over" // account, state
	CodeDay           = "day_invalid"        // text

	CodeCardNotFound  = "card_not_found"  // card
	CodeCardRef       = "card_ref"        // least
	CodeCardAmbiguous = "card_ambiguous"  // card, count
	CodeCardState     = "card_state"      // state, choices
	CodeCardFinal     = "card_final"      // card, state
	CodeCardDead      = "card_dead"       // card, state
	CodeCardTaken     = "card_taken"      // card, account
	CodeCardOwner     = "account_no_card" // account, state
	CodeCardEnd       = "card_end_past"   // until
	CodeCardAssurance = "card_assurance"  // assurance, choices
	CodeCardUnfit     = "card_unfit"      // card, state
	CodeCardGone      = "card_gone"       // not the account's any more
	CodeCardNotFree   = "card_not_free"   // another person's, whom it does not name

	CodeEnrolmentNotFound = "enrolment_not_found" // enrolment
	CodeEnrolmentDone     = "enrolment_done"      // the card is bound
	CodeEnrolmentHeld     = "enrolment_held"      // nobody has confirmed to hold a card

	CodeLabelUnknown = "label_unknown" // not a QR code of this site, or a replaced one
	CodeLabelBatch   = "label_batch"   // most
	CodeLabelCards   = "label_cards"   // most
	CodeLabelNumber  = "label_number"  // line

	CodeClaimNotFound = "claim_not_found" // claim
	CodeClaimOver     = "claim_over"      // claim, state
	CodeClaimLife     = "claim_life"      // min, max: seconds
	CodeClaimsClosed  = "claims_closed"   //
	CodeCodesUsedUp   = "codes_used_up"   // live, digits

	CodeScheduleNotFound = "schedule_not_found" // schedule
	CodeScheduleName     = "schedule_name"      // most
	CodeScheduleTaken    = "schedule_taken"     // schedule
	CodeScheduleWindow   = "schedule_window"    // window
	CodeScheduleUsed     = "schedule_in_use"    // schedule, grant
	CodeHolidayNotFound  = "holiday_not_found"  // day
	CodeHolidayName      = "holiday_name"       // most

	CodePINOwner    = "pin_account"   // account, state
	CodePINNotFound = "pin_not_found" // account
	CodePINsUsedUp  = "pins_used_up"  // digits
)

// The codes of warnings: what was asked for is done, but does not help yet.
const (
	WarnNotActive = "claim_not_active"     // account, state
	WarnNoRight   = "claim_no_right"       // doors
	WarnAway      = "claim_terminals_away" // doors
	WarnReplaced  = "claim_replaces"       // former code of the account
	WarnOneCard   = "claim_replaces_card"  // cards that the new one ends for good
)

func refuse(kind refusal.Kind, code string, fields refusal.Fields) error {
	return &refusal.Error{Kind: kind, Code: code, Fields: fields}
}

// orMissing turns the error of a look-up without a result into a refusal.
func orMissing(err error, code, field, ref string) error {
	if !errors.Is(err, people.ErrNotFound) {
		return err
	}
	return refuse(refusal.Missing, code, refusal.Fields{field: clip(ref)})
}

// clip keeps a refusal about a hostile text short and clean.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "?") }

// checkLabel refuses what people cannot read as a name, with a code of its own.
func checkLabel(s, code string, most int) error {
	if s == "" || len(s) > most || !profile.IsText(s) {
		return refuse(refusal.Invalid, code, refusal.Fields{"most": most})
	}
	return nil
}

// largestPage bounds the page of a list.
const largestPage = 1000

// pageOf gives a list's limit its bounds; none is 100.
func pageOf(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, largestPage)
}

// orCursor turns the error of a cursor that no page gave into a refusal.
func orCursor(err error) error {
	if errors.Is(err, ErrCursor) || errors.Is(err, people.ErrCursor) {
		return refuse(refusal.Invalid, CodeCursor, nil)
	}
	return err
}
