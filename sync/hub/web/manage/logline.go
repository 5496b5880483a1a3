package manage

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// logLine is a line of the audit log as people read it.
type logLine struct {
	Seq     uint64
	At      time.Time
	Who     string
	Via     string
	Action  string // in words; the code if there are none
	Code    string
	Object  string
	Path    string // of the member that it is about; empty: none
	Changes []logChange
	Erased  bool
}

// logChange is one field before and after.
type logChange struct{ Field, Before, After string }

// eachLine passes the lines of a query, newest first, with names in place of ids.
func eachLine(r *page.Request, tx fleet.Tx, q audit.Query, fn func(logLine)) error {
	var entries []audit.Entry
	err := tx.ListAudit(q, func(e audit.Entry) error {
		entries = append(entries, e)
		return nil
	})
	names := accountNames{r: r, tx: tx, known: map[string]string{}}
	for _, e := range entries {
		if err == nil {
			err = names.describeEntry(e, fn)
		}
	}
	return err
}

// accountNames finds names of accounts, each once.
type accountNames struct {
	r     *page.Request
	tx    fleet.Tx
	known map[string]string
}

func (n accountNames) describeEntry(e audit.Entry, fn func(logLine)) error {
	l := logLine{Seq: e.Seq, At: e.At, Via: n.via(e.Actor), Code: e.Action, Object: e.Object, Erased: e.Salt == nil}
	l.Action = n.r.TOr("manage.action."+strings.ReplaceAll(e.Action, ".", "-"), e.Action)
	var err error
	if l.Who, err = n.actor(e.Actor); err != nil {
		return err
	}
	if name, err := n.of(e.Object); err != nil {
		return err
	} else if name != "" {
		l.Object, l.Path = name, "/g/membres/"+e.Object
	}
	l.Changes = changesOf(e)
	for i, c := range l.Changes {
		l.Changes[i].Field = n.r.TOr("manage.field."+c.Field, c.Field)
	}
	fn(l)
	return nil
}

// via is by which way an actor came; empty where the actor says it.
func (n accountNames) via(a audit.Actor) string {
	if a.Kind != audit.System && slices.Contains([]string{"web", "socket", "link", "mqtt", "clock", "api"}, a.Via) {
		return n.r.T("manage.via." + a.Via)
	}
	return ""
}

func (n accountNames) actor(a audit.Actor) (string, error) {
	switch a.Kind {
	case audit.Account:
		name, err := n.of(a.ID)
		if name == "" {
			name = a.ID
		}
		return name, err
	case audit.Operator:
		return n.r.T("manage.actor.operator", a.ID), nil
	case audit.Terminal:
		return n.r.T("manage.actor.terminal", a.ID), nil
	}
	return n.r.T("manage.actor.system"), nil
}

// of is the name of the account with an id in hex; empty if it is none.
func (n accountNames) of(text string) (string, error) {
	id, ok := people.ParseID(text)
	if !ok {
		return "", nil
	}
	if name, ok := n.known[text]; ok {
		return name, nil
	}
	a, err := n.tx.Account(id)
	name := ""
	switch {
	case err == nil:
		name = a.DisplayName()
	case !errors.Is(err, people.ErrNotFound):
		return "", err
	}
	n.known[text] = name
	return name, nil
}

// changesOf sets what a line says before and after side by side, by field.
func changesOf(e audit.Entry) (out []logChange) {
	before, after := fieldsOf(e.Before), fieldsOf(e.After)
	names := map[string]bool{}
	for _, side := range []map[string]any{before, after} {
		for name := range side {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, logChange{name, textOf(before[name]), textOf(after[name])})
	}
	return out
}

func fieldsOf(b []byte) map[string]any {
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return nil
	}
	return m
}

// textOf is a value of a line in one line; a dash for none.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		return v
	case float64, bool:
		return fmt.Sprint(v)
	}
	b, _ := json.Marshal(v) // cannot fail: it came out of JSON
	return string(b)
}
