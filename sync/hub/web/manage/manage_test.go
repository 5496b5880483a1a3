package manage_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/manage"
	"badged/sync/hub/web/webtest"
	"badged/sync/wire"
)

func TestTexts(t *testing.T) { webtest.Texts(t, manage.Part(manage.Options{})) }

func person(first, last, email string) people.New {
	return people.New{First: first, Last: last, Email: email, State: people.Active}
}

// lastLine is the newest line of the audit log.
func lastLine(s *webtest.Stand) (last audit.Entry) {
	s.Read(func(tx fleet.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 1}, func(e audit.Entry) error {
			last = e
			return nil
		})
	})
	return last
}

// account reads an account as it is now.
func account(s *webtest.Stand, id people.ID) (a people.Account) {
	s.Read(func(tx fleet.Tx) (err error) {
		a, err = tx.Account(id)
		return err
	})
	return a
}

// manager adds a person who is no administrator and has rights.
func manager(s *webtest.Stand, rights ...people.Right) people.Account {
	a := s.AddPerson(person("Dora", "Desk", "dora@example.org"))
	s.Write(func(tx fleet.Tx) error {
		for _, right := range rights {
			if _, err := people.SetRight(tx.Tx.Tx.Tx, a.ID, right, true); err != nil {
				return err
			}
		}
		return nil
	})
	return a
}

// S3.01: only an administrator creates users; the form has an identity and roles. S3.02: the
// new account is of no use yet.
func TestS301_OnlyAnAdministratorCreatesUsers(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	p := b.Open("/g/membres").Is(200).Follow("Créer un membre").Is(200).Shows("Identité", "Rôles")
	p = p.Fill("first", "Ada").Fill("last", "Byron").Fill("email", "ada@example.org").Fill("role", "user").Press("Créer").Is(200)
	p.Shows("Ada Byron est créé", "Envoyer le courriel d’activation de compte", "Activer le compte automatiquement").Hides("Réinitialiser le mot de passe")
	if e := lastLine(s); e.Action != "account.add" || e.Actor.Kind != audit.Account || e.Actor.Via != "web" {
		t.Errorf("the log says %+v", e)
	}
	member := s.As(s.AddPerson(person("Bob", "Babbage", "bob@example.org")))
	member.Open("/g/membres/nouveau").Is(404)
	member.Post("/g/membres/nouveau", map[string][]string{"first": {"Eve"}, "role": {"admin"}}).Is(404)
	s.Browser().Open("/g/membres/nouveau").Hides("Créer un membre")
	b.Open("/g/membres?q=ada").Shows("Ada Byron", "Créé")
	b.Open("/g/membres?q=eve").Shows("Personne ne correspond")
}

// What is wrong stands beside its field, and what was typed stays.
func TestAWrongFormKeepsWhatWasTyped(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	p := b.Open("/g/membres/nouveau").Fill("first", "Bob").Fill("email", "not an address").Fill("until", "tomorrow").Press("Créer").Is(422)
	p.Shows("Ce n’est pas une date")
	if p.Value("first") != "Bob" || p.Value("email") != "not an address" {
		t.Errorf("the form has %q, %q", p.Value("first"), p.Value("email"))
	}
	p = p.Fill("until", "").Press("Créer").Is(422).Shows("Ce n’est pas une adresse électronique")
	p.Fill("email", "ADA@example.org").Press("Créer").Is(422).Shows("Cette adresse est celle du compte Ada Byron")
}

// S3.05, S3.07: the recommended way is a mail with a link. Without a mail server the link is
// shown once, for the administrator to hand over.
func TestS305_AnActivationByALinkHandedOver(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
	access := "/g/membres/" + people.HexID(ada.ID) + "/acces"
	p := b.Open(access).Shows("Aucun courriel ne part de ce site", "recommandé").Press("Envoyer le courriel d’activation de compte").Is(200)
	p.Shows("Ce lien ouvre le compte de Ada Byron", s.URL+"/lien/")
	if account(s, ada.ID).State != people.Invited {
		t.Errorf("the account is %s", account(s, ada.ID).State)
	}
	_, rest, _ := strings.Cut(p.Text(), "/lien/")
	token, ok := people.ParseToken(strings.Fields(rest)[0])
	if !ok {
		t.Fatal("the page shows no token")
	}
	again := b.Open(access).Press("Envoyer le courriel d’activation de compte").Is(200)
	again.Hides(token.Reveal())
	s.Read(func(tx fleet.Tx) error {
		_, state, err := people.LookUpLink(tx.Tx.Tx.Tx, token)
		if state != people.LinkReplaced {
			t.Errorf("the former link is %s", state)
		}
		return err
	})
}

