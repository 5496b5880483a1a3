package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// S1.15: an edit keeps both versions and is in force; what was typed is attested by nobody.
func TestAnEditAtAPanelIsKeptAndApplied(t *testing.T) {
	s := newSite(t)
	visitor := s.anonymous(7)
	s.typed(visitor.ID, "Zoe Martin", "")
	out := s.typed(visitor.ID, " Zoé  Martin ", "Zoe@Example.org")
	got := s.account(visitor.ID)
	if got.FullName() != "Zoé Martin" || got.Last != "Martin" || got.NameAttested || got.Lang != "fr" {
		t.Errorf("account %+v", got)
	}
	if got.Email != "" || got.TypedEmail != "zoe@example.org" || out.Refused || out.Waits || out.MergeInto != (people.ID{}) {
		t.Errorf("account %+v, outcome %+v: what was typed must decide nothing", got, out)
	}
	s.do(func(tx people.Tx) error {
		edits, err := tx.Edits(visitor.ID)
		if len(edits) != 2 || edits[1].Before != (people.Profile{Name: "Zoe Martin", Lang: "fr"}) || edits[1].Waits ||
			edits[1].After != (people.Profile{Name: "Zoé Martin", Email: "zoe@example.org", Lang: "fr"}) || edits[1].Terminal != "hall" {
			t.Errorf("edits %+v", edits)
		}
		return err
	})
}

// Issue 8, 3: a terminal can make up what was typed. A name that somebody vouches for, an
// operator or a person with a confirmed address, does not change before a word of the person.
func TestANameThatIsVouchedForWaitsForItsOwner(t *testing.T) {
	for name, verified := range map[string]bool{"by an operator": false, "by a confirmed address": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			ada := s.add(person("Ada", "Byron", "ada@example.com"))
			if verified {
				s.do(func(tx people.Tx) error {
					ada.NameAttested, ada.Verified = false, tx.Now
					return tx.PutAccount(ada)
				})
			}
			for _, typed := range []string{"", "Eve", "Eve Mallory"} {
				if out := s.typed(ada.ID, typed, ""); !out.Waits || out.Unnamed || s.account(ada.ID).FullName() != "Ada Byron" {
					t.Errorf("%q: outcome %+v, she is %q", typed, out, s.account(ada.ID).FullName())
				}
			}
			if got := s.account(ada.ID); got.NameAttested == verified || got.Lang != "fr" {
				t.Errorf("account %+v", got)
			}
			s.settle(ada.ID, true)
			if got := s.account(ada.ID); got.FullName() != "Eve Mallory" || got.NameAttested {
				t.Errorf("after her word: %+v", got)
			}
			s.nothingWaits(ada.ID)
		})
	}
}

// Who says that a name was not theirs keeps the one on file, and what an operator or the
// person themselves writes ends what waits.
func TestWhatEndsANameThatWaits(t *testing.T) {
	for name, end := range map[string]func(s site, id people.ID){
		"refused": func(s site, id people.ID) { s.settle(id, false) },
		"an operator's": func(s site, id people.ID) {
			s.do(func(tx people.Tx) error {
				first := "Ada"
				_, err := people.Change(tx, id, people.Changes{First: &first})
				return err
			})
		},
		"her own": func(s site, id people.ID) {
			s.do(func(tx people.Tx) error {
				_, err := people.PanelEdit(tx, people.Typed{Account: id, Profile: people.Profile{Name: "Ada Byron"}})
				return err
			})
		},
		"typed back": func(s site, id people.ID) { s.typed(id, "Ada Byron", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			ada := s.add(person("Ada", "Byron", "ada@example.com"))
			s.typed(ada.ID, "Eve Mallory", "")
			end(s, ada.ID)
			if got := s.account(ada.ID); got.FullName() != "Ada Byron" || !got.NameAttested {
				t.Errorf("account %+v", got)
			}
			s.nothingWaits(ada.ID)
		})
	}
}

// settle answers for the owner of an account whether a name that waits is theirs.
func (s site) settle(id people.ID, theirs bool) {
	s.t.Helper()
	s.do(func(tx people.Tx) error {
		_, err := people.SettleName(tx, id, theirs)
		return err
	})
}

