package people

import (
	"errors"
	"slices"

	"badged/internal/profile"
	"badged/sync/hub/refusal"
)

// maxSearch bounds what is searched for, in bytes.
const maxSearch = 200

// List gives a page of accounts and the cursor of the next one, empty after the last. A page
// may be short, even empty, while more follow.
func List(tx Tx, q Query) (page []Account, next string, err error) {
	for field, unknown := range map[string]bool{
		"search": len(q.Search) > maxSearch || !profile.IsText(q.Search),
		"kind":   !slices.Contains([]Kind{"", Person, Anonymous, Service}, q.Kind),
		"state":  !slices.Contains([]State{"", Created, Invited, Active, Suspended, Merged, Erased}, q.State),
		"order":  !slices.Contains([]Order{"", ByName, ByCreated, ByNumber}, q.Order),
	} {
		if unknown {
			return nil, "", refuse(refusal.Invalid, CodeListFilter, refusal.Fields{"field": field})
		}
	}
	page, next, err = tx.ListAccounts(q)
	if errors.Is(err, ErrCursor) {
		err = refuse(refusal.Invalid, CodeListCursor, nil)
	}
	return page, next, err
}
