package api

import (
	"net/http"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
)

// NewLabels asks for QR labels: for cards that are known or that a terminal saw, and for
// cards by their numbers.
type NewLabels struct {
	Cards   []string `json:"cards,omitempty"`
	Numbers []string `json:"numbers,omitempty"`
	Batch   string   `json:"batch,omitempty"`
}

// Label is the QR code to print on a card. The link is shown once.
type Label struct {
	Card string `json:"card"`
	Link string `json:"link"`
}

// longestNumber bounds the number of a card, in bytes.
const longestNumber = 64

// prepareLabels makes the labels of some cards. The numbers themselves are kept nowhere.
func (s *server) prepareLabels(tx fleet.Tx, _ *http.Request, in NewLabels) (Page[Label], error) {
	if len(in.Cards)+len(in.Numbers) > access.MaxLabels {
		return Page[Label]{}, invalid(access.CodeLabelCards, "most", access.MaxLabels)
	}
	var cards []access.ID
	for _, ref := range in.Cards {
		id, err := seenCard(tx, ref)
		if err != nil {
			return Page[Label]{}, err
		}
		cards = append(cards, id)
	}
	for i, number := range in.Numbers {
		if !isNumber(number) {
			return Page[Label]{}, invalid(access.CodeLabelNumber, "line", i+1)
		}
		cards = append(cards, s.Fleet.SiteKey().Card(number))
	}
	made, err := access.PrepareLabels(tx.Tx.Tx, cards, in.Batch)
	return pageOf(made, "", err, func(l access.NewLabel) (Label, error) {
		return Label{Card: access.ShortCard(l.Card), Link: tx.Home + access.LabelPath + l.Token.Reveal()}, nil
	})
}

// isNumber reports whether a text can be the number of a card: what number rules make.
func isNumber(s string) bool {
	return s != "" && len(s) <= longestNumber && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
