package fleet

import (
	"errors"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// answers are what the reasons of an event about the notice mean.
var answers = map[wire.Reason]people.Answer{
	wire.ReasonNoticeAccepted: people.Accepted,
	wire.ReasonNoticeRefused:  people.Declined,
}

// keepAnswer keeps what somebody answered to the notice at a panel.
func (h *Hub) keepAnswer(e happening) error {
	id, ok := idOf(e.ev.Account)
	if !ok {
		return nil
	}
	why, err := h.refuseAtPanel(e, id, "answers")
	if err != nil {
		return err
	}
	if why != "" {
		h.log.Warn("an answer to the notice is refused", "terminal", e.terminal.Name, "account", people.ShortID(id), "why", why)
		return nil
	}
	err = people.Acknowledge(e.tx.Tx.Tx.Tx, people.Acknowledgement{
		Account: id, Version: e.ev.Count, Answer: answers[e.ev.Reason], At: e.soonest(), Channel: people.OnPanel, Terminal: e.terminal.Name,
	})
	var refused *refusal.Error
	if errors.As(err, &refused) {
		h.log.Warn("an answer to the notice makes no sense", "terminal", e.terminal.Name, "account", people.ShortID(id), "why", refused.Code)
		return nil
	}
	return err
}

// addCard gives a card to the account that presented it in a session that its PIN opened.
func (h *Hub) addCard(e happening) error {
	r, ok := e.report()
	if !ok {
		return nil
	}
	login := e
	login.ev.Card = nil // it logged in without one
	why, err := h.refuseAtPanel(login, r.Account, "cards")
	if err != nil {
		return err
	}
	if why != "" {
		h.log.Warn("a card that was added at a panel is refused", "terminal", e.terminal.Name, "account", people.ShortID(r.Account), "why", why)
		return nil
	}
	return access.AddCard(e.tx.Tx.Tx, r)
}
