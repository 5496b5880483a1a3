package workbench

import "testing"

// panelOf opens the panel of the printer.
func panelOf(t *testing.T, w *Workbench) *panel {
	t.Helper()
	p, err := (&story{Workbench: w}).panel(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// S1.31: a workbench whose page is in English begins with an English panel, and who comes
// is greeted in English.
func TestThePanelBeginsWithThePagesLanguage(t *testing.T) {
	w := start(t, "")
	p := panelOf(t, w)
	if err := p.shows(within(t), "Présentez votre badge"); err != nil {
		t.Fatal(err)
	}
	if err := w.doDeed(within(t), "lang", deed{Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	if err := p.shows(within(t), "Present your badge"); err != nil {
		t.Fatal(err)
	}
	b, err := w.tray.deal()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.doDeed(within(t), "tap", deed{Badge: b.id, At: "printer"}); err != nil {
		t.Fatal(err)
	}
	if err := p.shows(within(t), "Welcome anonym1"); err != nil {
		t.Fatal(err)
	}
	if err := w.doDeed(within(t), "lang", deed{Lang: "xx"}); err == nil {
		t.Error("a language that nobody speaks was taken")
	}
}
