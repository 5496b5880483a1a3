package manage_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// withMail lets mails go out, as far as the outbox.
func withMail(s *webtest.Stand) {
	s.Write(func(tx fleet.Tx) error { return tx.PutSetting(mail.SettingWay, "smtp") })
}

// addDoors makes doors.
func addDoors(s *webtest.Stand, names ...string) {
	s.Write(func(tx fleet.Tx) error {
		for _, name := range names {
			if _, err := access.SetDoor(tx.Tx.Tx, name, func(*access.Door) {}); err != nil {
				return err
			}
		}
		return nil
	})
}

func found(s *webtest.Stand, ref string) (a people.Account) {
	s.Read(func(tx fleet.Tx) (err error) {
		a, err = people.Find(tx.Tx.Tx.Tx, ref)
		return err
	})
	return a
}

// S2.17: an administrator invites a member from the menu; the member then exists. S2.25: one
// or a pasted list, with groups, days of access, a period and a code for a badge.
func TestS225_InviteMembers(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	addDoors(s, "front", "back")
	s.Write(func(tx fleet.Tx) error {
		_, err := people.AddGroup(tx.Tx.Tx.Tx, "Direction")
		return err
	})
	p := b.Open("/g/membres").Follow("Inviter membre").Is(200).Shows("Lundi à vendredi, 6 h–22 h", "Générer un code d’enregistrement du badge d’accès")
	p = p.Fill("people", "Ada Byron <ada@example.org>\r\n\"Bob Babbage\" <bob@example.org>").Fill("group", "1").Fill("door", "front").
		Fill("day", "semaine", "samedi").Fill("from", "2031-01-06").Fill("to", "2031-01-31").Fill("code", "1").Press("Inviter").Is(200)
	p.Shows("2 personnes invitées", "Ada Byron", "Bob Babbage", s.URL+"/lien/", "*")
	ada := found(s, "ada@example.org")
	if ada.State != people.Invited || ada.First != "Ada" || ada.Last != "Byron" {
		t.Errorf("Ada is %+v", ada)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2031, 2, 1, 0, 0, 0, 0, paris); !ada.Expires.Equal(want) {
		t.Errorf("her account ends at %v, want %v", ada.Expires, want)
	}
	s.Read(func(tx fleet.Tx) error {
		grants, _, err := access.ListGrants(tx.Tx.Tx, access.GrantQuery{Account: ada.ID, Limit: 10})
		if err != nil || len(grants) != 1 || grants[0].Door != "front" || !grants[0].From.Equal(time.Date(2031, 1, 6, 0, 0, 0, 0, paris)) {
			t.Errorf("her rights are %+v (%v)", grants, err)
			return err
		}
		schedule, err := tx.Schedule(grants[0].Schedule)
		if err != nil || len(schedule.Windows) != 1 || schedule.Windows[0] != (access.Window{Days: 0b0111111, From: 360, To: 1320}) {
			t.Errorf("her hours are %+v (%v)", schedule, err)
		}
		claims, err := access.LiveClaims(tx.Tx.Tx)
		if len(claims) != 2 {
			t.Errorf("there are %d codes", len(claims))
		}
		groups, err2 := tx.GroupsOf(ada.ID)
		if len(groups) != 1 {
			t.Errorf("her groups are %v", groups)
		}
		if err == nil {
			err = err2
		}
		return err
	})
	b.Open("/g/membres/inviter").Fill("people", "Carl Gauss <carl@example.org>").Fill("door", "front").Fill("day", "semaine", "samedi").Press("Inviter").Is(200)
	s.Read(func(tx fleet.Tx) error {
		all, err := access.AllSchedules(tx.Tx.Tx)
		if len(all) != 1 {
			t.Errorf("the same days made %d schedules", len(all))
		}
		return err
	})
}

// The right to members alone gives no doors and no codes for cards: the form has no fields for
// them, and whoever sends them all the same is refused. With the rights both are there.
func TestAnInvitationGivesWhatItsSenderMayGive(t *testing.T) {
	s := webtest.New(t)
	addDoors(s, "front")
	dora := manager(s, people.ManageMembers)
	b := s.As(dora)
	b.Open("/g/membres/inviter").Is(200).Hides("Lundi à vendredi", "front", "Générer un code d’enregistrement")
	door := url.Values{"people": {"Ada Byron <ada@example.org>"}, "door": {"front"}, "day": {"semaine"}}
	code := url.Values{"people": {"Bob Babbage <bob@example.org>"}, "code": {"1"}}
	both := func(status int) {
		t.Helper()
		b.Post("/g/membres/inviter", door).Is(status)
		b.Post("/g/membres/inviter", code).Is(status)
	}
	both(http.StatusForbidden)
	b.Open("/g/membres?q=ada").Shows("Personne ne correspond")
	b.Post("/g/membres/inviter", url.Values{"people": {"Carl Gauss <carl@example.org>"}}).Is(200)
	s.Write(func(tx fleet.Tx) error {
		_, err := people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageDoors, true)
		if err == nil {
			_, err = people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageCards, true)
		}
		return err
	})
	b.Open("/g/membres/inviter").Is(200).Shows("Lundi à vendredi", "front", "Générer un code d’enregistrement")
	both(http.StatusOK)
}