func (s site) nothingWaits(id people.ID) {
	s.t.Helper()
	s.do(func(tx people.Tx) error {
		e, waits, err := people.WaitingName(tx, id)
		if waits {
			s.t.Errorf("%q waits", e.After.Name)
		}
		return err
	})
	s.refused(people.CodeNothingWaits, func(tx people.Tx) error {
		_, err := people.SettleName(tx, id, true)
		return err
	})
}

// A name that is typed as it stands stays attested.
func TestTypingTheSameNameAttestsNothingAndTakesNothing(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", "ada@example.com"))
	s.typed(ada.ID, "Ada Byron", "ADA@example.com")
	if got := s.account(ada.ID); !got.NameAttested || got.TypedEmail != "" {
		t.Errorf("account %+v", got)
	}
	s.wantFound("Ada Byron", ada)
}

// Issue 8, 3: somebody else's address becomes a merge request, never a second owner.
func TestSomebodyElsesAddressAsksItsOwner(t *testing.T) {
	s := newSite(t)
	ada, visitor := s.add(person("Ada", "Byron", "ada@example.com")), s.anonymous(7)
	if out := s.typed(visitor.ID, "Zoe", "ADA@example.com"); out.MergeInto != ada.ID {
		t.Errorf("outcome %+v, want a request to Ada", out)
	}
	s.wantFound("ada@example.com", ada)
	s.wantFound("anonym1", visitor)
	if got := s.account(visitor.ID); got.Email != "" || got.State != people.Active || got.TypedEmail != "ada@example.com" {
		t.Errorf("the visitor's account %+v", got)
	}
	s.refused(people.CodeMergeNoRequest, func(tx people.Tx) error {
		_, err := people.ConfirmMerge(tx, ada.ID, visitor.ID)
		return err
	})
	s.do(func(tx people.Tx) error {
		_, err := people.ConfirmMerge(tx, visitor.ID, ada.ID)
		return err
	})
	if got := s.account(visitor.ID); got.State != people.Merged || got.MergedTo != ada.ID {
		t.Errorf("after Ada's word: %+v", got)
	}
	s.wantFound("anonym1", ada)
}

// A request ends when its owner refuses, or when another address is typed.
func TestAMergeRequestEnds(t *testing.T) {
	s := newSite(t)
	ada, visitor := s.add(person("Ada", "Byron", "ada@example.com")), s.anonymous(7)
	s.typed(visitor.ID, "Zoe", "ada@example.com")
	s.do(func(tx people.Tx) error { return people.RefuseMerge(tx, visitor.ID, ada.ID) })
	if got := s.account(visitor.ID); got.TypedEmail != "" || got.State != people.Active {
		t.Errorf("after a refusal: %+v", got)
	}
	s.typed(visitor.ID, "Zoe", "ada@example.com")
	s.typed(visitor.ID, "Zoe", "zoe@example.com")
	s.do(func(tx people.Tx) error {
		left, err := tx.MergeRequests(people.ID{})
		if len(left) > 0 {
			t.Errorf("%d requests are left", len(left))
		}
		return err
	})
}

// S2.19, S3.10, S4.06; issue 8, 3: hostile profiles and accounts that may own nothing.
func TestWhatAPanelCannotEdit(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", "ada@example.com"))
	for _, p := range []people.Profile{
		{Name: "anonym7", Lang: "fr"}, {Name: "Ada\x00", Lang: "fr"}, {Name: "Ada\u202e", Lang: "fr"}, {Name: "..", Lang: "fr"},
		{Name: strings.Repeat("a", 201), Lang: "fr"}, {Name: "Ada", Lang: "de"}, {Name: "Ada", Email: "x", Lang: "fr"},
		{Name: "Ada", Email: "ada\u200b@example.com", Lang: "fr"}, {Name: "\xff", Lang: "fr"},
	} {
		s.do(func(tx people.Tx) error {
			out, err := people.PanelEdit(tx, people.Typed{Account: ada.ID, Profile: p})
			if !out.Refused {
				t.Errorf("%+q is accepted", p)
			}
			return err
		})
	}
	if err := s.setState(ada.ID, people.Suspended, people.ByAdministrator); err != nil {
		t.Fatal(err)
	}
	if out := s.typed(ada.ID, "Eve", ""); !out.Refused || s.account(ada.ID).First != "Ada" {
		t.Error("a suspended account is edited")
	}
	service := ada
	service.Kind, service.State = people.Service, people.Active
	s.do(func(tx people.Tx) error { return tx.PutAccount(service) })
	if out := s.typed(ada.ID, "Eve", ""); !out.Refused || s.account(ada.ID).First != "Ada" {
		t.Error("a service account is edited")
	}
	err := s.try(func(tx people.Tx) error {
		_, err := people.PanelEdit(tx, people.Typed{Account: people.ID{9}})
		return err
	})
	if !refusal.IsKind(err, refusal.Missing) {
		t.Errorf("an edit of nobody: %v", err)
	}
}

