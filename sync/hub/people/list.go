package people

import (
	"cmp"
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
		"search": !isSearch(q.Search),
		"kind":   !slices.Contains([]Kind{"", Person, Anonymous, Service}, q.Kind),
		"state":  !slices.Contains([]State{"", Created, Invited, Active, Suspended, Merged, Erased}, q.State),
		"order":  !slices.Contains([]Order{"", ByName, ByCreated, ByNumber}, q.Order),
	} {
		if unknown {
			return nil, "", refuse(refusal.Invalid, CodeListFilter, refusal.Fields{"field": field})
		}
	}
	page, next, err = tx.ListAccounts(q)
	return page, next, orCursor(err)
}

func isSearch(s string) bool { return len(s) <= maxSearch && profile.IsText(s) }

// ListBy gives a page of a list that has these orders, and the cursor of the next one, empty
// after the last. A page may be short, even empty, while more follow.
func ListBy[T any](q Listing, list func(Listing) ([]T, string, error), orders ...Order) (page []T, next string, err error) {
	q.Order = cmp.Or(q.Order, orders[0])
	switch {
	case !isSearch(q.Search):
		return nil, "", refuse(refusal.Invalid, CodeListFilter, refusal.Fields{"field": "search"})
	case !slices.Contains(orders, q.Order):
		return nil, "", refuse(refusal.Invalid, CodeListFilter, refusal.Fields{"field": "order"})
	}
	page, next, err = list(q)
	return page, next, orCursor(err)
}

// orCursor turns the error of a cursor that no page gave into a refusal.
func orCursor(err error) error {
	if errors.Is(err, ErrCursor) {
		return refuse(refusal.Invalid, CodeListCursor, nil)
	}
	return err
}

// ListGroups gives groups with the number of their members, by name or the newest first.
func ListGroups(tx Tx, q Listing) ([]CountedGroup, string, error) {
	return ListBy(q, tx.ListGroups, ByName, ByCreated)
}

// ListImports gives imports, the newest first or by the names of their files.
func ListImports(tx Tx, q Listing) ([]Import, string, error) {
	return ListBy(q, tx.ListImports, ByCreated, ByName)
}
