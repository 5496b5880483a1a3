package main

import (
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/cli"
	"badged/internal/ctl"
)

// exported is an event in JSON with the whole ids, by which the hub knows them.
type exported struct {
	ctl.Event
	AccountID string       `json:"account_id,omitempty"`
	CardID    string       `json:"card_id,omitempty"`
	Number    uint64       `json:"number,omitempty"` // of a new anonymous account
	Edit      *enroll.Edit `json:"edit,omitempty"`
}

func (a *app) outboxExport() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "export FILE",
		Short: "Print the events that the hub does not have out of a database that was kept aside",
		Long: "export reads badged.db.corrupt-N, or a database of an agent that is stopped, as far as it\n" +
			"can be read, and prints the events that the hub does not have. It changes nothing. The last\n" +
			"64 events that the hub has had may be among them. It ends with 1 when parts of the file could\n" +
			"not be read.",
		Example: "  badgectl outbox export /var/lib/badged/badged.db.corrupt-1\n  badgectl outbox export --json badged.db.corrupt-1 > events.json",
		Args:    cli.Args(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := store.Salvage(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			for _, ev := range s.Events {
				if err := a.export(ev); err != nil {
					return err
				}
			}
			return a.exportEnd(s)
		},
	})
}

func (a *app) export(ev enroll.Event) error {
	shown := ctl.EventOf(ev, 0)
	if !a.json {
		return a.event(shown)
	}
	out := exported{Event: shown, Edit: ev.Edit}
	if !ev.Account.IsZero() {
		out.AccountID, out.Number = hex.EncodeToString(ev.Account[:]), ev.Number
	}
	if !ev.Card.IsZero() {
		out.CardID = hex.EncodeToString(ev.Card[:])
	}
	return a.print(out)
}

// exportEnd tells on the other stream how many events there were, and what is missing.
func (a *app) exportEnd(s store.Salvaged) error {
	fmt.Fprintf(a.io.Err, "%d events that the hub does not have\n", len(s.Events))
	if s.Unknown {
		fmt.Fprintln(a.io.Err, "The file does not tell any more what the hub has: these are all events that were kept in it.")
	}
	if s.Damaged {
		fmt.Fprintln(a.io.Err, "Parts of the file could not be read: events may be missing.")
		return cli.ErrReported
	}
	return nil
}
