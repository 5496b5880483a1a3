//go:build browser

package kiosk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func TestBrowserInAFrameOfAnotherPort(t *testing.T) {
	d := newDesk()
	inner := httptest.NewUnstartedServer(nil)
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := inner.Config.Handler.(*framed).k
		fmt.Fprintf(w, `<!DOCTYPE html><title>x</title><link rel="icon" href="data:,"><iframe id="f" width="800" height="480" src="%s"></iframe>`,
			strings.ReplaceAll(k.URL(inner.Listener.Addr().String(), "hall"), "&", "&amp;"))
	}))
	t.Cleanup(outer.Close) // after the browser is gone
	k := New(Options{Panel: d, Points: []string{"hall"}, FrameAncestors: outer.URL})
	inner.Config.Handler = &framed{k, k.Handler()}
	inner.Start()
	t.Cleanup(inner.Close)
	b := newBrowser(t, d)
	b.run(chromedp.Navigate(outer.URL))
	var text string
	inFrame := func() string {
		b.run(chromedp.ActionFunc(func(ctx context.Context) error {
			tree, err := page.GetFrameTree().Do(ctx)
			if err != nil || len(tree.ChildFrames) == 0 {
				return err
			}
			world, err := page.CreateIsolatedWorld(tree.ChildFrames[0].Frame.ID).Do(ctx)
			if err != nil {
				return nil // the frame is just being replaced
			}
			res, _, err := runtime.Evaluate(heading).WithContextID(world).Do(ctx)
			if err != nil {
				return nil
			}
			return json.Unmarshal(res.Value, &text)
		}))
		return text
	}
	for _, want := range []string{"Présentez votre badge", "Bienvenue anonym1"} {
		end := time.Now().Add(patience)
		for !strings.Contains(inFrame(), want) {
			if time.Now().After(end) {
				t.Fatalf("the frame shows %q, want %q", text, want)
			}
			time.Sleep(20 * time.Millisecond)
		}
		d.swipe(anonym1)
	}
	b.quiet()
}

type framed struct {
	k *Kiosk
	http.Handler
}