// S3.06: an activation without a mail warns, and wants a reason that the log keeps.
func TestS306_AnActivationByHandWantsAReason(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
	p := b.Open("/g/membres/" + people.HexID(ada.ID) + "/acces").Follow("Activer le compte automatiquement").Is(200)
	p.Shows("Préférez le courriel", "Le journal garde votre nom et le motif")
	p = p.Press("Activer le compte").Is(422).Shows("Dites pourquoi")
	if account(s, ada.ID).State != people.Created {
		t.Error("the account is active without a reason")
	}
	p.Fill("reason", "le courriel n’arrive pas").Press("Activer le compte").Is(200).Shows("Le compte est activé", "Réinitialiser le mot de passe")
	if e := lastLine(s); e.Action != "account.activate" || !strings.Contains(string(e.After), "le courriel n’arrive pas") {
		t.Errorf("the log says %s %s", e.Action, e.After)
	}
	b.Open("/g/membres/"+people.HexID(ada.ID)+"/historique").Shows("Compte activé à la main", "le courriel n’arrive pas", "Grace Hopper")
}

// S3.08: a reset is there only after the activation; its address refuses before.
func TestS308_AResetOnlyAfterTheActivation(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
	path := "/g/membres/" + people.HexID(ada.ID) + "/acces"
	b.Open(path).Hides("Réinitialiser le mot de passe")
	b.Post(path+"/mot-de-passe", nil).Is(409).Shows("qu’après l’activation")
	s.Write(func(tx fleet.Tx) error {
		_, err := people.ActivateByHand(tx.Tx.Tx.Tx, ada.ID, "test")
		return err
	})
	b.Open(path).Hides("Envoyer le courriel d’activation").Press("Réinitialiser le mot de passe").Is(200).Shows("/lien/")
	b.Post(path+"/courriel", nil).Is(409)
}

// O4, S2.25: the last day of an account counts in full, also where clocks skip the midnight
// after it.
func TestTheLastDayOfAnAccountCountsInFull(t *testing.T) {
	s := webtest.New(t)
	s.Write(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{"time_zone": "America/Havana"})
		return err
	})
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	s.AsAdmin().Open("/g/membres/"+people.HexID(ada.ID)).Fill("until", "2027-03-13").Press("Enregistrer").Is(200)
	if got, want := account(s, ada.ID).Expires.UTC().Format(time.RFC3339), "2027-03-14T05:00:00Z"; got != want {
		t.Errorf("the account ends at %s, want %s", got, want)
	}
}

// O4: a person can be renamed, corrected, moved, suspended and erased.
func TestO4_APersonCanBeChanged(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	s.Write(func(tx fleet.Tx) error {
		_, err := people.AddGroup(tx.Tx.Tx.Tx, "Étage 2")
		return err
	})
	path := "/g/membres/" + people.HexID(ada.ID)
	p := b.Open(path).Fill("last", "Lovelace").Fill("email", "ada@lovelace.org").Fill("group", "1").Fill("until", "2031-12-31").Press("Enregistrer").Is(200)
	p.Shows("C’est enregistré", "Ada Lovelace")
	if p.Value("until") != "2031-12-31" || p.Value("group") != "1" {
		t.Errorf("the page has until %q, group %q", p.Value("until"), p.Value("group"))
	}
	b.Open("/g/membres?groupe=1").Shows("Ada Lovelace").Hides("Grace Hopper")
	b.Open(path).Follow("Suspendre").Shows("Suspendre Ada Lovelace").Press("Suspendre").Is(200).Shows("Le compte est suspendu").Press("Rétablir").Shows("Le compte est de nouveau actif")
	b.Open(path + "/donnees").Follow("Effacer ce compte…").Shows("définitif").Press("Effacer pour toujours").Is(200).Shows("Le compte est effacé").Hides("appliqué par")
	if a := account(s, ada.ID); a.State != people.Erased || a.Email != "" {
		t.Errorf("it is %+v", a)
	}
	b.Open(path).Shows("plus rien n’y change")
}