// The panel does not know the e-mail on file: an edit that leaves it empty keeps it, whether
// it is for log-in or waits to be confirmed, and keeps whom it asked.
func TestAnEditWithoutAnEmailKeepsTheOneOnFile(t *testing.T) {
	s := newSite(t)
	ada, visitor := s.add(person("Ada", "Byron", "ada@example.com")), s.anonymous(7)
	s.typed(ada.ID, "Ada Byron", "")
	if got := s.account(ada.ID); got.Email != "ada@example.com" || got.TypedEmail != "" || got.Lang != "fr" {
		t.Errorf("account %+v", got)
	}
	s.typed(visitor.ID, "Zoe", "ada@example.com")
	s.typed(visitor.ID, "Zoe Martin", "")
	if got := s.account(visitor.ID); got.TypedEmail != "ada@example.com" || got.Last != "Martin" {
		t.Errorf("account %+v", got)
	}
	s.do(func(tx people.Tx) error {
		left, err := tx.MergeRequests(ada.ID)
		if len(left) != 1 {
			t.Errorf("%d requests wait for Ada", len(left))
		}
		edits, err2 := tx.Edits(visitor.ID)
		if len(edits) != 2 || edits[1].After.Email != "ada@example.com" {
			t.Errorf("edits %+v", edits)
		}
		return errors.Join(err, err2)
	})
}

// S2.21: an edit that empties first or last name says so.
func TestAnEditThatEmptiesANameSaysSo(t *testing.T) {
	s := newSite(t)
	zoe := s.anonymous(7)
	s.typed(zoe.ID, "Zoe Martin", "")
	if out := s.typed(zoe.ID, "Zoe", ""); !out.Unnamed {
		t.Errorf("outcome %+v", out)
	}
	if out := s.typed(zoe.ID, "", ""); out.Unnamed || s.account(zoe.ID).First != "" {
		t.Errorf("outcome %+v", out)
	}
}

// What is kept of one account has a bound.
func TestTheVersionsOfAProfileHaveABound(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", ""))
	s.do(func(tx people.Tx) error {
		for i := range uint64(105) {
			if err := tx.AddEdit(people.Edit{Account: ada.ID, Order: i}); err != nil {
				return err
			}
		}
		edits, err := tx.Edits(ada.ID)
		if len(edits) != 100 || edits[0].Order != 5 || edits[99].Order != 104 {
			t.Errorf("%d edits, from %d", len(edits), edits[0].Order)
		}
		return err
	})
}

// S1.27: contact data makes an anonymous account somebody's own. What a person types does
// not undo the end that an operator gave their account.
func TestWhoseEndAnEmailUndoes(t *testing.T) {
	s := newSite(t)
	visitor := s.anonymous(7)
	s.typed(visitor.ID, "Zoe", "zoe@example.com")
	if got := s.account(visitor.ID); !got.Expires.IsZero() {
		t.Errorf("an anonymous account with an address ends: %+v", got)
	}
	n := person("Ada", "Byron", "")
	n.Expires = visitor.Expires
	ada := s.add(n)
	s.typed(ada.ID, "Ada Byron", "ada@example.com")
	if got := s.account(ada.ID); got.Expires.IsZero() {
		t.Errorf("a person's end is undone: %+v", got)
	}
}

func TestEditsAreOnTheRecord(t *testing.T) {
	s := newSite(t)
	ada, zoe := s.add(person("Ada", "Byron", "")), s.anonymous(7)
	s.typed(zoe.ID, "Zoe Martin", "")
	s.typed(zoe.ID, "Zoe Martin", "")
	s.typed(ada.ID, "Ada Lovelace", "")
	s.settle(ada.ID, false)
	s.typed(ada.ID, "Ada Lovelace", "")
	s.settle(ada.ID, true)
	want := []string{"account.add", "account.add", "account.edit", "account.edit", "account.edit_refused", "account.edit_confirmed"}
	if got := s.lines(); !slices.Equal(got, want) {
		t.Errorf("the log has %q", got)
	}
}
