package people_test

import (
	"strings"
	"testing"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// S3.06: an administrator activates without a mail, and says why; S3.05: by a link, which
// marks the account as invited.
func TestAnAdministratorActivatesWithAReason(t *testing.T) {
	b := newSite(t)
	ada := b.add(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
	for _, none := range []string{"", "  ", strings.Repeat("x", 201), "a\u202eb"} {
		b.refused(people.CodeReasonMissing, func(tx people.Tx) error { _, err := people.ActivateByHand(tx, ada.ID, none); return err })
	}
	b.do(func(tx people.Tx) error {
		_, a, err := people.IssueActivationLink(tx, ada.ID)
		if err == nil && a.State != people.Invited {
			t.Errorf("after the link it is %s", a.State)
		}
		return err
	})
	b.do(func(tx people.Tx) error {
		_, err := people.ActivateByHand(tx, ada.ID, "  no mail arrives ")
		return err
	})
	b.refused(people.CodeActivated, func(tx people.Tx) error { _, err := people.ActivateByHand(tx, ada.ID, "again"); return err })
	b.refused(people.CodeActivated, func(tx people.Tx) error { _, _, err := people.IssueActivationLink(tx, ada.ID); return err })
	b.do(func(tx people.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 1}, func(e audit.Entry) error {
			if e.Action != "account.activate" || !strings.Contains(string(e.After), `"reason":"no mail arrives"`) {
				t.Errorf("the log says %s %s", e.Action, e.After)
			}
			return nil
		})
	})
}

// S3.08: a password is reset only where there was an activation.
func TestAPasswordIsResetOnlyAfterTheActivation(t *testing.T) {
	b := newSite(t)
	ada := b.add(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
	b.refused(people.CodeNotActivated, func(tx people.Tx) error { _, _, err := people.IssueResetLink(tx, ada.ID); return err })
	b.do(func(tx people.Tx) error { _, err := people.ActivateByHand(tx, ada.ID, "test"); return err })
	b.do(func(tx people.Tx) error { _, _, err := people.IssueResetLink(tx, ada.ID); return err })
	eve := b.add(people.New{First: "Eve", State: people.Active})
	b.refused(people.CodeNoAddress, func(tx people.Tx) error { _, _, err := people.IssueResetLink(tx, eve.ID); return err })
}
