package workbench

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"badged/sync/hub/api"
)

// Two windows on the hub's web have cookies of their own, are shown to whoever has the page
// only, and stand in a frame of the page and of no other.
func TestWindowsOnTheHubsWeb(t *testing.T) {
	const frame = "http://127.0.0.1:1"
	w := start(t, frame)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	known := func(r *http.Request) bool { return r.Header.Get("X-Known") != "" }
	for _, win := range []*window{w.phone, w.desk} {
		go func() { done <- win.serve(ctx, known) }()
	}
	get := func(win *window, header string) *http.Response {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, win.url(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, "1")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
		return resp
	}
	if resp := get(w.phone, "X-Stranger"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a stranger gets %s", resp.Status)
	}
	resp := get(w.phone, "X-Known")
	page, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "workbench") {
		t.Errorf("the phone shows %s: %s", resp.Status, page)
	}
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors "+frame) || strings.Contains(policy, "frame-ancestors 'none'") || resp.Header.Get("X-Frame-Options") != "" {
		t.Errorf("it cannot be framed: %s %s", policy, resp.Header.Get("X-Frame-Options"))
	}
	at := w.hub.webURL()
	w.phone.jar.SetCookies(at, []*http.Cookie{{Name: "__Host-x", Value: "phone", Secure: true, Path: "/"}})
	if len(w.phone.jar.Cookies(at)) == 0 || len(w.desk.jar.Cookies(at)) != 0 {
		t.Error("the two share their cookies")
	}
	// The link of «Open management» leads to a page that asks for a password.
	if err := w.doDeed(ctx, "admin", deed{}); err != nil {
		t.Fatal(err)
	}
	if resp = get(w.desk, "X-Known"); resp.StatusCode != http.StatusSeeOther || len(w.desk.jar.Cookies(at)) == 0 {
		t.Fatalf("the link of the administrator leads to %s %s", resp.Status, resp.Header.Get("Location"))
	}
	if resp.Header.Get("Set-Cookie") != "" {
		t.Error("the visitor's browser gets the cookie of the desk")
	}
	w.desk.open(resp.Header.Get("Location"))
	resp = get(w.desk, "X-Known")
	if page, _ = io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "<form") {
		t.Errorf("the desk shows %s: %s", resp.Status, page)
	}
	stop()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// What the hub sends arrives in the workbench's box.
func TestMailsArriveInTheWorkbench(t *testing.T) {
	w := start(t, "")
	ctx := within(t)
	if _, err := api.Call[api.Mail](ctx, w.hub.api, http.MethodPost, "/v1/mails/test", api.TestMail{To: "ada@example.org", Lang: "fr"}); err != nil {
		t.Fatal(err)
	}
	for {
		changed := w.view.changed()
		if mails := w.State().Web.Mails; len(mails) > 0 {
			if mails[0].To[0] != "ada@example.org" || mails[0].Subject == "" || mails[0].Text == "" {
				t.Errorf("%+v", mails[0])
			}
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatal("no mail arrives")
		}
	}
}
