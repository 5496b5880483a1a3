//go:build browser

package kiosk

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"badged/enroll"
)

// telling has every page tell the test what it shows when its script has dealt with a view or
// with news. The test cannot ask: a browser that goes to another document gives no answer.
const telling = `(function () {
  var open = XMLHttpRequest.prototype.open, add = EventSource.prototype.addEventListener;
  function tell(what) { fetch("/dealt?with=" + what + "&shows=" + encodeURIComponent(document.querySelector("h1").textContent)); }
  XMLHttpRequest.prototype.open = function (method, path) {
    if (/\/view\?/.test(path)) { this.addEventListener("loadend", function () { tell("view"); }); }
    return open.apply(this, arguments);
  };
  EventSource.prototype.addEventListener = function (name, fn) {
    return add.call(this, name, function (e) { fn.call(this, e); tell("news"); });
  };
}())`

// patient makes what a page does after a second or more come never: a machine that is busy is
// as good as one that is not.
const patient = `(function () {
  var later = window.setTimeout;
  window.setTimeout = function (fn, ms) { return later(fn, ms < 1000 ? ms : 1e9); };
}());`

// teller is a browser whose pages tell what they have dealt with.
type teller struct {
	*screen
	dealt map[string]chan string // with a view, or with news: what the page shows then
}

// browseTelling opens an idle panel that takes PINs. through stands between it and the browser.
func browseTelling(t *testing.T, d *desk, through func(http.Handler) http.Handler) teller {
	t.Helper()
	d.set(func(s *enroll.Screen) { s.PINs = true })
	k := New(Options{Panel: d, Printing: d.drawer, Points: []string{"hall"}, Log: slog.New(slog.DiscardHandler)})
	b := teller{dealt: map[string]chan string{"view": make(chan string, 16), "news": make(chan string, 16)}}
	mux := http.NewServeMux()
	mux.Handle("/", through(k.Handler()))
	mux.HandleFunc("/dealt", func(w http.ResponseWriter, r *http.Request) {
		b.dealt[r.FormValue("with")] <- r.FormValue("shows")
		w.WriteHeader(http.StatusNoContent)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close) // after the browser is gone
	b.screen = newBrowser(t, d)
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(patient + telling).Do(ctx)
		return err
	}), chromedp.Navigate(k.URL(srv.Listener.Addr().String(), "hall")))
	b.shows("news", french["idle.heading"])
	return b
}

// shows waits until a page has dealt with a view or news, and holds against want what it shows.
func (b teller) shows(with, want string) {
	b.t.Helper()
	select {
	case got := <-b.dealt[with]:
		if got != want {
			b.t.Errorf("after %s the page shows %q, want %q", with, got, want)
		}
	case <-time.After(patience):
		b.t.Fatalf("the page deals with no %s", with)
	}
}

func directly(h http.Handler) http.Handler { return h }

// turnstile keeps the answers to requests of a path, which the panel has dealt with, until go on.
type turnstile struct {
	path  string
	ready chan struct{} // a value for each answer that waits
	goOn  chan struct{}
}

func newTurnstile(path string) turnstile {
	return turnstile{path, make(chan struct{}), make(chan struct{})}
}

