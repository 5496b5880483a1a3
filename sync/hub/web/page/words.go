package page

import (
	"errors"
	"maps"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/words"
)

// accountFields are the fields of refusals that name accounts by their ids.
var accountFields = []string{"account", "into", "owner"}

// Words are a refusal or a warning as people read it, with names in place of the ids of
// accounts.
func (r *Request) Words(err error) string {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return words.Text(r.Lang, err)
	}
	named := *e
	named.Fields = maps.Clone(e.Fields)
	for _, field := range accountFields {
		if id, ok := named.Fields[field].(string); ok {
			named.Fields[field] = r.nameOf(id)
		}
	}
	return words.Text(r.Lang, &named)
}

// WordsAbout is Words for what is about an account that is being made.
func (r *Request) WordsAbout(a people.Account, e *refusal.Error) string {
	named := *e
	named.Fields = maps.Clone(e.Fields)
	if named.Fields["account"] == people.HexID(a.ID) {
		named.Fields["account"] = a.DisplayName()
	}
	return r.Words(&named)
}

// nameOf is the name of the account with an id in hex; the text itself for none.
func (r *Request) nameOf(text string) string {
	id, ok := people.ParseID(text)
	if !ok {
		return text
	}
	name := text
	_ = r.Read(func(tx fleet.Tx) error { // without the name the id says it
		a, err := tx.Account(id)
		if err == nil {
			name = a.DisplayName()
		}
		return err
	})
	return name
}
