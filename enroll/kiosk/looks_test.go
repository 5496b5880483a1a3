//go:build browser

package kiosk

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"badged/enroll"
	"badged/internal/printjobs"
	"badged/internal/rig/axe"
)

// flaws measures what a person would trip over: something cut off, a target that a
// finger misses, a text that is too faint (WCAG 2.1 AA), a control without a name.
const flaws = `(function () {
  var found = [], de = document.documentElement;
  if (de.scrollWidth > innerWidth) { found.push("wider than the panel: " + de.scrollWidth); }
  var clear = de.className === "clear"; // it may scroll, and its contrast is strong
  if (innerWidth >= 480 && !clear && de.scrollHeight > innerHeight) { found.push("higher than the panel: " + de.scrollHeight); }
  function rgb(c) { var m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? m.concat(1) : m; }
  function lum(c) {
    var l = c.slice(0, 3).map(function (v) { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
  }
  function ground(el) { for (; el; el = el.parentElement) { var c = rgb(getComputedStyle(el).backgroundColor); if (c[3] > 0.5) { return c; } } return [255, 255, 255]; }
  Array.prototype.forEach.call(document.querySelectorAll("#view *"), function (el) {
    var box = el.getBoundingClientRect(), name = el.tagName + "#" + el.id + "." + el.className;
    if (!box.width || el.closest("svg") || el.closest(".sr, .tops .name")) { return; }
    if (/^(A|BUTTON)$/.test(el.tagName) || /^(text|email)$/.test(el.type)) {
      if (box.height < 44 || box.width < 44) { found.push("small target: " + name + " " + box.width + "x" + box.height); }
      if (box.left < 0 || box.right > innerWidth + 0.5) { found.push("cut off: " + name); }
      if (innerWidth >= 480 && !clear && box.bottom > innerHeight + 0.5 && !el.closest("#joblist, #tiles")) { found.push("below the panel: " + name); }
      var bar = document.getElementById("count");
      if (innerWidth >= 480 && !clear && bar && !bar.hidden && !el.closest("#count") && box.bottom > bar.getBoundingClientRect().top) { found.push("under the countdown: " + name); }
      var look = document.getElementById("do-text"), at = look && look !== el && look.getBoundingClientRect();
      if (at && at.left < box.right && box.left < at.right && at.top < box.bottom && box.top < at.bottom) { found.push("covered by another: " + name); }
      if (!(el.textContent.trim() || el.getAttribute("aria-label") || el.labels && el.labels.length)) { found.push("without a name: " + name); }
    }
    var text = Array.prototype.some.call(el.childNodes, function (n) { return n.nodeType === 3 && n.textContent.trim(); });
    if (text) {
      var a = lum(rgb(getComputedStyle(el).color)), b = lum(ground(el)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < (clear ? 7 : 4.5)) { found.push("faint text: " + name + " " + ratio.toFixed(2)); }
      if (el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== "inline") { found.push("text runs out: " + name); }
    }
  });
  return found.join("\n");
})()`

