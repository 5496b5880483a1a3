package me_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// label prepares a card, and gives the path of its QR code.
func (s stand) label(number string) (path string) {
	s.t.Helper()
	s.access(func(tx access.Tx) error {
		made, err := access.PrepareLabels(tx, []access.ID{s.Hub.SiteKey().Card(number)}, "")
		if err == nil {
			path = "/c/" + made[0].Token.Reveal()
		}
		return err
	})
	return path
}

// S2.03: a phone that scans the QR code asks, and a pressed button binds; the page of the
// steps says so. To open it changes nothing.
func TestTheQRCodeAsksAndBinds(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	path := s.label("1111")
	desk, phone := s.As(ada), s.As(ada)
	steps := desk.Open("/moi/carte").Press(held).Shows(scan)
	s.Browser().Open(path).Shows("Se connecter")
	p := phone.Open(path).Is(200).Shows("Elle n’est à personne", "Ada Byron")
	phone.Open(path)
	if s.card("1111").State != "" {
		t.Fatal("opening the page bound the card")
	}
	p.Press("Enregistrer cette carte").Is(200).Shows("Votre carte est enregistrée")
	desk.Open(steps.Path).Shows("Votre carte est enregistrée")
	phone.Open(path).Shows("déjà la vôtre")
}

// S2.19: another's card is refused without a name, and an operator sees it.
func TestTheQRCodeOfAnothersCardNamesNobody(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	bob := s.AddPerson(people.New{First: "Bob", Last: "Babbage", State: people.Active})
	path := s.label("1111")
	p := s.As(bob).Open(path)
	s.give(ada, "1111")
	p.Press("Enregistrer cette carte").Is(422).Shows("ne peut pas être enregistrée").Hides("Ada", "Byron")
	s.As(bob).Open(path).Shows("ne peut pas être enregistrée").Hides("Ada", "Byron")
	s.Read(func(tx fleet.Tx) error {
		open, err := tx.OpenConflicts(s.Hub.SiteKey().Card("1111"))
		if len(open) != 1 || open[0].Other != bob.ID {
			t.Errorf("%+v", open)
		}
		return err
	})
	s.As(bob).Open("/c/AAAAAAAAAAAAAAAAAAAAAA").Is(404).Shows("n’est pas celui d’une carte")
}

// S2.18: somebody who manages cards scans one for a member; a member cannot.
func TestACardIsScannedForAMember(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	path := s.label("1111")
	s.AsAdmin().Open(path).Fill("owner", "ada@example.org").Press("Enregistrer cette carte").Shows("enregistrée pour Ada Byron")
	if s.card("1111").Account != ada.ID {
		t.Error("the card is not the member's")
	}
	bob := s.AddPerson(people.New{First: "Bob", Last: "Babbage", State: people.Active})
	other := s.label("2222")
	s.As(bob).Open(other).Hides(`name="owner"`)
	s.As(bob).Post(other, url.Values{"owner": {"ada@example.org"}})
	if s.card("2222").Account != bob.ID {
		t.Error("a member registered a card for another one")
	}
}

// S2.24: «Ce n'est pas moi» takes a card back in one step, from the page and from the mail.
func TestACardIsTakenBack(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	p := b.Open("/moi/carte").Press(held).Press(noQR)
	s.present(ada, "1111")
	b.Open(p.Path).Follow("Ce n’est pas moi").Press("Ce n’est pas moi, la retirer").Shows("plus à votre nom")
	if s.card("1111").State != "" {
		t.Error("the card is still somebody's")
	}
	b.Open(p.Path).Shows("n’est plus à ce nom")

	s.give(ada, "2222")
	link := s.link(mail.CardBound, ada)
	nobody := s.Browser()
	undo := nobody.Open(link).Is(200).Shows("Est-ce votre carte", access.ShortCard(s.card("2222").ID))
	nobody.Open(link)
	if s.card("2222").State != access.CardActive {
		t.Fatal("opening the link took the card back")
	}
	undo.Press("Ce n’est pas moi : retirer la carte").Is(200).Shows("La carte est retirée")
	if s.card("2222").State != "" {
		t.Error("the card is still somebody's")
	}
}

// link is the path of the link in the last mail of a purpose to an account.
func (s stand) link(p mail.Purpose, a people.Account) (path string) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) error {
		page, _, err := tx.ListMails(mail.Query{Account: a.ID, Limit: 100})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(page, func(m mail.Mail) bool { return m.Purpose == p })
		f, err := tx.MailKey.Open(page[i])
		path = strings.TrimPrefix(f["link"], s.URL)
		return err
	})
	return path
}

// A lost card is dead by one button of its owner.
func TestALostCardIsOneButton(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	s.give(ada, "1111")
	s.As(ada).Open("/moi/cartes").Follow("Je l’ai perdue").Shows("n’ouvrira plus rien").Press("Déclarer perdue").Shows("perdue")
	if got := s.card("1111").State; got != access.CardLost {
		t.Errorf("the card is %s", got)
	}
	bob := s.As(s.AddPerson(people.New{First: "Bob", Last: "Babbage", State: people.Active}))
	short := access.ShortCard(s.card("1111").ID)
	for _, deed := range []string{"perdue", "pas-moi", "confirmer"} {
		bob.Post("/moi/cartes/"+short+"/"+deed, nil).Is(404)
	}
}

