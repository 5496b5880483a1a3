package people

import (
	"encoding/json"
	"time"

	"badged/sync/hub/audit"
)

// Record is what the hub keeps about one person, for them to read. Cards and rights are
// access's to add.
type Record struct {
	ID       string          `json:"id"`
	Account  map[string]any  `json:"account"`
	Created  time.Time       `json:"created"`
	Groups   []string        `json:"groups"`
	Services []string        `json:"services"` // that the person sees
	Notices  []RecordAnswer  `json:"notices"`  // what they answered
	Edits    []RecordEdit    `json:"edits"`
	Requests []RecordRequest `json:"merge_requests"` // of others, who typed this account's e-mail
	Audit    []RecordLine    `json:"audit"`          // the latest 1000 lines
}

// RecordEdit is one version of a profile that was typed.
type RecordEdit struct {
	At       time.Time `json:"at"`
	Terminal string    `json:"terminal"`
	Before   Profile   `json:"before"`
	After    Profile   `json:"after"`
}

// RecordRequest is a merge request that waits for the person.
type RecordRequest struct {
	Account  string    `json:"account"`
	Terminal string    `json:"terminal"`
	At       time.Time `json:"at"`
}

// RecordAnswer is an answer to a notice.
type RecordAnswer struct {
	Version  uint64    `json:"version"`
	Answer   Answer    `json:"answer"`
	At       time.Time `json:"at"`
	Channel  Channel   `json:"channel"`
	Terminal string    `json:"terminal,omitempty"`
}

// RecordLine is a line of the audit log about a person.
type RecordLine struct {
	At     time.Time       `json:"at"`
	Action string          `json:"action"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Export gives what the hub keeps about an account, and records that somebody had it.
func Export(tx Tx, id ID) (Record, error) {
	a, err := get(tx, id)
	if err != nil {
		return Record{}, err
	}
	r := Record{ID: HexID(id), Account: a.facts(), Created: a.Created}
	for _, read := range []func(Tx, ID) error{r.readGroups, r.readServices, r.readAnswers, r.readEdits, r.readRequests, r.readAudit} {
		if err := read(tx, id); err != nil {
			return r, err
		}
	}
	return r, tx.Record(audit.Change{Action: "account.export", Object: HexID(id), Subject: id})
}

func (r *Record) readGroups(tx Tx, id ID) error {
	groups, err := tx.GroupsOf(id)
	for _, g := range groups {
		group, err := tx.Group(g)
		if err != nil {
			return err
		}
		r.Groups = append(r.Groups, group.Name)
	}
	return err
}

func (r *Record) readServices(tx Tx, id ID) error {
	a, err := get(tx, id)
	if err != nil {
		return err
	}
	offers, err := OffersFor(tx, a)
	for _, o := range offers {
		r.Services = append(r.Services, o.English)
	}
	return err
}

func (r *Record) readAnswers(tx Tx, id ID) error {
	answers, err := tx.AnswersOf(id)
	for _, k := range answers {
		r.Notices = append(r.Notices, RecordAnswer{k.Version, k.Answer, k.At, k.Channel, k.Terminal})
	}
	return err
}

func (r *Record) readEdits(tx Tx, id ID) error {
	edits, err := tx.Edits(id)
	for _, e := range edits {
		r.Edits = append(r.Edits, RecordEdit{e.At, e.Terminal, e.Before, e.After})
	}
	return err
}

func (r *Record) readRequests(tx Tx, id ID) error {
	requests, err := tx.MergeRequests(id)
	for _, q := range requests {
		r.Requests = append(r.Requests, RecordRequest{HexID(q.Account), q.Terminal, q.At})
	}
	return err
}

func (r *Record) readAudit(tx Tx, id ID) error {
	return tx.ListAudit(audit.Query{Subject: id, Limit: 1000}, func(e audit.Entry) error {
		r.Audit = append(r.Audit, RecordLine{e.At, e.Action, e.Before, e.After})
		return nil
	})
}