func (s turnstile) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != s.path {
			h.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for _, ch := range []chan struct{}{s.ready, s.goOn} {
			select {
			case ch <- struct{}{}:
			case <-r.Context().Done():
			}
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

// passes lets an answer go if there is one.
func (s turnstile) passes() bool {
	select {
	case <-s.ready:
		<-s.goOn
		return true
	default:
		return false
	}
}

// middle is where the finger goes for an element.
func (b *screen) middle(id string) (x, y float64) {
	b.t.Helper()
	b.run(chromedp.Evaluate(fmt.Sprintf(`(function (r) { return r.left + r.width / 2; }(document.getElementById(%q).getBoundingClientRect()))`, id), &x))
	b.run(chromedp.Evaluate(fmt.Sprintf(`(function (r) { return r.top + r.height / 2; }(document.getElementById(%q).getBoundingClientRect()))`, id), &y))
	return x, y
}

// presses are the ways to press a button and to let it go.
var presses = map[string]func(b *screen, id string) (down, up chromedp.Action){
	"mouse": func(b *screen, id string) (chromedp.Action, chromedp.Action) {
		x, y := b.middle(id)
		mouse := func(what input.MouseType) chromedp.Action {
			return input.DispatchMouseEvent(what, x, y).WithButton(input.Left).WithClickCount(1)
		}
		return mouse(input.MousePressed), mouse(input.MouseReleased)
	},
	"finger": func(b *screen, id string) (chromedp.Action, chromedp.Action) {
		x, y := b.middle(id)
		return input.DispatchTouchEvent(input.TouchStart, []*input.TouchPoint{{X: x, Y: y}}), input.DispatchTouchEvent(input.TouchEnd, []*input.TouchPoint{})
	},
	"space bar": func(b *screen, id string) (chromedp.Action, chromedp.Action) {
		b.run(chromedp.Focus("#" + id))
		keys := kb.Encode(' ')
		return chromedp.Tasks{keys[0], keys[1]}, keys[2]
	},
}

// A page that changes while somebody presses a button does not take the button away: the press
// counts, and the change is there at once after it.
func TestBrowserKeepsThePageWhileAButtonIsPressed(t *testing.T) {
	for name, press := range presses {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			b := browseTelling(t, d, directly)
			down, up := press(b.screen, "do-pin")
			b.run(down)
			d.offerKeys()
			b.shows("view", french["idle.heading"])
			b.run(up)
			b.sees(heading, french["pin.heading"])
			b.quiet()
		})
	}
}

// A press that slides off its button is none: the change is there when it ends.
func TestBrowserChangesAfterAPressThatSlidesOff(t *testing.T) {
	d := newDesk()
	b := browseTelling(t, d, directly)
	down, _ := presses["mouse"](b.screen, "do-pin")
	b.run(down)
	d.notice(enroll.BadRead)
	b.shows("view", french["idle.heading"])
	b.run(input.DispatchMouseEvent(input.MouseReleased, 1, 1).WithButton(input.Left).WithClickCount(1))
	b.sees(heading, "Badge mal lu")
	b.quiet()
}

// A hand that stays on the glass does not keep the panel from changing.
func TestBrowserChangesUnderAHandThatStays(t *testing.T) {
	for _, name := range []string{"mouse", "finger"} {
		d := newDesk()
		d.set(func(s *enroll.Screen) { s.PINs = true })
		b := browse(t, d)
		b.sees(heading, french["idle.heading"])
		down, _ := presses[name](b, "do-pin")
		b.run(down)
		d.swipe(anonym1)
		b.sees(heading, "Bienvenue anonym1")
		b.quiet()
	}
}

// What a form changes comes with the form's answer: before it the page offers nothing, as the
// answer would take it away from under the finger.
func TestBrowserKeepsThePageThatSendsAForm(t *testing.T) {
	d := newDesk()
	forms := newTurnstile("/p/hall/pin")
	b := browseTelling(t, d, forms.around)
	d.ShowPINKeys("hall", true)
	b.shows("view", french["pin.heading"])
	b.keys(kb.Escape)
	<-forms.ready
	b.shows("view", french["pin.heading"]) // the stream was faster than the answer
	<-forms.goOn
	b.sees(heading, french["idle.heading"])
	b.quiet()
}

// A view that is fetched while the panel becomes again what the page shows does not stay.
func TestBrowserForgetsAViewThatIsOver(t *testing.T) {
	d := newDesk()
	views := newTurnstile("/p/hall/view")
	b := browseTelling(t, d, views.around)
	d.notice(enroll.BadRead)
	<-views.ready
	b.shows("news", french["idle.heading"])
	d.notice(enroll.ReasonNone)
	b.shows("news", french["idle.heading"])
	<-views.goOn
	b.shows("view", "Badge mal lu")
	b.until("the page asks again", views.passes)
	b.shows("view", french["idle.heading"])
	b.quiet()
}
