//go:build browser

package releases_test

import (
	"net/url"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
	"badged/sync/hub/web/webtest"
)

// The pages of releases, as a person sees them.
func TestLooksOfReleases(t *testing.T) {
	s := newStand(t)
	c := s.Screen(t)
	b := s.AsAdmin()
	open := func(path string) func() *webtest.Page { return func() *webtest.Page { return b.Open(path).Is(200) } }
	c.Looks(t, "release-new", b, open(path))
	c.Looks(t, "release-assign", b, open(path+"/attribuer"))
	c.Looks(t, "release-assign-wrong", b, func() *webtest.Page {
		return b.Post(path+"/attribuer", url.Values{"pourcent": {"500"}, "arret": {"x"}}).Is(422)
	})
	c.Looks(t, "release-sure", b, func() *webtest.Page {
		return b.Post(path+"/attribuer", url.Values{"pourcent": {"100"}, "arret": {"1"}, "groupe": {"inner"}}).Is(200)
	})
	s.Write(func(tx fleet.Tx) error {
		_, err := access.SetDoor(tx.Tx.Tx, "back", func(d *access.Door) { d.Group = "outer" })
		if err == nil {
			_, err = fleet.AssignRelease(tx, "1.4.0", release.Wave{Percent: 100, Groups: []string{"inner"}, Between: release.Hours{From: 22 * 60, To: 5 * 60}, StopAfter: 5}, false)
		}
		return err
	})
	c.Looks(t, "release-meant", b, open(path))
	install(s, "hall", release.Fetching, 3, "no room for the release: 12 MB are free, 92 MB are needed")
	install(s, "gate", release.Healthy, 8, "")
	install(s, "attic", release.Installing, 8, "")
	c.Looks(t, "release-going", b, open(path))
	install(s, "attic", release.Ready, 8, "")
	c.Looks(t, "release-ready", b, open(path))
	c.Looks(t, "release-change", b, open(path+"/attribuer"))
	c.Looks(t, "release-pause", b, open(path+"/pause"))
	stop(s)
	for name, at := range map[string]string{
		"releases": "/g/versions", "release-stopped": path, "release-retry": path + "/reessayer", "release-resume": path + "/reprendre",
		"release-remove": path + "/retirer", "board-release": "/g",
	} {
		c.Looks(t, name, b, open(at))
	}
	c.Looks(t, "release-remove-refused", b, func() *webtest.Page { return b.Post(path+"/retirer", nil).Is(422) })
	s.Write(func(tx fleet.Tx) error { return tx.DropRelease(id) })
	c.Looks(t, "releases-none", b, open("/g/versions"))
}
