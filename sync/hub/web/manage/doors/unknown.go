package doors

import (
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/hub/words"
)

// unknownFor is for how long a card that nobody has is listed.
const unknownFor = 24 * time.Hour

// unknownLine is a card that nobody has.
type unknownLine struct {
	Ref, Terminal, Point, Why string
	At                        time.Time
	Times                     int
}

type unknownList struct {
	Tabs  []page.Link
	Lines []unknownLine
}

func listUnknown(r *page.Request) (page.Reply, error) {
	d := unknownList{Tabs: cardTabs(r, "/g/cartes/inconnues")}
	err := r.Read(func(tx fleet.Tx) error {
		all, err := fleet.UnknownCards(tx, r.Now.Add(-unknownFor))
		d.Lines = nil
		for _, u := range all {
			d.Lines = append(d.Lines, unknownOf(r, u))
		}
		return err
	})
	return page.Show("doors/unknown", r.T("doors.unknown.title"), d), err
}

func unknownOf(r *page.Request, u fleet.UnknownCard) unknownLine {
	why, _ := words.Reason(r.Lang, u.Reason.String())
	return unknownLine{access.ShortCard(u.Card), u.Terminal, u.Point, why, u.At, u.Times}
}

// giftPage gives an unknown card to somebody.
type giftPage struct {
	chooser
	Card unknownLine
}

// findUnknown is the unknown card that the address names.
func findUnknown(r *page.Request, tx fleet.Tx) (fleet.UnknownCard, error) {
	u, err := fleet.FindUnknownCard(tx, lower(r.Path("card")))
	return u, page.OrNotFound(err)
}

func showGift(r *page.Request) (page.Reply, error) {
	d := giftPage{chooser: chooser{Form: r.Fill(nil)}}
	err := r.Read(func(tx fleet.Tx) error {
		u, err := findUnknown(r, tx)
		d.Card = unknownOf(r, u)
		return err
	})
	return showGiftForm(r, d), err
}

func showGiftForm(r *page.Request, d giftPage) page.Reply {
	return page.Show("doors/gift", r.T("doors.gift.title", d.Card.Ref), d)
}

// giveCard gives an unknown card, for good or until the end of a day.
func giveCard(r *page.Request) (page.Reply, error) {
	d := giftPage{chooser: chooser{Form: r.Form()}}
	var to people.Account
	err := r.Write(func(tx fleet.Tx) error {
		u, err := findUnknown(r, tx)
		if err != nil {
			return err
		}
		d.Card = unknownOf(r, u)
		var ok bool
		if to, ok, err = d.find(r, tx); err != nil || !ok {
			return err
		}
		gift := access.Gift{Card: u.Card, To: people.HexID(to.ID)}
		if day := d.Form.Value("jusqua"); day != "" {
			if gift.Until, err = r.Site.LastDay(day); err != nil {
				return err
			}
		}
		_, err = access.GiveCard(tx.Tx.Tx, gift)
		return err
	})
	if err = d.Form.Explain(err, page.Fields{access.CodeDay: "jusqua", access.CodeCardEnd: "jusqua", access.CodeCardOwner: personField}); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		return showGiftForm(r, d).Refused(), nil
	}
	return page.Go("/g/cartes/"+d.Card.Ref).Flash("doors.gift.done", to.DisplayName()), nil
}
