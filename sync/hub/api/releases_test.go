package api_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"badged/firmware/bundle"
	"badged/sync/hub/api"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
)

// trustAndBundle makes a file of trust, and a release that it believes.
func trustAndBundle(t *testing.T) (trust, packed []byte) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	role := bundle.Role{Threshold: 1, Keys: []bundle.Key{bundle.Key(key.Public().(ed25519.PublicKey))}}
	f, err1 := bundle.NewTrustFile(bundle.TrustFile{}, bundle.Trust{Root: role, Release: role})
	err2 := f.Sign(key)
	d, err3 := bundle.NewDraft(bundle.Release{Version: "1.4.0", Sequence: 14, Expires: "2099-12-31", Boards: []string{"rpi-4"}})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := errors.Join(d.Add("slot/linux", nil, bytes.NewReader([]byte("kernel"))), d.Write(&b, f, key)); err != nil {
		t.Fatal(err)
	}
	return f.Bytes(), b.Bytes()
}

// releases keeps a release, assigns it, and looks how far terminals are. Issue 12, 5.
func (s *site) releases() {
	s.t.Helper()
	trust, packed := trustAndBundle(s.t)
	s.refused("/v1/releases", packed, release.CodeNoTrust)
	if err := os.WriteFile(filepath.Join(s.dir, release.TrustName), trust, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.refused("/v1/releases", packed[:len(packed)-1], release.CodeBundle)
	r := must[api.Release](s, "POST", "/v1/releases", packed)
	if r.State != "unassigned" || r.Version != "1.4.0" || !slices.Equal(r.Boards, []string{"rpi-4"}) {
		s.t.Errorf("kept as %+v", r)
	}
	s.refused("/v1/releases/1.5.0/assign", object{"percent": 10, "stop_after": 1}, release.CodeNone)
	s.refused("/v1/releases/1.4.0/assign", object{"percent": 101, "stop_after": 1}, release.CodePercent)
	s.refused("/v1/releases/1.4.0/assign", object{"percent": 10, "stop_after": 1, "groups": []string{"nowhere"}}, release.CodeMeant)
	s.refused("/v1/releases/1.4.0/assign", object{"percent": 10, "stop_after": 1, "terminals": []string{"nobody"}}, fleet.CodeTerminalMissing)
	s.refused("/v1/releases/1.4.0/assign", object{"percent": 10, "stop_after": 1, "between": "2-5"}, release.CodeHours)
	s.refused("/v1/releases/1.4.0/pause", object{}, release.CodeUnassigned)
	wave := object{"percent": 10, "stop_after": 2, "between": "22:00-05:00", "groups": []string{"outside"}, "terminals": []string{"hall", "hall"}}
	if r = must[api.Release](s, "POST", "/v1/releases/"+r.ID[:8]+"/assign", wave); r.State != "assigned" || r.Percent != 10 || len(r.Terminals) != 1 || r.StopAfter != 2 || r.Between != "22:00-05:00" {
		s.t.Errorf("assigned as %+v", r)
	}
	if err := s.db.Write(s.t.Context(), audit.Actor{Kind: audit.Operator, ID: "0", Via: "test"}, func(tx fleet.Tx) error {
		id, err := release.Find(tx.ReleaseTx(), "1.4.0")
		return errors.Join(err, tx.PutInstall(release.Install{Release: id.ID, Terminal: "hall", Stage: release.Failed, Why: "the reader", Since: tx.Now}))
	}); err != nil {
		s.t.Fatal(err)
	}
	all := must[api.Page[api.Install]](s, "GET", "/v1/releases/1.4.0/terminals", nil)
	if len(all.Items) != 1 || all.Items[0].Stage != "failed" || all.Items[0].Why != "the reader" {
		s.t.Errorf("terminals are %+v", all.Items)
	}
	if r = must[api.Release](s, "POST", "/v1/releases/1.4.0/pause", nil); r.State != "paused" || r.Counts["failed"] != 1 {
		s.t.Errorf("paused as %+v", r)
	}
	if got := must[api.Page[api.Release]](s, "GET", "/v1/releases", nil); len(got.Items) != 1 || got.Items[0].State != "paused" {
		s.t.Errorf("releases are %+v", got.Items)
	}
	wave["retry"] = true
	if r = must[api.Release](s, "POST", "/v1/releases/1.4.0/assign", wave); r.State != "assigned" || r.Counts["failed"] != 0 {
		s.t.Errorf("tried again as %+v", r)
	}
	if status, _ := s.call("DELETE", "/v1/releases/1.4.0", nil); status != http.StatusConflict {
		s.t.Errorf("removed while it is given: %d", status)
	}
	must[api.Release](s, "POST", "/v1/releases/1.4.0/pause", nil)
	must[struct{}](s, "DELETE", "/v1/releases/1.4.0", nil)
	if got := must[api.Page[api.Release]](s, "GET", "/v1/releases", nil); len(got.Items) != 0 {
		s.t.Errorf("left are %+v", got.Items)
	}
	if status, _ := s.call("GET", "/v1/releases/9.9.9/terminals", nil); status != http.StatusNotFound {
		s.t.Errorf("terminals of no release: %d", status)
	}
}
