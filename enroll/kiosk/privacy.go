package kiosk

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"badged/enroll"
	"badged/internal/webpage"
)

// pageNotice is the privacy notice.
const pageNotice = "notice"

// gate gives the page that stands before another: the notice, while the person owes an
// agreement. Who came by a new badge may look round first, and agrees before they edit.
func gate(s enroll.Screen, page string) string {
	switch {
	case s.Session == "" || s.Privacy == nil:
		if page == pageNotice {
			return pageHome
		}
		return page
	case s.New && page != pageEdit && page != pageNotice:
		return page
	default:
		return pageNotice
	}
}

// postNotice takes the answer. Without the tick nothing is agreed to.
func (k *Kiosk) postNotice(f submit) {
	version, err := strconv.ParseUint(f.r.PostForm.Get("version"), 10, 64)
	if f.s.Session == "" || f.s.Privacy == nil || err != nil {
		k.stale(f)
		return
	}
	k.touch(f.r.Context(), f.p, f.s.Session)
	agrees := f.r.PostForm.Get("answer") == "agree"
	if agrees && !f.s.NoKeyboard && f.r.PostForm.Get("read") == "" {
		k.askAgain(f, http.StatusUnprocessableEntity, &untouched)
		return
	}
	err = k.panel.Answer(f.r.Context(), f.p.name, f.s.Session, version, agrees)
	switch {
	case errors.Is(err, enroll.ErrNoSession):
		k.stale(f)
	case err == nil && agrees && f.s.New:
		f.home("/edit")
	case err == nil || !agrees || errors.Is(err, enroll.ErrNoticeOld):
		f.home("")
	default:
		k.log.Error("keep the answer to the privacy notice", "point", f.p.name, "account", f.s.Account.ID, "err", err)
		k.askAgain(f, http.StatusServiceUnavailable, &unanswered)
	}
}

// askAgain shows the notice with what is missing.
func (k *Kiosk) askAgain(f submit, status int, b *banner) {
	s, _ := k.panel.Screen(f.p.name)
	if s.Session != f.s.Session || s.Privacy == nil {
		k.stale(f)
		return
	}
	v := k.view(f.p, s, place{page: pageNotice})
	v.Fields.Banner = b
	k.write(f.w, status, "document", v)
}

// Version of the notice.
func (v view) NoticeVersion() uint64 { return v.Screen.Privacy.Version }

// NoticeShort is the notice of a panel without a keyboard.
func (v view) NoticeShort() string {
	return inLang(v.Lang, v.Screen.Privacy.ShortFrench, v.Screen.Privacy.ShortEnglish)
}

// paragraph is a part of the notice.
type paragraph struct {
	Heading bool
	Lines   []string
}

// NoticeParts is the whole notice. A # begins a heading, an empty line a paragraph.
func (v view) NoticeParts() (parts []paragraph) {
	text := inLang(v.Lang, v.Screen.Privacy.French, v.Screen.Privacy.English)
	var open bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		heading, isHeading := strings.CutPrefix(line, "#")
		switch {
		case line == "":
			open = false
		case isHeading:
			parts, open = append(parts, paragraph{true, []string{strings.TrimLeft(heading, "# ")}}), false
		case open:
			last := &parts[len(parts)-1]
			last.Lines = append(last.Lines, line)
		default:
			parts, open = append(parts, paragraph{false, []string{line}}), true
		}
	}
	return parts
}

// NoticeLink is where the whole notice is on the web.
func (v view) NoticeLink() link { return newLink(v.Screen.Privacy.Link) }

// link is an address with its QR code; zero: none.
type link struct {
	Address string
	Code    webpage.QR
}

func newLink(address string) link {
	if address == "" {
		return link{}
	}
	code, err := webpage.NewQR(address)
	if err != nil { // longer than any that the hub takes
		return link{}
	}
	return link{address, code}
}

func inLang(lang, fr, en string) string {
	if lang == "en" {
		return en
	}
	return fr
}
