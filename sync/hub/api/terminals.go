package api

import (
	"net/http"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/fleet"
	"badged/sync/identity"
)

// The bounds of a roster.
const (
	MaxRoster    = 100 // terminals in one request
	maxTokenDays = 30
)

// addRoster makes tokens for all terminals of a roster first, and stores those that are needed in
// one transaction.
func (s *server) addRoster(w http.ResponseWriter, r *http.Request) {
	var in TerminalRoster
	var out RosterTokens
	by, err := s.Actor(r)
	if err == nil {
		err = decode(http.MaxBytesReader(w, r.Body, maxRequest), &in)
	}
	if err == nil {
		err = in.check()
	}
	var rows []fleet.RosterRow
	if err == nil {
		rows, out, err = s.rosterRows(in)
	}
	if err == nil {
		err = s.Store.Write(r.Context(), by, func(tx fleet.Tx) error {
			tokens, err := fleet.AddRoster(tx, rows, time.Duration(in.Days)*24*time.Hour)
			for i, t := range tokens {
				out.Items[i].settle(t)
			}
			return err
		})
	}
	s.sendAnswer(w, r, out, err)
}

func (in TerminalRoster) check() error {
	if n := len(in.Terminals); n == 0 || n > MaxRoster {
		return invalid(CodeRequest, "detail", "terminals: 1 to 100 at a time")
	}
	if in.Days < 1 || in.Days > maxTokenDays {
		return invalid(CodeRequest, "detail", "days: 1 to 30")
	}
	seen := map[string]bool{}
	for _, row := range in.Terminals {
		if err := fleet.CheckTerminal(row.Name); err != nil {
			return err
		}
		if seen[row.Name] {
			return invalid(CodeRequest, "detail", "terminals: "+clip(row.Name)+" stands twice")
		}
		seen[row.Name] = true
	}
	return nil
}

// rosterRows makes a token for each terminal, and reads those that the roster has.
func (s *server) rosterRows(in TerminalRoster) (rows []fleet.RosterRow, out RosterTokens, err error) {
	for _, row := range in.Terminals {
		token, err := identity.NewToken(s.Fleet.SiteID(), row.Name, s.Join, s.CA)
		if err != nil {
			return nil, out, invalid(CodeRequest, "detail", err.Error())
		}
		rows = append(rows, fleet.RosterRow{Name: row.Name, Has: usable(row.Token, token), New: token.Secret})
		out.Items = append(out.Items, RosterToken{Name: row.Name, Token: token.Reveal()})
	}
	return rows, out, nil
}

// usable is the secret of a token that leads where a new one does. Any other is no token: of
// another terminal, or of a hub that has moved since.
func usable(text string, now identity.Token) secret.Text {
	t, err := identity.ParseToken(text)
	if err != nil || t.Site != now.Site || t.Terminal != now.Terminal || t.Hub != now.Hub || t.CA != now.CA {
		return secret.Text{}
	}
	return t.Secret
}

// settle says what became of a terminal, and takes away a token that nobody needs.
func (t *RosterToken) settle(is fleet.RosterToken) {
	t.Ends = Time{is.Ends}
	switch {
	case is.Joined:
		t.State, t.Token, t.Ends = "joined", "", Time{}
	case is.Kept:
		t.State, t.Token = "kept", ""
	default:
		t.State = "new"
	}
}
