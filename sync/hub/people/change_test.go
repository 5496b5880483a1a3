package people_test

import (
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

func ptr[T any](v T) *T { return &v }

func (s site) change(id people.ID, c people.Changes) (a people.Account) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		a, err = people.Change(tx, id, c)
		return err
	})
	return a
}

// What an operator gives is attested, and what they leave stays.
func TestAnOperatorChangesAnAccount(t *testing.T) {
	s := newSite(t)
	visitor := s.anonymous(7)
	s.typed(visitor.ID, "Ada Byron", "ada@example.com")
	end := time.UnixMilli(4e12).UTC()
	s.change(visitor.ID, people.Changes{Last: ptr("Lovelace"), Expires: &end})
	got := s.account(visitor.ID)
	if got.FullName() != "Ada Lovelace" || !got.NameAttested || got.Expires != end || got.Email != "" || got.TypedEmail != "ada@example.com" {
		t.Errorf("account %+v", got)
	}
	s.wantFound("Ada Lovelace", visitor)
	s.change(visitor.ID, people.Changes{Email: ptr("Ada@Example.com"), Lang: ptr("en")})
	s.wantFound("ada@example.com", visitor)
	s.change(visitor.ID, people.Changes{Email: ptr("")})
	if _, err := s.find("ada@example.com"); err == nil {
		t.Error("an address that was taken away is still somebody's")
	}
}

func TestWhatChangeRefuses(t *testing.T) {
	s := newSite(t)
	ada, eve := s.add(person("Ada", "Byron", "ada@example.com")), s.add(person("Eve", "", ""))
	visitor := s.anonymous(7)
	for code, c := range map[string]people.Changes{
		people.CodeEmailTaken:   {Email: ptr("ADA@example.com")},
		people.CodeNameMissing:  {First: ptr(" ")},
		people.CodeNameReserved: {First: ptr("anonym8")},
		people.CodeAdminEmail:   {Role: ptr(people.Admin)},
		people.CodeLangUnknown:  {Lang: ptr("xx")},
	} {
		s.refused(code, func(tx people.Tx) error {
			_, err := people.Change(tx, eve.ID, c)
			return err
		})
	}
	s.refused(people.CodeAdminKind, func(tx people.Tx) error {
		_, err := people.Change(tx, visitor.ID, people.Changes{Role: ptr(people.Admin), Email: ptr("x@example.com")})
		return err
	})
	s.change(ada.ID, people.Changes{Role: ptr(people.Admin)})
	s.refused(people.CodeAdminEmail, func(tx people.Tx) error {
		_, err := people.Change(tx, ada.ID, people.Changes{Email: ptr("")})
		return err
	})
}

// O4: PEOPLE §2: an erased account is never revived: the same address starts from nothing.
func TestAnErasedAccountIsNobodyForGood(t *testing.T) {
	s := newSite(t)
	ada, visitor := s.add(person("Ada", "Byron", "ada@example.com")), s.anonymous(7)
	s.typed(visitor.ID, "Zoe", "ada@example.com")
	s.typed(ada.ID, "Ada King", "")
	s.do(func(tx people.Tx) error {
		return mail.Queue(tx.Tx, mail.New{Purpose: mail.Test, To: "ada@example.com", Account: ada.ID})
	})
	s.do(func(tx people.Tx) error { return people.Erase(tx, ada.ID) })
	got := s.account(ada.ID)
	if want := (people.Account{
		ID: ada.ID, Kind: people.Person, State: people.Erased, Role: people.User, Source: people.ByOperator,
		Created: ada.Created,
	}); got.DisplayName() != people.ShortID(ada.ID) || got.State != want.State || got.Email+got.EmailKey+got.TypedEmail+got.First+got.Last != "" {
		t.Errorf("what is left: %+v", got)
	}
	s.do(func(tx people.Tx) error {
		edits, err1 := tx.Edits(ada.ID)
		requests, err2 := tx.MergeRequests(people.ID{})
		mails, _, err3 := tx.ListMails(mail.Query{Limit: 9})
		if len(edits) > 0 || len(requests) > 0 || len(mails) > 0 || err1 != nil || err2 != nil || err3 != nil {
			t.Errorf("left: %v %v %v (%v %v %v)", edits, requests, mails, err1, err2, err3)
		}
		return tx.ListAudit(audit.Query{Subject: ada.ID, Limit: 100}, func(e audit.Entry) error {
			if e.Before != nil || e.After != nil || e.Salt != nil {
				t.Errorf("line %d still says %s %s", e.Seq, e.Before, e.After)
			}
			return nil
		})
	})
	if err := s.setState(ada.ID, people.Active, people.ByAdministrator); err == nil {
		t.Error("an erased account is active again")
	}
	again := s.add(person("Ada", "Byron", "ada@example.com"))
	if again.ID == ada.ID {
		t.Error("the same address revived the account")
	}
	s.wantFound("ada@example.com", again)
	s.wantNames(people.Query{Search: "ada"}, "Ada Byron")
	s.refused(people.CodeFinal, func(tx people.Tx) error { return people.Erase(tx, ada.ID) })
}

// PEOPLE §3: my data: what the hub keeps of one person, and that somebody asked.
func TestAPersonsDataCanBeRead(t *testing.T) {
	s := newSite(t)
	ada, visitor, club := s.add(person("Ada", "Byron", "ada@example.com")), s.anonymous(7), s.addGroup("Club")
	s.setMember(club, ada.ID, true)
	s.typed(ada.ID, "Ada King", "")
	s.typed(visitor.ID, "Zoe", "ada@example.com")
	var r people.Record
	s.do(func(tx people.Tx) (err error) {
		r, err = people.Export(tx, ada.ID)
		return err
	})
	if r.Account["last"] != "Byron" || r.Account["email"] != "ada@example.com" || len(r.Groups) != 1 || r.Groups[0] != "Club" ||
		len(r.Edits) != 1 || r.Edits[0].After.Name != "Ada King" || len(r.Requests) != 1 || len(r.Audit) != 3 {
		t.Errorf("record %+v", r)
	}
	if lines := s.lines(); lines[len(lines)-1] != "account.export" {
		t.Errorf("the log has %q", lines)
	}
}
