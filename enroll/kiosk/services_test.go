package kiosk

import (
	"fmt"
	"net/http"
	"testing"

	"badged/enroll"
)

func someOffers() []enroll.Offer {
	return []enroll.Offer{
		{ID: 1, Kind: enroll.ServicePrint, French: "Impression", English: "Printing"},
		{ID: 2, Kind: enroll.ServiceCopy, French: "Photocopie", English: "Copies"},
		{ID: 3, Kind: enroll.ServiceScan, French: "Numérisation", English: "Scan"},
		{ID: 4, Kind: enroll.ServiceFax, French: "Télécopie", English: "Fax"},
		{ID: 7, Kind: enroll.ServiceLink, French: "Aide et réservations", English: "Help and bookings", Link: "https://intranet.example.org/aide"},
	}
}

func manyOffers(n int) (offers []enroll.Offer) {
	for i := range n {
		name := fmt.Sprintf("Wolfeschlegelsteinhausenbergerdorff %d", i)
		offers = append(offers, enroll.Offer{ID: uint64(i + 1), Kind: enroll.ServiceKind(i%5 + 1), French: name, English: name, Link: "https://example.org/"})
	}
	return offers
}

// offered is a panel where somebody logged in who has these services.
func offered(t *testing.T, offers ...enroll.Offer) (*desk, *visitor) {
	t.Helper()
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	d.set(func(s *enroll.Screen) { s.Offers, s.Offering = offers, true })
	return d, v
}

// S5.03: on a panel the menu shows only the services that are assigned; one that is not, or
// was taken back meanwhile, leads home.
func TestAPanelShowsOnlyAssignedServices(t *testing.T) {
	d, v := offered(t, someOffers()[:2]...)
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Photocopie", "Impression")
	page.lacks(t, "Numérisation")
	v.get("/p/hall/service?id=2").wants(t, http.StatusOK, "suivez l’écran de l’appareil", "Retour")
	for _, id := range []string{"3", "0", "x", "", "-2", "99"} {
		page := v.get("/p/hall/service?id=" + id)
		page.wants(t, http.StatusOK, "Photocopie")
		page.lacks(t, "suivez l’écran")
	}
	d.set(func(s *enroll.Screen) { s.Lang = "en" })
	v.get("/p/hall").wants(t, http.StatusOK, "Copies", "Printing")
	d.set(func(s *enroll.Screen) { s.Lang, s.Offers = "fr", nil })
	v.get("/p/hall").wants(t, http.StatusOK, "Aucun service ne vous est attribué")
	d.set(func(s *enroll.Screen) { s.Offering = false })
	v.get("/p/hall").wants(t, http.StatusOK, "L’appareil est prêt")
}

// A service that leads to a page shows its address as a QR code for the phone.
func TestAServiceThatIsALinkShowsItsCode(t *testing.T) {
	_, v := offered(t, someOffers()...)
	v.get("/p/hall/service?id=7").wants(t, http.StatusOK, `<path class="ink" d="M`, "https://intranet.example.org/aide")
	_, v = offered(t, enroll.Offer{ID: 1, Kind: 99, French: "<b>Plus tard</b>", English: "Later"})
	v.get("/p/hall").wants(t, http.StatusOK, "&lt;b&gt;Plus tard") // a kind of a later hub
	v.get("/p/hall/service?id=1").wants(t, http.StatusOK, "L’appareil est prêt")
}

// S5.03: whoever has no printing sees no documents, and prints and deletes none.
func TestWithoutPrintingThereAreNoDocuments(t *testing.T) {
	d, v := offered(t, someOffers()[1:]...)
	d.lists(someJobs())
	page := v.get("/p/hall")
	page.lacks(t, "Rapport annuel", "Imprimer")
	v.post("/p/hall/print", fill(page, "job", "all")).leads(t, "/p/hall")
	v.post("/p/hall/delete", fill(page, "job", "3")).leads(t, "/p/hall")
	v.get("/p/hall/delete?job=3").leads(t, "/p/hall")
	if released, deleted := d.drawer.done(); len(released)+len(deleted) > 0 {
		t.Errorf("released %v, deleted %v", released, deleted)
	}
	d.set(func(s *enroll.Screen) { s.Offers = someOffers() })
	page = v.get("/p/hall")
	page.wants(t, http.StatusOK, "Rapport annuel", "Photocopie")
	page.lacks(t, "<span>Impression</span>")
	d.set(func(s *enroll.Screen) { s.Offers = manyOffers(12) })
	v.get("/p/hall").lacks(t, "dorff 11<")
	v.get("/p/hall/services").wants(t, http.StatusOK, "dorff 11<", "Retour")
	d.set(func(s *enroll.Screen) { s.Offers = someOffers()[:1] })
	v.get("/p/hall/services").lacks(t, "Tous les services")
	v.get("/p/hall").lacks(t, `id="tiles"`) // printing alone needs no menu
}
