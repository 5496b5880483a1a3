package workbench

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"badged/sync/hub/api"
)

// press sends a form of the first page to a path below it.
func (p *panel) press(t *testing.T, path, name, value string) {
	t.Helper()
	page, err := p.read(within(t), "")
	if err != nil {
		t.Fatal(err)
	}
	values := url.Values{name: {value}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		values.Set(m[1], m[2])
	}
	if _, err := text(p.send(within(t), http.MethodPost, p.base+path, strings.NewReader(values.Encode()))); err != nil {
		t.Fatal(err)
	}
}

// typePIN touches the keys of a PIN. On a machine so slow that a pause ends the entry, it begins
// again, as people do.
func typePIN(t *testing.T, p *panel, pin string) {
	t.Helper()
	for ctx := within(t); ctx.Err() == nil; {
		p.press(t, "/pin", "keys", "show")
		for _, key := range "*" + pin {
			p.press(t, "/key", "key", string(key))
		}
		if page, err := p.read(within(t), ""); err == nil && strings.Contains(page, "Bienvenue") {
			return
		}
	}
	t.Fatal("the panel goes on asking for the PIN")
}

// S1.28, S1.24, end to end with a real hub and a real agent: a member to whom the hub gave a
// PIN types it on a panel without a keypad and is logged in. The agent's log does not have it.
func TestAMemberLogsInByATouchedPIN(t *testing.T) {
	w := start(t, "")
	p := panelOf(t, w)
	ada, err := w.hub.api.AddAccount(within(t), api.NewAccount{Name: "Ada Byron", Email: "ada@workbench.example", Lang: "fr", State: "active"})
	if err != nil {
		t.Fatal(err)
	}
	pin, err := api.Call[api.PIN](within(t), w.hub.api, http.MethodPost, "/v1/accounts/"+ada.ID+"/pin", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.shows(within(t), "Taper un code PIN"); err != nil { // the terminal has heard of it
		t.Fatal(err)
	}
	typePIN(t, p, pin.PIN)
	if err := p.shows(within(t), "Bienvenue Ada Byron"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(w.printer.log)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), pin.PIN) {
		t.Error("the agent's log has the PIN")
	}
}