// S5.01: the last administrator who can log in stays one.
func TestS501_TheLastAdministratorStays(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	var grace people.Account
	s.Write(func(tx fleet.Tx) (err error) {
		if grace, err = people.Find(tx.Tx.Tx.Tx, "grace@example.org"); err == nil {
			err = people.SetPassword(tx.Tx.Tx.Tx, grace.ID, "$argon2id$v=19$m=65536,t=3,p=1$AAAA$AAAA")
		}
		return err
	})
	b.SignIn(grace.ID)
	path := "/g/membres/" + people.HexID(grace.ID)
	b.Open(path+"/roles").Fill("role", "user").Press("Enregistrer").Is(422).Shows("dernier administrateur")
	b.Open(path + "/suspendre").Press("Suspendre").Is(422).Shows("dernier administrateur")
	b.Open(path + "/effacer").Press("Effacer pour toujours").Is(422).Shows("dernier administrateur")
}

// A person who may manage members alone appoints nobody, and takes no administrator's link.
func TestAreasLetNobodyClimb(t *testing.T) {
	s := webtest.New(t)
	s.AsAdmin()
	desk := s.AddPerson(person("Dora", "Desk", "dora@example.org"))
	var grace people.Account
	s.Write(func(tx fleet.Tx) (err error) {
		if _, err = people.SetRight(tx.Tx.Tx.Tx, desk.ID, people.ManageMembers, true); err == nil {
			grace, err = people.Find(tx.Tx.Tx.Tx, "grace@example.org")
		}
		return err
	})
	b := s.As(desk)
	b.Open("/g/membres").Is(200)
	mine, hers := "/g/membres/"+people.HexID(desk.ID), "/g/membres/"+people.HexID(grace.ID)
	b.Open(mine+"/roles").Fill("role", "admin").Press("Enregistrer").Is(422)
	b.Post(hers+"/acces/mot-de-passe", nil).Is(403)
	b.Post(hers+"/connexions", nil).Is(403) // she would be signed out as often as she logs in
	b.Open(hers).Fill("email", "dora2@example.org").Press("Enregistrer").Is(422)
	b.Open("/g/membres/nouveau").Fill("first", "Eve").Fill("email", "eve@example.org").Fill("role", "admin").Press("Créer").Is(422)
	if a := account(s, desk.ID); a.Role != people.User {
		t.Error("she is an administrator")
	}
}

// PEOPLE §5.4: what lets somebody in, gives rights or takes people away wants a log-in of the
// last ten minutes, and so do the pages with its forms. Looking at lists does not.
func TestWhatHurtsWantsAFreshLogIn(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	path := "/g/membres/" + people.HexID(s.AddPerson(person("Ada", "Byron", "ada@example.org")).ID)
	undo := "/g/import/" + strings.Repeat("0", 32) + "/reprendre"
	s.Advance(11 * time.Minute)
	for _, page := range []string{
		path, path + "/roles", path + "/effacer", path + "/acces", path + "/acces/activer", "/g/membres/nouveau", "/g/membres/inviter",
		"/g/membres/inscription", "/g/import", undo, "/g/terminaux/nouveau",
	} {
		if p := b.Open(page); !strings.HasPrefix(p.Path, "/confirmer?to=") {
			t.Errorf("%s shows %s", page, p.Path)
		}
	}
	for _, form := range []string{
		path, path + "/roles", path + "/effacer", path + "/acces/activer", path + "/acces/courriel", path + "/acces/mot-de-passe", "/g/membres",
		"/g/membres/nouveau", "/g/membres/inviter", "/g/membres/inscription", "/g/import", "/g/import/confirmer", undo, "/g/terminaux/nouveau",
	} {
		if p := b.Post(form, nil); !strings.HasPrefix(p.Path, "/confirmer?") {
			t.Errorf("a form to %s shows %s", form, p.Path)
		}
	}
	for _, list := range []string{"/g/membres", "/g/terminaux", path + "/historique"} {
		b.Open(list).Is(200)
	}
}

// A list of many people comes in pages that lead on, and is searched at the hub.
func TestAListComesInPages(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.Write(func(tx fleet.Tx) error {
		for i := range 120 {
			if _, err := people.Add(tx.Tx.Tx.Tx, person("Zoe", "Nr"+string(rune('A'+i/26))+string(rune('A'+i%26)), "")); err != nil {
				return err
			}
		}
		return nil
	})
	seen := 0
	for p := b.Open("/g/membres?genre=person"); ; p = p.Follow("Page suivante").Is(200) {
		seen += strings.Count(p.Body, `name="id"`)
		if !p.HasLink("Page suivante") {
			break
		}
	}
	if seen != 121 {
		t.Errorf("the pages show %d people, want 121", seen)
	}
	b.Open("/g/membres?q=nrae").Shows("Zoe NrAE").Hides("Zoe NrAF")
	b.Open("/g/membres?after=nonsense").Is(400)
}

