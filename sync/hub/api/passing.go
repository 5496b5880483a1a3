package api

import (
	"net/http"
	"time"

	"badged/internal/passage"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/words"
)

// Passing is what the terminal of a door would decide about somebody at a moment, by its own
// rule. Reason is one of those of events, or no_card: the rights would let in, and no card is
// there to show. Grant is the one that decides; with no_grant, one that is over or to come.
type Passing struct {
	Door        string `json:"door"`
	At          Time   `json:"at"`
	Account     string `json:"account"`
	AccountName string `json:"account_name"`
	Passes      bool   `json:"passes"`
	Reason      string `json:"reason"`
	Text        string `json:"text"` // the reason in a sentence, in the language of the request
	Todo        string `json:"todo,omitempty"`
	Card        string `json:"card,omitempty"`
	Grant       *Grant `json:"grant,omitempty"`
	Rests       bool   `json:"rests,omitempty"` // rights rest until there are a first and a last name
	Terminal    string `json:"terminal,omitempty"`
	Heard       Time   `json:"heard,omitzero"` // the terminal is away since
}

// noCard is the reason of who would pass with a card, and has none.
const noCard = "no_card"

// visit is when somebody comes to a door, as a request says.
type visit struct {
	door   string
	lang   string
	keeper fleet.Keeper
	at     passage.Moment
}

// visitOf reads a request's moment: now unless said. With clock=unknown the terminal does
// not know the time, as after a power cut without the network.
func (s *server) visitOf(tx fleet.Tx, r *http.Request) (v visit, err error) {
	v.door, v.lang = r.PathValue("name"), langOf(r)
	at, err := momentIn(tx, r, "at")
	if err != nil {
		return v, err
	}
	if at.IsZero() {
		at = tx.Now
	}
	clock := r.FormValue("clock")
	if clock != "" && clock != "known" && clock != "unknown" {
		return v, invalid(CodeChoice, "field", "clock", "value", clip(clock), "choices", []string{"known", "unknown"})
	}
	v.keeper, err = s.Fleet.Keeper(tx, v.door)
	v.at = v.keeper.Moment(at, clock != "unknown")
	return v, err
}

// momentIn is a moment of the site's clocks: RFC 3339, or 2030-01-31T18:30 in the site's
// time zone, or a day, at its beginning. Zero: none.
func momentIn(tx fleet.Tx, r *http.Request, field string) (time.Time, error) {
	site, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return time.Time{}, err
	}
	text := r.FormValue(field)
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, site.Location()); err == nil {
			return t, nil
		}
	}
	return momentOf(field, text, site.FirstDay)
}

func (s *server) tryDoor(tx fleet.Tx, r *http.Request) (Passing, error) {
	v, err := s.visitOf(tx, r)
	if err != nil {
		return Passing{}, err
	}
	p, err := access.TryDoor(tx.Tx.Tx, r.FormValue("account"), v.door, v.at)
	if err != nil {
		return Passing{}, err
	}
	return v.show(tx, p)
}

func (s *server) whoMayPass(tx fleet.Tx, r *http.Request) (Page[Passing], error) {
	v, err := s.visitOf(tx, r)
	if err != nil {
		return Page[Passing]{}, err
	}
	q := access.WhoQuery{Passing: flagOf(r, "passing"), After: r.FormValue("after")}
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Passing]{}, err
	}
	page, next, err := access.WhoMayPass(tx.Tx.Tx, v.door, v.at, q)
	return pageOf(page, next, err, func(p access.Passing) (Passing, error) { return v.show(tx, p) })
}

func (v visit) show(tx fleet.Tx, p access.Passing) (Passing, error) {
	out := Passing{
		Door: v.door, At: Time{v.at.At}, Account: people.HexID(p.Account.ID), AccountName: p.Account.DisplayName(),
		Passes: p.Passes(), Reason: p.Reason.String(), Rests: p.Rests, Terminal: v.keeper.Terminal,
	}
	if v.keeper.Away {
		out.Heard = Time{v.keeper.Heard}
	}
	if p.Card != (access.ID{}) {
		out.Card = access.ShortCard(p.Card)
	} else if p.Reason == passage.KnownCard {
		out.Reason = noCard
	}
	out.Text, out.Todo = words.Reason(v.lang, out.Reason)
	if p.Grant.ID == (access.ID{}) {
		return out, nil
	}
	g, err := grantOf(tx, p.Grant)
	out.Grant = &g
	return out, err
}
