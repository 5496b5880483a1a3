package kiosk

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/message"

	"badged/enroll"
	"badged/internal/printjobs"
)

// The pages. Home is the idle page while nobody is logged in.
const (
	pageIdle  = "idle"
	pageHome  = "home"
	pageEdit  = "edit"
	pageSaved = "saved" // home, after an edit
	pageEnded = "ended" // home, after a form that came too late
)

// warnFor is how long before its end a session shows a countdown.
const warnFor = 15 * time.Second

// view is what the pages show.
type view struct {
	p *message.Printer

	Lang    string
	Point   string
	Base    string // path of the point's pages
	Page    string
	From    int    // the first job on the page
	Job     int    // that is to be deleted
	Service uint64 // that the page is about
	Version string // differs when another view would
	Session string // empty: nobody is logged in
	Form    string // token of the forms
	Left    int64  // milliseconds; negative: no end
	Screen  enroll.Screen
	Banner  *banner
	Fields  fields
	Held    printjobs.Held
}

// place is a page and what it is about.
type place struct {
	page string
	from int // the first job of a list
	job  int // that is to be deleted
	// service is the one that a page is about.
	service uint64
}

// view is what a page of the point shows for s. A page that needs a session is the
// idle page when there is none.
func (k *Kiosk) view(p *point, s enroll.Screen, at place) view {
	lang, page, held := spoken(s), gate(s, badgePage(s, at.page)), k.jobsOf(p, s)
	v := view{
		p: printerFor(lang), Lang: lang, Point: p.name, Base: basePath(p.name), Page: page, From: at.from, Job: at.job, Service: at.service, Held: held,
		Version: k.version(s, held.Rev), Session: s.Session, Form: k.guard.formToken(p.name, s.Session),
		Left: left(s), Screen: s, Banner: noticeOf(s.Notice),
	}
	switch {
	case page == pageEnded && v.Banner == nil:
		v.Banner = &ended
	case page == pageSaved && v.Banner == nil && s.Session != "":
		v.Banner = savedAs(s.Account)
	case v.Banner == &cardBound && s.Session == "", v.Banner == &cardAdded && s.Waits: // it did not log in
		v.Banner = &bindWaits
	case v.Banner == nil && s.Session == "" && s.ReaderDown && s.Keys != enroll.PINKeys:
		v.Banner = &readerDown
	case v.Banner == nil && held.State == printjobs.Listed:
		v.Banner = jobNotes[held.Note]
	}
	if j, ok := held.Job(at.job); page == pageDelete && !(ok && j.CanRelease()) {
		v.Page = pageHome // it is gone, or on its way
	}
	if _, ok := v.offer(at.service); page == pageService && !ok || page == pageServices && v.Tiles() == nil {
		v.Page = pageHome // it was taken back
	}
	if at.from >= len(held.Jobs) {
		v.From = 0
	}
	if s.Session == "" {
		v.Page = pageIdle
	}
	v.Fields.Edit = enroll.Edit{Name: s.Account.Name, Lang: lang}
	return v
}

// About is what the page is about: a job, a service, or a version of the notice.
func (v view) About() uint64 {
	switch v.Page {
	case pageNotice:
		return v.NoticeVersion()
	case pageService:
		return v.Service
	default:
		return uint64(v.Job)
	}
}

// T is a text of the catalogue.
func (v view) T(key string, args ...any) string { return v.p.Sprintf(key, args...) }

// Name is who is logged in, as the panel greets them.
func (v view) Name() string {
	if n := v.Screen.Account.DisplayName(); n != "" {
		return n
	}
	return v.T("home.noaccount")
}

// Look is the class of the whole page.
func (v view) Look() string {
	if v.Screen.Clear {
		return "clear"
	}
	return ""
}

// LookText is what the switch of the look does.
func (v view) LookText() string {
	if v.Screen.Clear {
		return v.T("text.usual")
	}
	return v.T("text.large")
}

// Initial is the letter on the picture of the badge.
func (v view) Initial() string {
	r, _ := utf8.DecodeRuneInString(v.Name())
	return string(unicode.ToUpper(r))
}

