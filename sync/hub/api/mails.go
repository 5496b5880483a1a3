package api

import (
	"net/http"
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
)

// Mail is one mail of the outbox. What it says is not shown: links and PINs are in it.
type Mail struct {
	ID          string `json:"id"`
	Made        Time   `json:"made"`
	Purpose     string `json:"purpose"`
	To          string `json:"address"`
	Lang        string `json:"lang,omitempty"`
	Account     string `json:"account,omitempty"`
	AccountName string `json:"account_name,omitempty"`
	State       string `json:"state"` // queued, sending, sent, failed, given-up
	Tries       int    `json:"tries"`
	Next        Time   `json:"next,omitzero"`
	Ends        Time   `json:"ends"`
	Done        Time   `json:"done,omitzero"`
	Answer      string `json:"answer,omitempty"` // what the server said last
}

// TestMail asks for a mail that tries the mail server.
type TestMail struct {
	To   string `json:"address"`
	Lang string `json:"lang,omitempty"`
}

func mailOf(tx fleet.Tx, m mail.Mail) (Mail, error) {
	out := Mail{
		ID: people.HexID(m.ID), Made: Time{m.Made}, Purpose: string(m.Purpose), To: m.To, Lang: m.Lang, State: string(m.State), Tries: m.Tries,
		Next: Time{m.Next}, Ends: Time{m.Ends}, Done: Time{m.Done}, Answer: m.Answer,
	}
	if m.Account == (mail.ID{}) {
		return out, nil
	}
	name, err := nameOf(tx, m.Account)
	out.Account, out.AccountName = people.HexID(m.Account), name
	return out, err
}

func listMails(tx fleet.Tx, r *http.Request) (Page[Mail], error) {
	q := mail.Query{State: mail.State(r.FormValue("state")), After: r.FormValue("after")}
	if q.State != "" && !slices.Contains(mail.States, q.State) {
		return Page[Mail]{}, invalid(CodeChoice, "field", "state", "value", clip(string(q.State)), "choices", mail.States)
	}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Mail]{}, err
	}
	if q.Account, err = accountIn(tx, r, "account"); err != nil {
		return Page[Mail]{}, err
	}
	page, next, err := mail.List(tx.Tx.Tx.Tx.Tx, q)
	return pageOf(page, next, err, func(m mail.Mail) (Mail, error) { return mailOf(tx, m) })
}

func showMail(tx fleet.Tx, r *http.Request) (Mail, error) {
	m, err := mail.Find(tx.Tx.Tx.Tx.Tx, r.PathValue("id"))
	if err != nil {
		return Mail{}, err
	}
	return mailOf(tx, m)
}

func retryMail(tx fleet.Tx, r *http.Request, _ none) (Mail, error) {
	m, err := mail.Find(tx.Tx.Tx.Tx.Tx, r.PathValue("id"))
	if err == nil {
		m, err = mail.Retry(tx.Tx.Tx.Tx.Tx, m.ID)
	}
	if err != nil {
		return Mail{}, err
	}
	return mailOf(tx, m)
}

func testMail(tx fleet.Tx, _ *http.Request, in TestMail) (Mail, error) {
	m, err := mail.SendTest(tx.Tx.Tx.Tx.Tx, in.To, in.Lang)
	if err != nil {
		return Mail{}, err
	}
	return mailOf(tx, m)
}
