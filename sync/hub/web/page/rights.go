package page

import (
	"slices"

	"badged/sync/hub/people"
)

// Verdict is what a person gets of a route.
type Verdict string

// The verdicts.
const (
	Allowed Verdict = "allowed"
	LogIn   Verdict = "log in" // whoever it is may have to log in first
	Hidden  Verdict = "hidden" // to a person who manages nothing, the page is not there
	Denied  Verdict = "denied"
)

// Decide tells what a person gets of a route that needs a right; nil: nobody is logged in.
// It is the one place where rights of pages are decided.
func Decide(need Right, p *Person) Verdict {
	switch {
	case need == Anyone:
		return Allowed
	case p == nil:
		return LogIn
	case need == SignedIn, p.Account.Role == people.Admin:
		return Allowed
	case need == Manager && len(p.Areas) > 0, slices.Contains(Areas, need) && slices.Contains(p.Areas, need):
		return Allowed
	case len(p.Areas) > 0:
		return Denied
	default:
		return Hidden
	}
}
