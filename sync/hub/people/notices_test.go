package people_test

import (
	"strings"
	"testing"
	"time"

	"badged/sync/hub/people"
)

func notice(text string) people.Notice {
	return people.Notice{
		Text:  people.Words{French: text + "\r\n\r\nVos données.\t", English: text + "\n\nYour data."},
		Short: people.Words{French: "Court.", English: "Short."},
	}
}

func (s site) publish(text string) (n people.Notice) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		n, err = people.PublishNotice(tx, notice(text))
		return err
	})
	return n
}

func (s site) answer(k people.Acknowledgement) {
	s.t.Helper()
	s.do(func(tx people.Tx) error { return people.Acknowledge(tx, k) })
}

// due is the version that an account has to agree to; 0: none.
func (s site) due(id people.ID) (version uint64) {
	s.t.Helper()
	s.do(func(tx people.Tx) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		n, due, err := people.DueNotice(tx, a)
		if due {
			version = n.Version
		}
		return err
	})
	return version
}

func (s site) answers(id people.ID) (all []people.Acknowledgement) {
	s.t.Helper()
	s.do(func(tx people.Tx) (err error) {
		all, err = tx.AnswersOf(id)
		return err
	})
	return all
}

// S5.08: version, time and channel of an agreement are kept, the first of them; a new
// version asks again.
func TestANewVersionOfTheNoticeAsksAgain(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", ""))
	if v := s.due(ada.ID); v != 0 {
		t.Fatalf("version %d is due, and there is none", v)
	}
	first := s.publish("Politique de confidentialité")
	if first.Version != 1 || s.due(ada.ID) != 1 || first.Text.French != "Politique de confidentialité\n\nVos données." {
		t.Fatalf("the first version: %+v, due %d", first, s.due(ada.ID))
	}
	at := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	k := people.Acknowledgement{Account: ada.ID, Version: 1, Answer: people.Accepted, At: at, Channel: people.OnPanel, Terminal: "hall"}
	s.answer(k)
	again := k
	again.At, again.Channel, again.Terminal = at.Add(time.Hour), people.OnWeb, ""
	s.answer(again)
	if got := s.answers(ada.ID); len(got) != 1 || got[0] != k || s.due(ada.ID) != 0 {
		t.Errorf("agreed: %+v, due %d", got, s.due(ada.ID))
	}
	if n := strings.Count(strings.Join(s.lines(), " "), "notice.accepted"); n != 1 {
		t.Errorf("%d lines of one agreement", n)
	}
	s.publish("Nouvelle politique")
	if v := s.due(ada.ID); v != 2 {
		t.Errorf("after a new version %d is due", v)
	}
	k.Version = 2
	s.answer(k)
	if v := s.due(ada.ID); v != 0 {
		t.Errorf("after the second agreement %d is due", v)
	}
}

// S5.08: a refusal writes nothing but the refusal: the account stays as it is, and is asked
// again.
func TestARefusedNoticeWritesOnlyTheRefusal(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", ""))
	s.publish("Politique")
	before := s.account(ada.ID)
	k := people.Acknowledgement{Account: ada.ID, Version: 1, Answer: people.Declined, At: time.UnixMilli(1e12).UTC(), Channel: people.OnPanel, Terminal: "hall"}
	s.answer(k)
	late := k
	late.At = k.At.Add(time.Minute)
	s.answer(late)
	if got := s.answers(ada.ID); len(got) != 1 || got[0] != late {
		t.Errorf("refusals kept: %+v, want the last", got)
	}
	if after := s.account(ada.ID); after.State != before.State || s.due(ada.ID) != 1 {
		t.Errorf("after the refusal: %+v, due %d", after, s.due(ada.ID))
	}
}

// Answers are the person's: a merge takes them along, an erasure forgets them.
func TestAnswersGoWithThePerson(t *testing.T) {
	s := newSite(t)
	anon, ada := s.anonymous(1), s.add(person("Ada", "Byron", ""))
	s.publish("Politique")
	s.answer(people.Acknowledgement{Account: anon.ID, Version: 1, Answer: people.Accepted, At: time.UnixMilli(5), Channel: people.OnPanel})
	s.merge(anon, ada)
	if s.due(ada.ID) != 0 || len(s.answers(anon.ID)) > 0 {
		t.Errorf("after the merge: %d is due, %v is left", s.due(ada.ID), s.answers(anon.ID))
	}
	var record people.Record
	s.do(func(tx people.Tx) (err error) { record, err = people.Export(tx, ada.ID); return err })
	if len(record.Notices) != 1 || record.Notices[0].Version != 1 {
		t.Errorf("exported: %+v", record.Notices)
	}
	s.do(func(tx people.Tx) error { return people.Erase(tx, ada.ID) })
	if left := s.answers(ada.ID); len(left) > 0 {
		t.Errorf("after the erasure: %v", left)
	}
}

// What cannot be shown on a panel is refused, and so is an answer that nobody can have given.
func TestNoticesAndAnswersThatAreRefused(t *testing.T) {
	s := newSite(t)
	ada := s.add(person("Ada", "Byron", ""))
	for code, change := range map[string]func(*people.Notice){
		people.CodeNoticeLink: func(n *people.Notice) { n.Link = "ftp://example.com" },
	} {
		n := notice("x")
		change(&n)
		s.refused(code, func(tx people.Tx) error { _, err := people.PublishNotice(tx, n); return err })
	}
	for what, change := range map[string]func(*people.Notice){
		"no English":     func(n *people.Notice) { n.Text.English = " \n " },
		"a bell":         func(n *people.Notice) { n.Short.French = "a\ab" },
		"bidi":           func(n *people.Notice) { n.Text.French = "a\u202eb" },
		"a long text":    func(n *people.Notice) { n.Text.French = strings.Repeat("x", 12<<10+1) },
		"a long summary": func(n *people.Notice) { n.Short.English = strings.Repeat("x", 601) },
	} {
		n := notice("x")
		change(&n)
		if err := s.try(func(tx people.Tx) error { _, err := people.PublishNotice(tx, n); return err }); err == nil {
			t.Errorf("%s was published", what)
		}
	}
	s.refused(people.CodeNoticeNotFound, func(tx people.Tx) error {
		return people.Acknowledge(tx, people.Acknowledgement{Account: ada.ID, Version: 7, Answer: people.Accepted, Channel: people.OnWeb})
	})
	s.publish("Politique")
	s.refused(people.CodeNoticeNotFound, func(tx people.Tx) error {
		return people.Acknowledge(tx, people.Acknowledgement{Account: ada.ID, Answer: people.Accepted, Channel: people.OnWeb})
	})
	s.refused(people.CodeNoticeAnswer, func(tx people.Tx) error {
		return people.Acknowledge(tx, people.Acknowledgement{Account: ada.ID, Version: 1, Answer: "perhaps", Channel: people.OnWeb})
	})
	s.refused(people.CodeNotFound, func(tx people.Tx) error {
		return people.Acknowledge(tx, people.Acknowledgement{Account: people.ID{9}, Version: 1, Answer: people.Accepted, Channel: people.OnWeb})
	})
}