// scenes are all that the panel can look like.
var scenes = []struct {
	name string
	set  func(b *screen)
	head string // a key of the catalogue
	page string
}{
	{"idle", func(b *screen) { b.d.leave() }, "idle.heading", ""},
	{"badread", func(b *screen) { b.d.leave(); b.d.notice(enroll.BadRead) }, "notice.badread.title", ""},
	{"refused", func(b *screen) { b.d.leave(); b.d.notice(enroll.UnknownCard) }, "notice.card.title", ""},
	{"refused-ask", func(b *screen) {
		b.d.leave()
		b.d.notice(enroll.RouteOff)
		b.d.set(func(s *enroll.Screen) { s.Ask = strings.Repeat("Léa, bureau 12, poste 4012 ", 5)[:121] })
	}, "notice.card.title", ""},
	{"quota", func(b *screen) { b.d.leave(); b.d.notice(enroll.QuotaReached) }, "notice.quota.title", ""},
	{"limit", func(b *screen) { b.d.leave(); b.d.notice(enroll.SessionLimit) }, "notice.limit.title", ""},
	{"pending", func(b *screen) { b.d.leave(); b.d.notice(enroll.ClaimBound) }, "notice.pending.title", ""},
	{"broken", func(b *screen) { b.d.leave(); b.d.notice(enroll.StoreFailed) }, "notice.broken.title", ""},
	{"signedout", func(b *screen) { b.d.leave(); b.d.notice(enroll.SignedOut) }, "notice.signedout.title", ""},
	{"deadreader", func(b *screen) { b.d.leave(); b.d.set(func(s *enroll.Screen) { s.ReaderDown = true }) }, "notice.reader.title", ""},
	{"claim", func(b *screen) {
		b.d.leave()
		b.d.offerKeys()
		b.d.set(func(s *enroll.Screen) { s.CodeDigits, s.Typed = 8, 3 })
	}, "notice.bind.title", ""},
	{"claim-refused", func(b *screen) { b.d.leave(); b.d.offerKeys(); b.d.notice(enroll.CodeRefused) }, "notice.code.title", ""},
	{"idle-pin", func(b *screen) { b.d.leave(); b.d.set(func(s *enroll.Screen) { s.PINs = true }) }, "idle.heading", ""},
	{"claim-pin", func(b *screen) { b.d.leave(); b.d.offerKeys(); b.d.set(func(s *enroll.Screen) { s.PINs = true }) }, "notice.bind.title", ""},
	{"pin", func(b *screen) {
		b.d.leave()
		b.d.set(func(s *enroll.Screen) { s.PINs, s.Keys, s.Typed = true, enroll.PINKeys, 3 })
	}, "pin.heading", ""},
	{"pin-binds", func(b *screen) {
		b.d.leave()
		b.d.set(func(s *enroll.Screen) {
			s.PINs, s.Binds, s.Keys, s.PINDigits, s.Typed = true, true, enroll.PINKeys, 16, 5
		})
	}, "pin.heading", ""},
	{"pin-wait", func(b *screen) {
		b.d.leave()
		b.d.set(func(s *enroll.Screen) { s.PINs, s.Keys, s.PINDigits, s.Typed = true, enroll.PINKeys, 6, 0 })
		b.d.notice(enroll.PINDelayed)
	}, "notice.pinwait.title", ""},
	{"again", func(b *screen) { b.d.leave(); b.d.notice(enroll.AwaitSameCard) }, "notice.awaitsame.title", ""},
	{"idledout", func(b *screen) { b.d.leave(); b.d.notice(enroll.SessionIdle) }, "notice.idle.title", ""},
	{"new", func(b *screen) { b.d.swipe(b.person("", 1)); b.d.set(func(s *enroll.Screen) { s.New = true }) }, "", ""},
	{"welcome", func(b *screen) { b.d.swipe(b.person("Camille Desrosiers", 1)) }, "", ""},
	{"longname", func(b *screen) {
		b.d.swipe(b.person("Maria-Magdalena Wolfeschlegelsteinhausenbergerdorff von Hohenlohe", 1))
	}, "", ""},
	{"ending", func(b *screen) {
		b.d.swipe(b.person("", 12))
		b.d.set(func(s *enroll.Screen) { s.Ends = time.Now().Add(14 * time.Second) })
	}, "", ""},
	{"session-badread", func(b *screen) { b.d.swipe(b.person("", 1)); b.d.notice(enroll.BadRead) }, "", ""},
	{"ended", func(b *screen) { b.d.leave() }, "ended.title", "/ended"},
	{"edit", func(b *screen) { b.d.swipe(b.person("", 1)) }, "edit.heading", "/edit"},
	{"edit-language", func(b *screen) {
		b.d.swipe(b.person("", 1))
		b.d.set(func(s *enroll.Screen) { s.EditProfile = false })
	}, "edit.heading", "/edit"},
	{"edit-toconfirm", func(b *screen) { b.d.swipe(b.typedEmail()) }, "edit.heading", "/edit"},
	{"pinwait", func(b *screen) { b.d.leave(); b.d.notice(enroll.PINDelayed) }, "notice.pinwait.title", ""},
	{"jobs-asking", func(b *screen) { b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Asking}) }, "", ""},
	{"jobs-none", func(b *screen) { b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed}) }, "", ""},
	{"jobs-one", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()[:1]})
	}, "", ""},
	{"jobs", func(b *screen) { b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()}) }, "", ""},
	{"jobs-many", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: manyJobs(500)})
	}, "", "?from=50"},
	{"jobs-strange", func(b *screen) {
		b.prints("Maria-Magdalena Wolfeschlegelsteinhausenbergerdorff von Hohenlohe", printjobs.Held{State: printjobs.Listed, Jobs: strangeJobs()})
	}, "", ""},
	{"jobs-printing", func(b *screen) { b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: phasedJobs()}) }, "", ""},
	{"jobs-paper", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Note: printjobs.NotePaper, Jobs: phasedJobs()})
	}, "", ""},
	{"jobs-stopped", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Note: printjobs.NoteStopped, Jobs: someJobs()})
	}, "", ""},
	{"jobs-returned", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Note: printjobs.NoteReturned, Jobs: someJobs()})
	}, "", ""},
	{"jobs-away", func(b *screen) { b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Away}) }, "", ""},
	{"jobs-ending", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()[:1]})
		b.d.set(func(s *enroll.Screen) { s.Ends = time.Now().Add(14 * time.Second) })
	}, "", ""},
	{"jobs-delete", func(b *screen) { b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()}) }, "delete.heading", "/delete?job=3"},
	{"notice", func(b *screen) { b.owes(false, someNotice()) }, "privacy.heading", ""},
	{"notice-ending", func(b *screen) {
		b.owes(false, someNotice())
		b.d.set(func(s *enroll.Screen) { s.Ends = time.Now().Add(14 * time.Second) })
	}, "privacy.heading", ""},
	{"notice-short", func(b *screen) { b.owes(true, someNotice()) }, "privacy.heading", ""},
	{"notice-nolink", func(b *screen) {
		n := someNotice()
		n.Link = ""
		b.owes(true, n)
	}, "privacy.heading", ""},
	{"notice-longest", func(b *screen) { b.owes(true, longNotice()) }, "privacy.heading", ""},
	{"notice-refused", func(b *screen) { b.d.leave(); b.d.notice(enroll.NoticeRefused) }, "notice.refused.title", ""},
	{"services", func(b *screen) { b.offers("Camille Desrosiers", someOffers()...) }, "", ""},
	{"services-many", func(b *screen) { b.offers("Camille Desrosiers", manyOffers(64)...) }, "", ""},
	{"services-jobs", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()})
		b.d.set(func(s *enroll.Screen) { s.Offers, s.Offering = someOffers(), true })
	}, "", ""},
	{"services-jobs-many", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()})
		b.d.set(func(s *enroll.Screen) { s.Offers, s.Offering = manyOffers(12), true })
	}, "", ""},
	{"pin-home", func(b *screen) {
		b.d.swipe(b.person("Camille Desrosiers", 1))
		b.d.set(func(s *enroll.Screen) { s.ByPIN = true })
	}, "", ""},
	{"pin-services", func(b *screen) {
		b.offers("Camille Desrosiers", someOffers()...)
		b.d.set(func(s *enroll.Screen) { s.ByPIN = true })
	}, "", ""},
	{"badge", func(b *screen) {
		b.d.swipe(b.person("Camille Desrosiers", 1))
		b.d.set(func(s *enroll.Screen) { s.ByPIN, s.Replaces = true, true })
	}, "home.badge", "/badge"},
	{"badge-waiting", func(b *screen) {
		b.d.swipe(b.person("Camille Desrosiers", 1))
		b.d.set(func(s *enroll.Screen) { s.ByPIN, s.Adding = true, true })
	}, "home.badge", ""},
	{"badge-added", func(b *screen) {
		b.d.swipe(b.person("Camille Desrosiers", 1))
		b.d.set(func(s *enroll.Screen) { s.ByPIN = true })
		b.d.notice(enroll.CardAdded)
	}, "", ""},
	{"services-all", func(b *screen) {
		b.prints("Ada Lovelace", printjobs.Held{State: printjobs.Listed, Jobs: someJobs()})
		b.d.set(func(s *enroll.Screen) { s.Offers, s.Offering = manyOffers(12), true })
	}, "service.all", "/services"},
	{"services-none", func(b *screen) { b.offers("Camille Desrosiers") }, "", ""},
	{"service-copy", func(b *screen) { b.offers("Camille Desrosiers", someOffers()...) }, "", "/service?id=2"},
	{"service-link", func(b *screen) { b.offers("Camille Desrosiers", someOffers()...) }, "", "/service?id=7"},
	{"saved", func(b *screen) { b.d.swipe(b.person("Camille Desrosiers", 1)) }, "", "/saved"},
	{"saved-toconfirm", func(b *screen) { b.d.swipe(b.typedEmail()) }, "", "/saved"},
}

