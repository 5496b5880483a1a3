package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

func issue(s site, n access.NewClaim) func(access.Tx) error {
	return func(tx access.Tx) error {
		_, err := access.IssueClaim(tx, s.key, n)
		return err
	}
}

// S2.10: live codes differ in two digits, have no constant step, and with too many live the
// hub says so instead of issuing a weak one. Codes that ended make room.
func TestCodesAreStrongAndFarApart(t *testing.T) {
	s := newSite(t)
	var codes []string
	var last access.IssuedClaim
	s.do(func(tx access.Tx) error {
		for i := range 100 {
			a, err := people.Add(tx.Tx, people.New{First: "Member", Last: fmt.Sprint(i)})
			if err != nil {
				return err
			}
			if last, err = access.IssueClaim(tx, s.key, access.NewClaim{Account: people.HexID(a.ID)}); err != nil {
				return err
			}
			code := last.Code.Reveal()
			if s.key.Claim(last.ID, code) != last.MAC || s.key.Code(code) != last.Claim.Code {
				t.Error("a MAC is not of this code")
			}
			codes = append(codes, code)
		}
		return nil
	})
	for i, a := range codes {
		if d := a[1] - a[0]; len(a) != 4 || a[2]-a[1] == d && a[3]-a[2] == d {
			t.Error("a code is too short or has a constant step")
		}
		for _, b := range codes[:i] {
			if differ(a, b) < 2 {
				t.Error("two live codes are too near")
			}
		}
	}
	more := access.NewClaim{Account: people.HexID(s.person("one more").ID)}
	fields := s.refused(access.CodeCodesUsedUp, issue(s, more))
	if fields["live"] != 100 || fields["digits"] != int64(4) {
		t.Errorf("fields %v", fields)
	}
	s.do(func(tx access.Tx) error {
		_, err := access.EndClaim(tx, last.ID)
		return err
	})
	s.do(issue(s, more))
	s.set("code_digits", "6")
	if c := s.claim(s.person("yet another")); len(c.Code.Reveal()) != 6 {
		t.Error("the code has not the digits of the setting")
	}
}

