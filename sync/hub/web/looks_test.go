//go:build browser

package web_test

import (
	"testing"

	"badged/sync/hub/web/webtest"
)

func TestLooks(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	b := s.Browser()
	for name, path := range map[string]string{"start": "/", "certificate": "/aide/certificat", "missing": "/nothing"} {
		c.Looks(t, name, b, func() *webtest.Page { return b.Open(path) })
	}
	admin := s.AsAdmin()
	c.Looks(t, "missing-admin", admin, func() *webtest.Page { return admin.Open("/nothing") })
}
