package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"badged/sync/hub/api"
)

// offerServices assigns services, gives rights and publishes a notice.
func (s *site) offerServices(ada api.Account) {
	s.t.Helper()
	if all := s.services("/v1/services"); all != "Printing" {
		s.t.Errorf("a new site offers %s", all)
	}
	must[api.Service](s, "POST", "/v1/services", object{"kind": "copy", "fr": "Copie", "en": "Copies"})
	must[api.Service](s, "POST", "/v1/services", object{"kind": "link", "fr": "Aide", "en": "Help", "link": "https://example.com/"})
	must[api.Service](s, "PATCH", "/v1/services/Copie", object{"en": "Photocopies"})
	must[api.Service](s, "PUT", "/v1/services/Photocopies/accounts/"+ada.ID, nil)
	if got := must[api.Service](s, "PUT", "/v1/services/Aide/groups/Team", nil); !slices.Equal(got.Groups, []string{"Team"}) {
		s.t.Errorf("a service of a group: %+v", got)
	}
	if seen := s.services("/v1/accounts/" + ada.ID + "/services"); seen != "Printing, Photocopies, Help" {
		s.t.Errorf("she sees %s", seen)
	}
	if who := must[api.Page[api.Account]](s, "GET", "/v1/services/Photocopies/accounts?limit=1", nil); len(who.Items) != 1 || who.Items[0].ID != ada.ID {
		s.t.Errorf("who has it: %+v", who)
	} else if rest := must[api.Page[api.Account]](s, "GET", "/v1/services/Photocopies/accounts?after="+who.Next, nil); len(rest.Items) > 0 {
		s.t.Errorf("and then: %+v", rest)
	}
	must[api.Service](s, "DELETE", "/v1/services/Photocopies/accounts/"+ada.ID, nil)
	must[api.Service](s, "DELETE", "/v1/services/Aide/groups/Team", nil)
	must[object](s, "DELETE", "/v1/services/Aide", nil)
	if seen := s.services("/v1/accounts/" + ada.ID + "/services"); seen != "Printing" {
		s.t.Errorf("after all was taken back she sees %s", seen)
	}
	if got := must[api.Account](s, "PUT", "/v1/accounts/"+ada.ID+"/rights/cards", nil); !slices.Equal(got.Rights, []string{"cards"}) {
		s.t.Errorf("rights %v", got.Rights)
	}
	if got := must[api.Page[api.Account]](s, "GET", "/v1/managers", nil); len(got.Items) != 3 {
		s.t.Errorf("who may manage: %+v", got.Items)
	}
	if got := must[api.Account](s, "DELETE", "/v1/accounts/"+ada.ID+"/rights/cards", nil); len(got.Rights) > 0 {
		s.t.Errorf("rights %v", got.Rights)
	}
	n := object{"fr": "Vos données", "en": "Your data", "short_fr": "Court", "short_en": "Short"}
	if got := must[api.Notice](s, "POST", "/v1/notices", n); got.Version != 1 || got.French != "Vos données" {
		s.t.Errorf("notice %+v", got)
	}
	if got := must[api.Page[api.Notice]](s, "GET", "/v1/notices", nil); len(got.Items) != 1 {
		s.t.Errorf("notices %+v", got)
	}
	must[api.Page[api.NoticeAnswer]](s, "GET", "/v1/accounts/"+ada.ID+"/answers", nil)
}

// services are the English names of a list of services.
func (s *site) services(path string) string {
	s.t.Helper()
	var names []string
	for _, o := range must[api.Page[api.Service]](s, "GET", path, nil).Items {
		names = append(names, o.English)
	}
	return strings.Join(names, ", ")
}

// S5.04: over the API too, what the organisation does not have cannot be assigned; the words
// list what it has, and a cursor that no page gave is refused.
func TestTheAPIAssignsOnlyWhatThereIs(t *testing.T) {
	s := newSite(t)
	ada := must[api.Account](s, "POST", "/v1/accounts", object{"name": "Ada Byron"})
	for path, want := range map[string]string{
		"PUT /v1/services/Copies/accounts/" + ada.ID:        "The organisation has no service Copies. It has: Printing.",
		"GET /v1/services/Printing/accounts?after=zz":       "This page does not follow in this list. Begin at its start.",
		"PUT /v1/services/Printing/groups/Nobody":           "There is no group Nobody.",
		"PUT /v1/accounts/" + ada.ID + "/rights/everything": "everything is not a right.",
		"PUT /v1/accounts/" + ada.ID + "/rights/cards":      "Whoever manages something logs in with an e-mail",
		"DELETE /v1/services/" + strings.Repeat("x", 100):   "The organisation has no service",
	} {
		method, path, _ := strings.Cut(path, " ")
		status, answer := s.call(method, path, nil)
		if status < 400 || !strings.Contains(string(answer), want) {
			t.Errorf("%s %s: %s, want %q", method, path, fmt.Sprint(status, " ", string(answer)), want)
		}
	}
}