// Cells that a spreadsheet would calculate are text.
func TestAnExportCalculatesNothing(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(person("Ada", "Byron", "+ada@example.org"))
	s.Write(func(tx fleet.Tx) error {
		g, err := people.AddGroup(tx.Tx.Tx.Tx, "=cmd|'/C calc'!A0")
		if err == nil {
			_, err = people.SetMember(tx.Tx.Tx.Tx, g, ada.ID, true)
		}
		return err
	})
	p := b.Open("/g/membres").Follow("Exporter (CSV)").Is(200)
	if !strings.HasPrefix(p.Body, "\ufeffPrénom;Nom de famille;") || !strings.Contains(p.Body, "\r\nAda;Byron;'+ada@example.org;Actif;") || !strings.Contains(p.Body, ";'=cmd|'/C calc'!A0\r\n") {
		t.Errorf("the file is %q", p.Body)
	}
	if e := lastLine(s); e.Action != "account.list" {
		t.Errorf("the log says %s", e.Action)
	}
	b.Lang = "en"
	if p := b.Open("/g/membres/export"); !strings.Contains(p.Body, "First name,Last name,E-mail") {
		t.Errorf("the English file is %q", p.Body)
	}
}

// Applications are nobody: neither the list of members nor its file has them, whatever is
// searched for.
func TestApplicationsAreNoMembers(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	s.Write(func(tx fleet.Tx) error {
		return tx.PutAccount(people.Account{ID: people.ID{7}, Kind: people.Service, First: "Comptoir", State: people.Active, Role: people.User, Created: tx.Now})
	})
	for _, query := range []string{"", "?q=comptoir", "?etat=active", "?genre=service"} {
		b.Open("/g/membres" + query).Is(200).Hides("Comptoir")
		if p := b.Open("/g/membres/export" + query); strings.Contains(p.Body, "Comptoir") {
			t.Errorf("the file%s has the application: %q", query, p.Body)
		}
	}
	b.Open("/g/membres").Shows("Ada Byron")
}

// A group that gives doors is a right at doors: whoever manages members alone puts nobody in
// it and takes nobody out, by no form; groups without doors are theirs to change.
func TestGroupsThatGiveDoorsNeedTheRightToDoors(t *testing.T) {
	s := webtest.New(t)
	dora, ada := manager(s, people.ManageMembers), s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	addDoors(s, "front")
	s.Write(func(tx fleet.Tx) error {
		techs, err := people.AddGroup(tx.Tx.Tx.Tx, "Techniciens")
		if err != nil {
			return err
		}
		if _, err = people.AddGroup(tx.Tx.Tx.Tx, "Chorale"); err != nil {
			return err
		}
		if _, err = people.SetMember(tx.Tx.Tx.Tx, techs, ada.ID, true); err != nil {
			return err
		}
		_, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Group: "Techniciens", Door: "front"})
		return err
	})
	groups := func(a people.Account) (ids []uint64) {
		s.Read(func(tx fleet.Tx) (err error) {
			ids, err = tx.GroupsOf(a.ID)
			return err
		})
		return ids
	}
	b := s.As(dora)
	path := "/g/membres/" + people.HexID(ada.ID)
	b.Open(path).Is(200).Shows("Chorale").Hides("Techniciens").Fill("group", "2").Press("Enregistrer").Is(200)
	if got := groups(ada); !slices.Equal(got, []uint64{1, 2}) {
		t.Errorf("Ada is in %v", got)
	}
	own := url.Values{"first": {"Dora"}, "last": {"Desk"}, "email": {"dora@example.org"}, "group": {"1"}}
	b.Post("/g/membres/"+people.HexID(dora.ID), own).Is(422).Shows("n’a pas le droit qu’il faut")
	b.Post("/g/membres/nouveau", url.Values{"first": {"Eve"}, "last": {"Adams"}, "role": {"user"}, "group": {"1"}}).Is(422)
	b.Open("/g/membres/inviter").Shows("Chorale").Hides("Techniciens")
	b.Post("/g/membres/inviter", url.Values{"people": {"Eve Adams <eve@example.org>"}, "group": {"1"}}).Is(422)
	file := "Prénom;Nom;Adresse;Groupe\r\nDora;Desk;dora@example.org;techniciens\r\nAda;Byron;ada@example.org;Techniciens\r\n"
	p := b.Upload("/g/import", "file", "list.csv", []byte(file)).Is(200).Shows("n’a pas le droit qu’il faut")
	finished(t, b, p.Press("Importer 2 lignes").Is(200).Path).Shows("n’a pas le droit qu’il faut")
	if got := groups(dora); len(got) != 0 {
		t.Errorf("Dora let herself into %v", got)
	}
	s.Write(func(tx fleet.Tx) error {
		_, err := people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageDoors, true)
		return err
	})
	b.Open(path).Shows("Techniciens").Fill("group").Press("Enregistrer").Is(200)
	if got := groups(ada); len(got) != 0 {
		t.Errorf("Ada is still in %v", got)
	}
}