// S2.24: where owners confirm, a new card opens nothing before its owner says so on the page.
func TestTheOwnerConfirmsOnThePage(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	s.access(func(tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"confirm": "owner"})
		return err
	})
	b := s.As(ada)
	p := b.Open("/moi/carte").Press(held).Press(noQR)
	s.present(ada, "1111")
	if got := s.card("1111").State; got != access.CardPending {
		t.Fatalf("the card is %s", got)
	}
	b.Open("/moi").Shows("attend que vous disiez")
	b.Open(p.Path).Shows("attend une confirmation").Press("C’est bien ma carte").Shows("La carte est confirmée")
	if got := s.card("1111").State; got != access.CardActive {
		t.Errorf("the card is %s", got)
	}
}

var pinShown = regexp.MustCompile(`\b[0-9]{6}\b`)

// S1.24, S1.19: a new PIN is drawn and shown once, to who has just proved who they are.
func TestANewPINIsShownOnce(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	p := b.Open("/moi/pin").Shows("Vous n’avez pas de code PIN").Press("Nouveau code PIN").Is(200)
	pin := pinShown.FindString(p.Text())
	if pin == "" {
		t.Fatal("no PIN is shown")
	}
	b.Open("/moi/pin").Shows("Vous avez un code PIN").Hides(pin)
	s.Read(func(tx fleet.Tx) error {
		found, err := tx.PINByMAC(s.Hub.SiteKey().PIN(pin))
		if found.Account != ada.ID {
			t.Error("the PIN is another's")
		}
		return err
	})
	s.Advance(11 * time.Minute)
	b.Post("/moi/pin", nil).Hides("Votre nouveau code PIN")
}

// S3.12: each person chooses which notices come by mail.
func TestAMemberChoosesNotices(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	p := b.Open("/moi/profil").Is(200)
	b.Post("/moi/profil/courriels", url.Values{"mail": {"card-stopped"}}).Shows("enregistré")
	s.Read(func(tx fleet.Tx) error {
		muted, err := tx.MutedMails(ada.ID)
		if !slices.Equal(muted, []mail.Purpose{mail.CardBound, mail.CardUndone}) {
			t.Errorf("%v", muted)
		}
		return err
	})
	p.Fill("name", "Ada King").Fill("lang", "en").Press("Enregistrer").Is(200).Shows("It is saved.")
	s.Read(func(tx fleet.Tx) error {
		a, err := tx.Account(ada.ID)
		if a.FullName() != "Ada King" || a.NameAttested || a.Lang != "en" {
			t.Errorf("%s, attested %v, %s", a.FullName(), a.NameAttested, a.Lang)
		}
		return err
	})
	b.Post("/moi/profil", url.Values{"name": {"anonym7"}}).Is(422)
}

// Issue 8, 3: a name that a terminal reports of somebody whose name is vouched for waits for
// that person, on the first page and on the profile, and takes one press to take or refuse.
func TestANameThatATerminalReportsWaitsForItsOwner(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b := s.As(ada)
	for _, want := range []struct{ press, shows, name string }{
		{"Ce n’est pas moi", "Votre nom reste le même.", "Ada Byron"},
		{"C’est moi, prendre ce nom", "C’est votre nom maintenant.", "Ada King"},
	} {
		s.typeName(ada, "Ada King")
		b.Open("/moi").Shows("Quelqu’un a changé votre nom à un terminal.")
		b.Open("/moi/profil").Shows("Ada King", "Vous vous appelez toujours Ada Byron.").Press(want.press).Is(200).Shows(want.shows).Hides(want.press)
		s.Read(func(tx fleet.Tx) error {
			a, err := tx.Account(ada.ID)
			if a.FullName() != want.name {
				t.Errorf("%s: %s", want.press, a.FullName())
			}
			return err
		})
		b.Open("/moi").Hides("Quelqu’un a changé votre nom")
	}
}

// typeName lets a terminal report that somebody typed a name.
func (s stand) typeName(a people.Account, name string) {
	s.t.Helper()
	s.access(func(tx access.Tx) error {
		_, err := people.PanelEdit(tx.Tx, people.Typed{
			Account: a.ID, Terminal: "hall", At: tx.Now, Profile: people.Profile{Name: name, Lang: "fr"},
		})
		return err
	})
}

// S1.14: with profile editing off, the language alone can be changed.
func TestANameIsFixedWhereProfilesAre(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	s.access(func(tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"edit_profile": "false"})
		return err
	})
	b := s.As(ada)
	b.Open("/moi/profil").Hides(`name="name"`)
	b.Post("/moi/profil", url.Values{"name": {"Eve Adams"}, "lang": {"en"}})
	s.Read(func(tx fleet.Tx) error {
		a, err := tx.Account(ada.ID)
		if a.FullName() != "Ada Byron" || a.Lang != "en" || !a.NameAttested {
			t.Errorf("%s %s", a.FullName(), a.Lang)
		}
		return err
	})
}