// Heading is the largest text of the page.
func (v view) Heading() string {
	switch {
	case v.Page == pageEdit:
		return v.T("edit.heading")
	case v.Page == pageDelete:
		return v.T("delete.heading")
	case v.Page == pageNotice:
		return v.T("privacy.heading")
	case v.Page == pageService:
		return v.Chosen().Name
	case v.Page == pageServices:
		return v.T("service.all")
	case v.Page == pageBadge:
		return v.T("home.badge")
	case v.Session != "":
		return v.T("home.heading", v.Name())
	case v.Banner != nil:
		return v.T(v.Banner.Title)
	default:
		return v.idleHeading()
	}
}

// HeadingSize is the class of the heading: the longer it is, the smaller its letters.
func (v view) HeadingSize() string {
	switch n := utf8.RuneCountInString(v.Heading()); {
	case n > 34:
		return "long"
	case n > 22:
		return "medium"
	default:
		return ""
	}
}

// Lead is the text below the heading of idle and home.
func (v view) Lead() string {
	switch {
	case v.Page == pageNotice:
		return v.T("privacy.lead")
	case v.Page == pageService:
		return v.ChosenText()
	case v.Page == pageServices:
		return v.T("service.choose")
	case v.Page == pageBadge && v.Screen.Adding:
		return v.T("badge.waiting", v.duration(v.Screen.ClaimWindow))
	case v.Page == pageBadge:
		return v.T("badge.lead")
	case v.Session != "" && v.Screen.New && v.incomplete():
		return v.T("home.new") + " " + v.T("home.complete")
	case v.Session != "" && v.Screen.New:
		return v.T("home.new")
	case v.Prints():
		return v.Summary()
	case v.NoService():
		return v.T("home.noservice", v.whomToAsk())
	case v.Session != "":
		return v.T("home.known")
	case v.Banner != nil:
		return v.BannerText(v.Banner)
	default:
		return v.idleLead()
	}
}

// incomplete reports whether who is logged in can still tell who they are.
func (v view) incomplete() bool {
	a := v.Screen.Account
	return v.Screen.EditProfile && (a.Name == "" || a.EmailState == enroll.EmailNone)
}

// Tone is how the page as a whole looks.
func (v view) Tone() tone {
	switch {
	case v.Session != "":
		return toneGood
	case v.Banner != nil:
		return v.Banner.Tone
	default:
		return toneCalm
	}
}

// Strip is the message above a page of a session: the idle page says it large.
func (v view) Strip() *banner {
	switch {
	case v.Session == "":
		return nil
	case v.Fields.Banner != nil:
		return v.Fields.Banner
	case v.Fields.Wrong != nil:
		return &banner{toneBad, "edit.wrong.title", "edit.wrong.text"}
	default:
		return v.Banner
	}
}

// Title is what the window and a screen reader say first.
func (v view) Title() string {
	if v.Fields.Wrong != nil {
		return v.T("edit.wrong") + v.Heading()
	}
	return v.Heading()
}

// Say is what a screen reader says when the page changed by itself.
func (v view) Say() string {
	say := v.Heading() + ". " + v.Lead()
	if b := v.Strip(); b != nil {
		say = v.T(b.Title) + ". " + v.BannerText(b)
	}
	return say
}

// Warn reports whether the countdown shows.
func (v view) Warn() bool { return v.Left >= 0 && v.Left <= warnFor.Milliseconds() }

// Countdown is the text of it; n replaces the seconds when the script counts.
func (v view) Countdown(n string) string {
	if n == "" {
		n = strconv.FormatInt((v.Left+999)/1000, 10)
	}
	return v.T("count.text", n)
}

// RefreshAfter is after how many seconds a browser without script loads the point's page
// again: often where something may change, at the end of the session where something is
// being typed. Negative: never.
func (v view) RefreshAfter() int64 {
	switch v.Page {
	case pageEdit, pageDelete, pageNotice:
		if v.Left < 0 {
			return -1
		}
		return v.Left/1000 + 2
	case pageSaved, pageEnded:
		return 6
	case pageHome:
		if v.Held.State == printjobs.Listed && v.Waiting() == len(v.Held.Jobs) {
			return 10 // nothing is under way, and somebody may be reading
		}
		return 2
	default:
		return 2
	}
}