// S5.10: after an erasure the page says how many terminals have it, «12 sur 14», and the board
// says so until all have.
func TestS510_AnErasureIsFollowed(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	rev := func(behind uint64) (v []wire.CollectionState) {
		s.Read(func(tx fleet.Tx) error {
			row, err := tx.Row(wire.Accounts, "", ada.ID[:])
			v = []wire.CollectionState{{Collection: wire.Accounts, Rev: row.Rev - behind}}
			return err
		})
		return v
	}
	has := func(name string, v []wire.CollectionState) {
		s.Write(func(tx fleet.Tx) error {
			return tx.PutTerminal(fleet.Terminal{Name: name, Cert: []byte("cert"), Public: make([]byte, 32), Vector: v})
		})
	}
	for _, name := range []string{"hall", "yard"} {
		has(name, rev(0))
	}
	b.Open("/g").Hides("effacement")
	path := "/g/membres/" + people.HexID(ada.ID)
	p := b.Open(path + "/effacer").Press("Effacer pour toujours").Is(200)
	p.Shows("Effacé à ", "appliqué par 0 terminal sur 2", "pas encore : hall, yard.")
	has("hall", rev(0))
	b.Open("/g").Shows("1 effacement n’est pas encore sur tous les terminaux").Follow("Voir les comptes effacés").Is(200)
	b.Open(path+"/donnees").Shows("appliqué par 1 terminal sur 2", "pas encore : yard.")
	has("yard", rev(0))
	b.Open(path + "/donnees").Shows("appliqué par 2 terminaux sur 2").Hides("pas encore")
	b.Open("/g").Hides("effacement")
}

// Many members at once: a harsh step is confirmed, and one refusal holds up no other.
func TestManyAtOnce(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org"})
	bob := s.AddPerson(person("Bob", "Babbage", "bob@example.org"))
	ids := []string{people.HexID(ada.ID), people.HexID(bob.ID)}
	b.Open("/g/membres").Press("Faire").Shows("Cochez d’abord")
	p := b.Open("/g/membres").Fill("id", ids...).Fill("action", "suspendre").Press("Faire").Is(200).Shows("Suspendre 2 membres")
	if account(s, bob.ID).State != people.Active {
		t.Fatal("it was done without being confirmed")
	}
	p.Press("Suspendre").Shows("Fait pour 2 membres sur 2")
	if account(s, bob.ID).State != people.Suspended {
		t.Error("it was not done")
	}
	b.Open("/g/membres").Fill("id", ids...).Fill("action", "retablir").Press("Faire").Shows("Fait pour 2 membres sur 2")
	carl := s.AddPerson(people.New{First: "Carl", Last: "Gauss", Email: "carl@example.org"})
	b.Open("/g/membres").Fill("id", people.HexID(carl.ID), ids[1]).Fill("action", "retablir").Press("Faire").Shows("Fait pour 0 membres sur 2")
	if account(s, carl.ID).State != people.Created {
		t.Error("who was never active became so without a reason")
	}
	b.Open("/g/membres").Fill("id", people.HexID(carl.ID), ids[1]).Fill("action", "courriel").Press("Faire").Shows("Remettez ces liens", "Carl Gauss").Hides("Bob Babbage")
}

// Names and addresses that look like script are text on every page.
func TestNoPageRunsWhatPeopleWrite(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	const evil = `<script>alert(1)</script>`
	ada := s.AddPerson(person(evil, `"><img src=x onerror=alert(1)>`, "ada@example.org"))
	path := "/g/membres/" + people.HexID(ada.ID)
	for _, p := range []string{"/g/membres", path, path + "/roles", path + "/acces", path + "/connexions", path + "/historique", path + "/donnees", path + "/cartes", path + "/portes", path + "/suspendre", path + "/effacer"} {
		b.Open(p).Is(200).Shows(evil)
		if body := b.Open(p).Body; strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s runs it", p)
		}
	}
}