// S5.10: a person gets what the hub keeps about them as a file, and erases their account.
func TestAPersonExportsAndErasesTheirData(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	short := s.give(ada, "1111")
	b := s.As(ada)
	file := b.Open("/moi/donnees").Press("Télécharger").Is(200)
	var got struct {
		Account map[string]any
		Cards   []struct{ Card string }
		Doors   []string
	}
	if err := json.Unmarshal([]byte(file.Body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Account["first"] != "Ada" || len(got.Cards) != 1 || got.Cards[0].Card != short || !slices.Equal(got.Doors, []string{"front"}) {
		t.Errorf("%+v", got)
	}
	b.Open("/moi/donnees/effacer").Shows("définitif").Press("Effacer définitivement").Is(200)
	s.Read(func(tx fleet.Tx) error {
		a, err := tx.Account(ada.ID)
		if a.State != people.Erased || a.First != "" {
			t.Errorf("%+v", a)
		}
		return err
	})
	b.Open("/moi").Shows("Se connecter")
	grace := s.AddPerson(people.New{First: "Grace", Last: "Hopper", Email: "grace@example.org", State: people.Active, Role: people.Admin})
	s.access(func(tx access.Tx) error { return people.SetPassword(tx.Tx, grace.ID, "$argon2id$none") })
	admin := s.As(grace)
	admin.Post("/moi/donnees/effacer", nil).Is(409).Shows("dernier administrateur")
}

// A member changes their password: every other session ends, this browser stays.
func TestChangingThePasswordEndsOtherSessions(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	b, other := s.As(ada), s.As(ada)
	p := b.Open("/moi/securite").Follow("Changer de mot de passe")
	p.Fill("password", "short").Press("Définir").Is(422).Shows("trop court")
	b.Post("/moi/securite/mot-de-passe", url.Values{"do": {"propose"}}).Shows("Proposition")
	p.Fill("password", "quatre grenouilles vertes chantent").Press("Définir").Is(200).Shows("Votre mot de passe est changé")
	other.Open("/moi").Shows("Se connecter")
	third := s.As(ada)
	b.Open("/moi/securite").Press("Se déconnecter partout ailleurs").Shows("que dans ce navigateur")
	third.Open("/moi").Shows("Se connecter")
	b.Open("/moi").Shows("Bonjour Ada Byron")
}

// S5.07: a member's new password is judged as one that is chosen at the door: it may not be
// made of the name of the product, of the site or of the member.
func TestANewPasswordIsJudgedAsAtTheDoor(t *testing.T) {
	s := newStand(t)
	s.access(func(tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"name": "Clos Saint-Marc"})
		return err
	})
	p := s.As(s.ada()).Open("/moi/securite").Follow("Changer de mot de passe")
	for _, typed := range []string{"badged-2026-azerty", "ClosSaint-Marc2026", "Byron-Byron-Byron-2026"} {
		p = p.Fill("password", typed).Press("Définir").Is(422).Shows("Il se devine trop vite").Hides(typed)
	}
}

// Home says what to do next, and why nothing opens.
func TestHomeSaysWhatToDoNext(t *testing.T) {
	s := newStand(t)
	bob := s.AddPerson(people.New{First: "Bob", State: people.Active})
	b := s.As(bob)
	b.Open("/moi").Shows("Vous n’avez pas encore de carte", "aucune porte")
	s.access(func(tx access.Tx) error {
		_, err := people.Change(tx.Tx, bob.ID, people.Changes{Last: ptr("Babbage")})
		if err == nil {
			_, _, err = access.AddGrant(tx, access.NewGrant{Account: people.HexID(bob.ID), Door: "front"})
		}
		return err
	})
	s.give(bob, "1111")
	b.Open("/moi").Shows("Tout est en ordre", "front")
	s.access(func(tx access.Tx) error {
		_, err := people.Change(tx.Tx, bob.ID, people.Changes{Last: ptr("")})
		return err
	})
	b.Open("/moi").Shows("attendent votre prénom et votre nom").Follow("Compléter mon profil").Is(200)
}

func ptr[T any](v T) *T { return &v }

// A member sees their own passages, in words, and nobody else's.
func TestPassagesAreOnesOwn(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	bob := s.AddPerson(people.New{First: "Bob", Last: "Babbage", State: people.Active})
	s.As(ada).Open("/moi/passages").Shows("Aucun passage", "3 mois")
	s.Write(func(tx fleet.Tx) error {
		if err := tx.PutTerminal(fleet.Terminal{Name: "front-box"}); err != nil {
			return err
		}
		if err := s.pass(tx, 1, ada, wire.OutcomeGranted, wire.ReasonKnownCard); err != nil {
			return err
		}
		return s.pass(tx, 2, bob, wire.OutcomeRefused, wire.ReasonNoGrant)
	})
	s.As(ada).Open("/moi/passages").Shows("front", "accepté", "Votre carte a été reconnue.").Hides("refusé")
	s.As(bob).Open("/moi/passages").Shows("refusé", "Vous n’avez pas de droit à cette porte.").Hides("accepté")
	s.As(ada).Open("/moi/passages?after=x").Is(404)
}
