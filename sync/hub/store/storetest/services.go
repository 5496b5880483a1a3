package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// RunServices checks the part of the contract that is about services, rights and notices.
func RunServices(t *testing.T, open Open) {
	runParts(t, open, []part{
		{"services come back with whom they are assigned to", testOffers},
		{"rights are found", testManagers},
		{"notices and answers come back", testNotices},
	})
}

func testOffers(t *testing.T, open Open) {
	s := open(t)
	link := people.Offer{Kind: people.LinkService, French: "Aide", English: "Help", Link: "https://example.com/é", Everyone: true}
	copies := people.Offer{Kind: people.CopyService, French: "Copie", English: "Copies"}
	var staff people.Group
	write(t, s, func(tx fleet.Tx) (err error) {
		var err1, err2, err3 error
		link, err1 = tx.AddOffer(link)
		copies, err2 = tx.AddOffer(copies)
		staff, err3 = tx.AddGroup("Staff")
		return errors.Join(err1, err2, err3)
	})
	to := []people.Assignee{{Group: staff.ID}, {Account: people.ID{1}}, {Account: people.ID{2}}, {Account: people.ID{3}}}
	copies.French = "Photocopie"
	write(t, s, func(tx fleet.Tx) error {
		errs := []error{tx.PutOffer(copies)}
		for _, a := range to {
			changed, err := tx.Assign(copies.ID, a, true)
			again, err2 := tx.Assign(copies.ID, a, true)
			if !changed || again {
				t.Errorf("assigned to %v: %v, then %v", a, changed, again)
			}
			errs = append(errs, err, err2)
		}
		_, err := tx.Assign(link.ID, to[1], true)
		return errors.Join(append(errs, err)...)
	})
	read(t, s, func(tx fleet.Tx) error {
		all, err1 := tx.Offers()
		page, err2 := tx.Assignees(copies.ID, people.Assignee{}, 2)
		rest, err3 := tx.Assignees(copies.ID, page[1], 9)
		ofOne, err4 := tx.OffersOf(to[1])
		ofGroup, err5 := tx.OffersOf(to[0])
		if !reflect.DeepEqual(all, []people.Offer{link, copies}) || !slices.Equal(append(page, rest...), to) || len(page) != 2 ||
			!slices.Equal(ofOne, []uint64{link.ID, copies.ID}) || !slices.Equal(ofGroup, []uint64{copies.ID}) {
			t.Errorf("%+v\nassigned to %v and %v\nof one %v, of a group %v", all, page, rest, ofOne, ofGroup)
		}
		return errors.Join(err1, err2, err3, err4, err5)
	})
	write(t, s, func(tx fleet.Tx) error {
		changed, err := tx.Assign(copies.ID, to[1], false)
		again, err2 := tx.Assign(copies.ID, to[1], false)
		if !changed || again {
			t.Errorf("taken back: %v, then %v", changed, again)
		}
		return errors.Join(err, err2, tx.DropGroup(staff.ID))
	})
	read(t, s, func(tx fleet.Tx) error {
		left, err := tx.Assignees(copies.ID, people.Assignee{}, 9)
		if !slices.Equal(left, to[2:]) {
			t.Errorf("without the group and one account: %v", left)
		}
		return err
	})
	write(t, s, func(tx fleet.Tx) error {
		err := tx.DropOffer(copies.ID)
		left, err2 := tx.OffersOf(to[2])
		next, err3 := tx.AddOffer(people.Offer{Kind: people.FaxService, French: "Fax", English: "Fax"})
		if len(left) > 0 || next.ID <= copies.ID {
			t.Errorf("left: %v; the next number is %d after %d", left, next.ID, copies.ID)
		}
		return errors.Join(err, err2, err3)
	})
}

func testManagers(t *testing.T, open Open) {
	s := open(t)
	boss, desk, user := account(1, "Ada Byron"), account(2, "Eve Roy"), account(3, "Zoe Last")
	desk.Role, desk.Rights = people.User, []people.Right{people.ManageMembers, people.ManageAudit}
	user.Role = people.User
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.PutAccount(boss), tx.PutAccount(desk), tx.PutAccount(user))
	})
	read(t, s, func(tx fleet.Tx) error {
		all, err := tx.Managers(5)
		one, err2 := tx.Managers(1)
		if !reflect.DeepEqual(all, []people.Account{boss, desk}) || len(one) != 1 {
			t.Errorf("%+v", all)
		}
		return errors.Join(err, err2)
	})
}

func testNotices(t *testing.T, open Open) {
	s := open(t)
	read(t, s, func(tx fleet.Tx) error {
		if _, err := tx.LatestNotice(); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("no notice: %v", err)
		}
		return nil
	})
	first := people.Notice{Version: 1, Since: now, Text: people.Words{French: "é\n\nb", English: "c"}, Short: people.Words{French: "d", English: "e"}}
	second := first
	second.Version, second.Link = 2, "https://example.com"
	agreed := people.Acknowledgement{Account: people.ID{1}, Version: 1, Answer: people.Accepted, At: now, Channel: people.OnPanel, Terminal: "hall"}
	refused := people.Acknowledgement{Account: people.ID{1}, Version: 2, Answer: people.Declined, At: now, Channel: people.OnWeb}
	later := refused
	later.At = now.Add(time.Second)
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.AddNotice(first), tx.AddNotice(second), tx.PutAnswer(agreed), tx.PutAnswer(refused), tx.PutAnswer(later))
	})
	read(t, s, func(tx fleet.Tx) error {
		latest, err1 := tx.LatestNotice()
		old, err2 := tx.Notice(1)
		_, missing := tx.Notice(3)
		var all []people.Notice
		err3 := tx.EachNotice(func(n people.Notice) error { all = append(all, n); return nil })
		answers, err4 := tx.AnswersOf(people.ID{1})
		if latest != second || old != first || !errors.Is(missing, people.ErrNotFound) || !slices.Equal(all, []people.Notice{second, first}) ||
			!slices.Equal(answers, []people.Acknowledgement{later, agreed}) {
			t.Errorf("latest %+v, first %+v, all %+v, answers %+v", latest, old, all, answers)
		}
		return errors.Join(err1, err2, err3, err4)
	})
	write(t, s, func(tx fleet.Tx) error {
		err := tx.DropAnswers(people.ID{1})
		left, err2 := tx.AnswersOf(people.ID{1})
		if len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		return errors.Join(err, err2)
	})
}
