package fleet

import (
	"errors"

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
	why, err := refuseAtPanel(e, id, "answers")
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
