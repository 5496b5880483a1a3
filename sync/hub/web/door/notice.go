package door

import (
	"strconv"
	"strings"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// notice is the privacy notice, with the question to somebody who has to agree to it.
type notice struct {
	people.Notice
	Form *page.Form
	To   string // where they wanted to go
	Ask  bool
}

// Paragraphs are those of the text in a language.
func (n notice) Paragraphs(lang string) []string {
	return strings.FieldsFunc(n.Text.In(lang), func(r rune) bool { return r == '\n' })
}

// Number is the version as a text.
func (n notice) Number() string { return strconv.FormatUint(n.Version, 10) }

// readNotice reads the notice in force.
func readNotice(r *page.Request, f *page.Form) (n notice, err error) {
	n.Form, n.To, n.Ask = f, f.Value("to"), r.Person != nil && r.Person.Unread
	err = r.Read(func(tx fleet.Tx) (err error) {
		n.Notice, err = people.FindNotice(tx.Tx.Tx.Tx, 0)
		return err
	})
	return n, err
}

// showNotice shows everybody the notice in force, and asks whoever has not agreed to it.
func showNotice(r *page.Request) (page.Reply, error) {
	n, err := readNotice(r, r.Fill(map[string]string{"to": r.Query("to")}))
	return page.Show("door/notice", r.T("door.notice.title"), n), err
}

// answerNotice keeps what somebody answers to the version that was shown. Who refuses is
// signed out, and nothing else is kept.
func answerNotice(r *page.Request) (page.Reply, error) {
	f := r.Form()
	n, err := readNotice(r, f)
	if err != nil {
		return page.Reply{}, err
	}
	refused := f.Value("answer") == "no"
	if f.Value("version") != n.Number() { // another one came into force while this one was read
		return page.Go("/confidentialite"), nil
	}
	if !refused && !f.Ticked("agree") {
		f.Refuse("agree", r.T("door.notice.tick"))
		return page.Show("door/notice", r.T("door.notice.title"), n).Refused(), nil
	}
	err = r.Write(func(tx fleet.Tx) error { return keepAnswer(tx, r.Person, n.Version, refused) })
	switch {
	case err != nil:
		return page.Reply{}, err
	case refused:
		return page.Go("/").SignOut().Flash("door.notice.refused"), nil
	case page.Local(n.To) == "/":
		return page.Go(home(r.Account())), nil
	}
	return page.Go(n.To), nil
}

func keepAnswer(tx fleet.Tx, p *page.Person, version uint64, refused bool) error {
	k := people.Acknowledgement{Account: p.Account.ID, Version: version, Answer: people.Accepted, At: tx.Now, Channel: people.OnWeb}
	if refused {
		k.Answer = people.Declined
	}
	if err := people.Acknowledge(tx.Tx.Tx.Tx, k); err != nil || !refused {
		return err
	}
	return people.EndSession(tx.Tx.Tx.Tx, p.Session.Hash)
}