// prints logs somebody in who has these jobs.
func (b *screen) prints(name string, h printjobs.Held) {
	b.d.swipe(b.person(name, 1))
	s, _ := b.d.Screen("hall")
	h.Session = s.Session
	b.d.drawer.set(h)
}

// owes logs somebody in who has to agree to a notice.
func (b *screen) owes(short bool, n enroll.Notice) {
	b.d.swipe(b.person("Camille Desrosiers", 1))
	b.d.set(func(s *enroll.Screen) { s.Privacy, s.NoKeyboard = &n, short })
}

// offers logs somebody in who has these services.
func (b *screen) offers(name string, offers ...enroll.Offer) {
	b.d.swipe(b.person(name, 1))
	b.d.set(func(s *enroll.Screen) { s.Offers, s.Offering = offers, true })
}

func (b *screen) person(name string, n uint64) enroll.Account {
	s, _ := b.d.Screen("hall")
	return enroll.Account{Kind: enroll.Anonymous, State: enroll.Active, Number: n, Name: name, Lang: s.Lang}
}

// typedEmail is somebody who typed an e-mail here before.
func (b *screen) typedEmail() enroll.Account {
	a := b.person("Camille Desrosiers", 1)
	a.EmailState = enroll.EmailToConfirm
	return a
}

