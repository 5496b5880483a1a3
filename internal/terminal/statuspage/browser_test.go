//go:build browser

package statuspage

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"badged/internal/ctl"
	"badged/internal/rig/axe"
	"badged/internal/rig/chromium"
)

// Issue 10, 6: the page on a panel's screens and on a desk: axe finds nothing, and only its
// tables are wider than the window. With -artifacts the pictures are kept.
func TestBrowserLooksOfTheTechniciansPage(t *testing.T) {
	tab := chromium.Open(t, nil)
	for name, source := range map[string]Source{"ill": ill(), "well": terminal{state: ctl.Status{Terminal: "hall", Site: "lyon", Version: "1.2", Clock: "trusted"}}} {
		srv := httptest.NewServer(withoutRefresh(New(source, slog.New(slog.DiscardHandler))))
		t.Cleanup(srv.Close)
		for _, size := range [][2]int64{{800, 480}, {480, 800}, {1280, 800}} {
			look(t, tab, srv.URL+Path, fmt.Sprintf("status-%s-%dx%d", name, size[0], size[1]), size)
		}
	}
}

// withoutRefresh takes out what loads the page again while axe looks at it.
func withoutRefresh(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		page.ServeHTTP(rec, r)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(bytes.ReplaceAll(rec.Body.Bytes(), []byte(`http-equiv="refresh"`), []byte(`name="refresh"`)))
	})
}

func look(t *testing.T, tab context.Context, address, name string, size [2]int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, time.Minute)
	defer cancel()
	var wide bool
	var png []byte
	err := chromedp.Run(ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(address),
		chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide), chromedp.FullScreenshot(&png, 100))
	if err != nil {
		t.Fatal(err)
	}
	if wide {
		t.Errorf("%s is wider than the window", name)
	}
	found, err := axe.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if found != "" {
		t.Errorf("%s, axe:\n%s", name, found)
	}
	if f := flag.Lookup("test.artifacts"); f.Value.String() != "true" {
		return // nobody keeps the picture
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
