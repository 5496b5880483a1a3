package people

import (
	"errors"

	"badged/internal/profile"
	"badged/sync/hub/refusal"
)

// The codes of refusals, with their fields.
const (
	CodeRefEmpty       = "account_ref_empty"
	CodeNotFound       = "account_not_found" // ref
	CodeAmbiguous      = "account_ambiguous" // ref, candidates, more
	CodeFinal          = "account_final"     // account, state
	CodeStateUnknown   = "state_unknown"     // state
	CodeStateArrow     = "state_arrow"       // account, from, to
	CodeLastAdmin      = "last_admin"        // account
	CodeAdminEmail     = "admin_needs_email" // account
	CodeAdminKind      = "admin_is_person"   // account, kind
	CodeRoleUnknown    = "role_unknown"      // role
	CodeNameMissing    = "name_missing"
	CodeNameReserved   = "name_reserved" // name
	CodeNameEmpty      = "name_empty"
	CodeNameText       = "name_text"
	CodeNameLong       = "name_long" // most
	CodeEmailBad       = "email_bad"
	CodeEmailLong      = "email_long"  // most
	CodeEmailTaken     = "email_taken" // account
	CodeLangUnknown    = "lang_unknown"
	CodeExternalBad    = "external_bad"     // most
	CodeKind           = "account_kind"     // account, kind
	CodeMergeSame      = "merge_same"       // account
	CodeMergeRank      = "merge_rank"       // account, into
	CodeMergeNoRequest = "merge_no_request" // account, into
	CodeNothingWaits   = "nothing_waits"    // account
	CodeGroupNotFound  = "group_not_found"  // group
	CodeGroupTaken     = "group_taken"      // group
	CodeGroupName      = "group_name"       // most
	CodeGroupRefEmpty  = "group_ref_empty"
	CodeLinkUsed       = "link_used"
	CodeLinkReplaced   = "link_replaced" // at
	CodeLinkEnded      = "link_ended"
	CodeLinkActive     = "link_active"
	CodeLinkUnknown    = "link_unknown"
	CodeSessionOver    = "session_over"
	CodeLoginNotActive = "login_not_active"
	CodeLoginSuspended = "login_suspended"
	CodeActivated      = "account_activated"     // account
	CodeNotActivated   = "account_not_activated" // account, state
	CodeNoAddress      = "account_no_address"    // account
	CodeReasonMissing  = "reason_missing"        // most
	CodeAdminLinkRole  = "admin_link_role"       // account
	CodeSetUpDone      = "setup_done"
	CodeListFilter     = "list_filter" // field
	CodeListCursor     = "cursor_invalid"

	CodeRightUnknown    = "right_unknown"     // right, choices
	CodeRightKind       = "right_is_person"   // account, kind
	CodeRightEmail      = "right_needs_email" // account
	CodeAdminOnly       = "admin_only"
	CodeRightNeeded     = "right_needed"
	CodeServiceNotFound = "service_not_found"    // service, services
	CodeServiceTaken    = "service_taken"        // service
	CodeServiceName     = "service_name"         // most
	CodeServiceKind     = "service_kind_unknown" // kind, choices
	CodeServiceLink     = "service_link"         // most
	CodeServicesMany    = "services_too_many"    // most
	CodeNoticeNotFound  = "notice_not_found"     // version
	CodeNoticeText      = "notice_text"          // most
	CodeNoticeLink      = "notice_link"          // most
	CodeNoticeAnswer    = "notice_answer_unknown"
)

func refuse(kind refusal.Kind, code string, fields refusal.Fields) error {
	return &refusal.Error{Kind: kind, Code: code, Fields: fields}
}

// refuseName is the refusal for what is wrong with a name; nil if nothing is.
func refuseName(name string) error {
	switch profile.CheckName(name) {
	case "":
		return nil
	case profile.TooLong:
		return refuse(refusal.Invalid, CodeNameLong, refusal.Fields{"most": profile.MaxName})
	case profile.Reserved:
		return refuse(refusal.Invalid, CodeNameReserved, refusal.Fields{"name": name})
	case profile.Empty:
		return refuse(refusal.Invalid, CodeNameEmpty, nil)
	default:
		return refuse(refusal.Invalid, CodeNameText, nil)
	}
}

// canonicalEmail gives a cleaned address and its key, both empty for an empty one.
func canonicalEmail(email string) (cleaned, key string, err error) {
	cleaned = profile.CleanEmail(email)
	if cleaned == "" {
		return "", "", nil
	}
	if len(cleaned) > profile.MaxEmail {
		return "", "", refuse(refusal.Invalid, CodeEmailLong, refusal.Fields{"most": profile.MaxEmail})
	}
	key, ok := EmailKey(cleaned)
	if !ok || profile.CheckEmail(cleaned) != "" {
		return "", "", refuse(refusal.Invalid, CodeEmailBad, nil)
	}
	return cleaned, key, nil
}

// get reads an account; one that is missing is a refusal.
func get(tx Tx, id ID) (Account, error) {
	a, err := tx.Account(id)
	if errors.Is(err, ErrNotFound) {
		err = refuse(refusal.Missing, CodeNotFound, refusal.Fields{"ref": HexID(id)})
	}
	return a, err
}

// getLive reads an account that is not merged or erased.
func getLive(tx Tx, id ID) (Account, error) {
	a, err := get(tx, id)
	if err == nil && a.State.Final() {
		err = refuse(refusal.Conflict, CodeFinal, refusal.Fields{"account": HexID(id), "state": a.State})
	}
	return a, err
}

// put writes an account. An e-mail that is another's is a refusal that names the other.
func put(tx Tx, a Account) error {
	err := tx.PutAccount(a)
	if !errors.Is(err, ErrTaken) {
		return err
	}
	other, err := tx.AccountByEmail(a.EmailKey)
	if err != nil {
		return err
	}
	return refuse(refusal.Conflict, CodeEmailTaken, refusal.Fields{"account": HexID(other.ID)})
}