// sizes are the panels that there are, and a phone.
var sizes = [][2]int64{{800, 480}, {1024, 600}, {480, 800}, {1280, 800}, {320, 480}}

// Every scene in both languages on every size of panel. With -artifacts the
// pictures are kept, to be looked at.
func TestBrowserLooks(t *testing.T) {
	lookAtAll(t, "")
}

// wideFont makes the letters a fifth wider, and higher: as DejaVu Sans, the widest font
// that a box is likely to have, is to the panel's own.
const wideFont = `var wide = new CSSStyleSheet();
wide.replaceSync("html { font-size-adjust: 0.547; } body, body * { letter-spacing: 0.04em !important; }");
document.adoptedStyleSheets = [wide];`

// Issue 7, 1.1: what a panel looks like must not depend on the fonts of the box, and it must
// bear another font where an old browser cannot load the panel's own.
func TestBrowserLooksWithAWideFont(t *testing.T) {
	lookAtAll(t, wideFont)
}

// lookAtAll opens every scene with a script that runs before each page.
func lookAtAll(t *testing.T, script string) {
	d := newDesk()
	b := browse(t, d, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
	for _, size := range sizes {
		b.run(chromedp.EmulateViewport(size[0], size[1]))
		for _, lang := range []string{"fr", "en"} {
			d.speak(lang)
			for _, sc := range scenes {
				b.play(sc.set)
				b.look(t, fmt.Sprintf("%s-%s-%dx%d", sc.name, lang, size[0], size[1]), sc.page, texts[lang][sc.head])
			}
			b.lookAtError(t, lang, size)
			if size[0] >= 460 {
				b.lookAtKeyboard(t, lang, size)
			}
			b.lookAtLost(t, lang, size)
		}
	}
	b.quiet("422", "403")
}

// play sets a scene, after all that a former one set is taken back.
func (b *screen) play(set func(*screen)) {
	b.d.set(func(s *enroll.Screen) {
		s.Notice, s.EditProfile, s.Keys, s.ReaderDown, s.CodeDigits = enroll.ReasonNone, true, enroll.NoKeys, false, 4
		s.PINs, s.Binds, s.PINDigits, s.Ask, s.Clear = false, false, 0, "", false
		s.Privacy, s.NoKeyboard, s.Offers, s.Offering = nil, false, nil, false
		s.ByPIN, s.Adding, s.Replaces, s.Waits = false, false, false, false
	})
	b.d.drawer.set(printjobs.Held{})
	set(b)
}

func (b *screen) look(t *testing.T, name, path, head string) {
	t.Helper()
	b.open(strings.Split(b.url, "/?")[0], "/p/hall"+path)
	if head != "" {
		b.sees(heading, head)
	}
	b.keep(t, name)
}

// open goes to a page and waits until it is there: Navigate alone may take the end of a load
// before for that of its own.
func (b *screen) open(site, path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(site + path))
	b.sees("location.pathname+location.search+document.readyState", path+"complete")
}