// All are invited or none, and the form says which line is wrong.
func TestAnInvitationIsWhole(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	addDoors(s, "front")
	s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	for _, c := range []struct {
		fields map[string][]string
		want   string
	}{
		{map[string][]string{"people": {""}}, "Donnez au moins une adresse"},
		{map[string][]string{"people": {"bob@example.org\nnot an address"}}, "« not an address » n’est pas une adresse"},
		{map[string][]string{"people": {"bob@example.org\nADA@example.org"}}, "Personne n’a été invité"},
		{map[string][]string{"people": {"bob@example.org, bob@example.org"}}, "Personne n’a été invité"},
		{map[string][]string{"people": {"bob@example.org"}, "door": {"front"}}, "Cochez les jours d’accès"},
		{map[string][]string{"people": {"bob@example.org"}, "day": {"semaine"}}, "Cochez les portes"},
		{map[string][]string{"people": {"bob@example.org"}, "door": {"front"}, "day": {"semaine"}}, "il faut un prénom et un nom"},
		{map[string][]string{"people": {"Bob Babbage <bob@example.org>"}, "door": {"gone"}, "day": {"semaine"}}, "Personne n’a été invité"},
		{map[string][]string{"people": {"bob@example.org"}, "from": {"2031-02-01"}, "to": {"2031-01-01"}}, "avant le premier"},
		{map[string][]string{"people": {"bob@example.org"}, "to": {"2001-01-01"}}, "Ce jour est passé"},
		{map[string][]string{"people": {strings.Repeat("x@example.org\n", 501)}}, "Pas plus de 500"},
	} {
		p := b.Post("/g/membres/inviter", url.Values(c.fields)).Is(http.StatusUnprocessableEntity).Shows(c.want)
		if want := strings.TrimSpace(c.fields["people"][0]); strings.TrimSpace(p.Value("people")) != want {
			t.Errorf("the list became %q, want %q", p.Value("people"), want)
		}
	}
	b.Open("/g/membres?q=bob").Shows("Personne ne correspond")
}

// Whoever is invited by address alone goes by it until they have a name.
func TestAnInvitationByAddressAlone(t *testing.T) {
	s := webtest.New(t)
	withMail(s)
	b := s.AsAdmin()
	b.Open("/g/membres/inviter").Fill("people", "bob@example.org").Press("Inviter").Is(200).Shows("1 personne invitée", "Le courriel est en route vers bob@example.org").Hides("/lien/")
	s.Read(func(tx fleet.Tx) error {
		mails, _, err := tx.ListMails(mail.Query{Limit: 10})
		if len(mails) != 1 || mails[0].Purpose != mail.Invite || mails[0].To != "bob@example.org" {
			t.Errorf("the outbox has %+v", mails)
		}
		return err
	})
	b.Open("/g/membres?q=bob").Shows("bob@example.org", "Invité")
}

// S1.30: the link to the registration page goes to one address or a pasted list.
func TestS130_SendTheRegistrationLink(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	p := b.Open("/g/membres").Follow("Envoyer le lien d’inscription").Is(200).Shows("L’inscription par le web est fermée")
	p.Fill("people", "ada@example.org").Press("Envoyer le lien d’inscription").Is(422).Shows("ouvrez-la d’abord")
	s.Write(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{"web": "true"})
		return err
	})
	p = b.Open("/g/membres/inscription").Fill("people", "ada@example.org").Press("Envoyer le lien d’inscription").Is(200)
	p.Shows("Remettez cette adresse vous-même", s.URL+"/nouveau")
	withMail(s)
	b.Open("/g/membres/inscription").Fill("people", "ada@example.org\nBob <bob@example.org>").Press("Envoyer le lien d’inscription").Is(200).Shows("en route vers 2 adresses")
	s.Read(func(tx fleet.Tx) error {
		mails, _, err := tx.ListMails(mail.Query{Limit: 10})
		if len(mails) != 2 || mails[0].Purpose != mail.Register {
			t.Errorf("the outbox has %+v", mails)
		}
		return err
	})
}