func differ(a, b string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// S2.05, S2.08: what a code is of, how long it lives, and that it ends the former one.
func TestWhatACodeIs(t *testing.T) {
	s := newSite(t)
	s.door("front")
	ada := s.person("Ada Byron")
	s.grant(access.NewGrant{Account: "Ada Byron", Door: "front"})
	c := s.claim(ada)
	if c.Account != ada.ID || c.Doors != nil || !c.Issued.Equal(*s.now) || !c.Ends.Equal(s.now.Add(time.Hour)) || !c.Shown {
		t.Errorf("claim %+v", c.Claim)
	}
	equal(t, "warnings", len(c.Warnings), 0)
	if text := fmt.Sprintf("%v %+v", c, c); strings.Contains(text, c.Code.Reveal()) {
		t.Error("the code is printed")
	}
	next := s.claim(ada, "front", "front")
	equal(t, "doors", next.Doors, []string{"front"})
	equal(t, "former", s.claimState(c.ID), access.ClaimVoid)
	if len(next.Warnings) != 1 || next.Warnings[0].Code != access.WarnReplaced {
		t.Errorf("warnings %v", next.Warnings)
	}
	s.refused(access.CodeClaimOver, func(tx access.Tx) error {
		_, err := access.EndClaim(tx, c.ID)
		return err
	})
	s.wait(time.Hour)
	equal(t, "state of one that ended by itself", s.refused(access.CodeClaimOver, func(tx access.Tx) error {
		_, err := access.EndClaim(tx, next.ID)
		return err
	})["state"], any(access.ClaimVoid))
	s.refused(access.CodeClaimNotFound, func(tx access.Tx) error {
		_, err := access.EndClaim(tx, access.ID{1})
		return err
	})
	s.do(func(tx access.Tx) error { // nothing of the code is on the record
		return tx.ListAudit(audit.Query{Limit: 100}, func(e audit.Entry) error {
			if strings.Contains(string(e.After), c.Code.Reveal()) || strings.Contains(string(e.After), next.Code.Reveal()) {
				t.Errorf("the code is in %s", e.Action)
			}
			return nil
		})
	})
}

func TestCodesThatCannotBe(t *testing.T) {
	s := newSite(t)
	ada := s.person("Ada Byron")
	id := people.HexID(ada.ID)
	for name, c := range map[string]struct {
		n    access.NewClaim
		code string
	}{
		"too short":    {access.NewClaim{Account: id, Life: time.Second}, access.CodeClaimLife},
		"too long":     {access.NewClaim{Account: id, Life: access.LongestClaim + 1}, access.CodeClaimLife},
		"no such door": {access.NewClaim{Account: id, Doors: []string{"back"}}, access.CodeDoorNotFound},
		"nobody":       {access.NewClaim{Account: "Eve Nobody"}, people.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) { s.refused(c.code, issue(s, c.n)) })
	}
	s.do(func(tx access.Tx) error {
		_, err := people.SetState(tx.Tx, ada.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	s.refused(access.CodeCardOwner, issue(s, access.NewClaim{Account: id}))
}

// Issue 8, 4: a code is issued, and says why it does not help yet.
func TestCodesWarn(t *testing.T) {
	s := newSite(t)
	for _, d := range []string{"front", "back", "cellar"} {
		s.door(d)
	}
	s.do(func(tx access.Tx) error {
		_, err := access.SetDoor(tx, "back", func(d *access.Door) { d.Group = "halls" })
		return err
	})
	invited := get(s, func(tx access.Tx) (people.Account, error) {
		return people.Add(tx.Tx, people.New{First: "In", Last: "Vited", State: people.Invited})
	})
	half, member, expired := s.person("Madonna"), s.person("Ada Byron"), s.person("Ex Pired")
	s.group("Staff", member, half)
	s.grant(access.NewGrant{Group: "Staff", DoorGroup: "halls"})
	s.grant(access.NewGrant{Account: "Ex Pired", Door: "front", To: s.now.Add(time.Minute)})
	s.grant(access.NewGrant{Account: "Ada Byron", Door: "cellar"})
	s.grant(access.NewGrant{Group: "Staff", Door: "cellar", Deny: true})
	s.wait(time.Minute)
	all := []string{"back", "cellar", "front"}
	for name, c := range map[string]struct {
		a          people.Account
		doors      []string
		away       []string
		want       []string
		shut, gone []string
	}{
		"not active":            {invited, nil, nil, []string{access.WarnNotActive, access.WarnNoRight}, all, nil},
		"a name is missing":     {half, nil, nil, []string{access.WarnNoRight}, all, nil},
		"its right ended":       {expired, []string{"front"}, nil, []string{access.WarnNoRight}, []string{"front"}, nil},
		"one right is enough":   {member, nil, nil, nil, nil, nil},
		"all doors, some away":  {member, nil, []string{"cellar"}, []string{access.WarnAway}, nil, []string{"cellar"}},
		"at a door it may use":  {member, []string{"back"}, []string{"front"}, nil, nil, nil},
		"deny wins":             {member, []string{"cellar"}, nil, []string{access.WarnNoRight}, []string{"cellar"}, nil},
		"one of two, both away": {member, []string{"back", "front"}, []string{"back", "front"}, []string{access.WarnNoRight, access.WarnAway}, []string{"front"}, []string{"back", "front"}},
	} {
		out := get(s, func(tx access.Tx) (access.IssuedClaim, error) {
			return access.IssueClaim(tx, s.key, access.NewClaim{Account: people.HexID(c.a.ID), Doors: c.doors, Away: c.away})
		})
		var codes []string
		for _, w := range out.Warnings {
			if w.Code == access.WarnReplaced {
				continue
			}
			codes = append(codes, w.Code)
			doors := map[string][]string{access.WarnNoRight: c.shut, access.WarnAway: c.gone}[w.Code]
			if doors != nil && !slices.Equal(w.Fields["doors"].([]string), doors) {
				t.Errorf("%s: %s at %v, want %v", name, w.Code, w.Fields["doors"], doors)
			}
		}
		equal(t, name, codes, c.want)
	}
}