// lookAtError fills the form wrongly in two languages.
func (b *screen) lookAtError(t *testing.T, lang string, size [2]int64) {
	t.Helper()
	b.d.swipe(b.person("", 1))
	b.open(strings.Split(b.url, "/?")[0], "/p/hall/edit")
	b.run(chromedp.SendKeys("#name", "Camille Desrosiers"), chromedp.SendKeys("#email", "camille@"), chromedp.Click("#do-save"))
	b.sees("document.title", texts[lang]["edit.wrong"]+texts[lang]["edit.heading"])
	b.keep(t, fmt.Sprintf("error-%s-%dx%d", lang, size[0], size[1]))
}

func (b *screen) keep(t *testing.T, name string) {
	t.Helper()
	b.sees("document.fonts.status", "loaded")
	if got := b.eval(flaws); got != "" {
		t.Errorf("%s: %s", name, got)
	}
	if b.axe {
		b.checkAxe(t, name)
	}
	if f := flag.Lookup("test.artifacts"); f.Value.String() != "true" {
		return // nobody keeps the picture
	}
	var png []byte
	b.run(chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// lookAtLost shows what stands there while the agent does not answer, and to a
// browser that was not opened on the panel's address.
func (b *screen) lookAtLost(t *testing.T, lang string, size [2]int64) {
	t.Helper()
	b.d.leave()
	site := strings.Split(b.url, "/?")[0]
	b.open(site, "/p/hall")
	b.sees(heading, texts[lang]["idle.heading"])
	b.run(chromedp.Evaluate(`document.getElementById("lost").hidden = false`, nil))
	b.keep(t, fmt.Sprintf("lost-%s-%dx%d", lang, size[0], size[1]))
	b.open(strings.Replace(site, "127.0.0.1", "localhost", 1), "/p/hall")
	b.keep(t, fmt.Sprintf("closed-%s-%dx%d", lang, size[0], size[1]))
}

// checkAxe holds the page against axe-core.
func (b *screen) checkAxe(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	found, err := axe.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if found != "" {
		t.Errorf("%s, axe:\n%s", name, found)
	}
}

// Issue 10, 3 and «What must be seen»: axe-core finds nothing in any scene, upright and lying,
// in both languages, with the usual text and the large one.
func TestBrowserLooksBeforeAxe(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.axe = true
	for i, size := range [][2]int64{{800, 480}, {480, 800}} {
		b.run(chromedp.EmulateViewport(size[0], size[1]))
		for j, lang := range []string{"fr", "en"} {
			d.speak(lang)
			for _, sc := range scenes {
				b.play(sc.set)
				d.set(func(s *enroll.Screen) { s.Clear = i == j })
				b.look(t, fmt.Sprintf("axe-%s-%s-%dx%d", sc.name, lang, size[0], size[1]), sc.page, texts[lang][sc.head])
			}
			d.set(func(s *enroll.Screen) { s.Clear = i == j })
			b.lookAtError(t, lang, size)
			b.lookAtLost(t, lang, size)
		}
	}
	b.quiet("422", "403")
}
