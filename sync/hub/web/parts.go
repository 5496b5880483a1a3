package web

import (
	"embed"
	"slices"
	"strings"

	"badged/internal/profile"
	"badged/internal/sitekey"
	"badged/sync/hub/web/door"
	"badged/sync/hub/web/manage"
	"badged/sync/hub/web/manage/doors"
	"badged/sync/hub/web/manage/mails"
	"badged/sync/hub/web/manage/releases"
	"badged/sync/hub/web/me"
	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// Parts are all parts of the web. Those of management have one menu.
func Parts(o Options) []page.Part {
	members := manage.Part(manage.Options{Hub: o.Hub, Store: o.Store, Log: o.Log, CA: o.CA, URL: o.URL, Join: strings.TrimPrefix(o.URL, "https://"), BackupsElsewhere: o.BackupsElsewhere})
	entry := doors.Part(o.Hub)
	const afterMembers, beforeLog = 2, 2
	post, updates := mails.Part(), releases.Part(o.Hub)
	menu := slices.Insert(slices.Clone(members.Menu), afterMembers, entry.Menu...)
	menu = slices.Insert(menu, len(menu)-beforeLog, slices.Concat(updates.Menu, post.Menu)...)
	members.Menu, entry.Menu, post.Menu, updates.Menu = menu, menu, menu, menu
	return []page.Part{door.Part(func() sitekey.Key { return o.Hub.SiteKey() }), members, entry, updates, post, me.Part(me.Options{Hub: o.Hub}), own(o)}
}

// own is what belongs to no part: the choice of a language, and how to trust the hub.
func own(o Options) page.Part {
	c := certificates{o.CA}
	part := page.Part{
		Name: "web", Layout: page.Narrow, Templates: templates, Texts: texts,
		Routes: []page.Route{
			{Method: "POST", Path: "/langue", Right: page.Anyone, Handle: chooseLang},
			{Method: "POST", Path: "/deconnexion", Right: page.SignedIn, Early: true, Handle: signOut},
		},
	}
	if o.Pair == nil {
		part.Routes = append(part.Routes,
			page.Route{Method: "GET", Path: "/aide/certificat", Right: page.Anyone, Handle: c.show},
			page.Route{Method: "GET", Path: "/aide/certificat/ca.crt", Right: page.Anyone, Handle: c.send})
	}
	return part
}

// chooseLang keeps a language for this browser.
func chooseLang(r *page.Request) (page.Reply, error) {
	f := r.Form()
	lang := f.Value("lang")
	if !profile.IsLang(lang) {
		return page.Reply{}, page.ErrNotFound
	}
	return page.Go(f.Value("to")).Cookie(page.LangCookie(lang)), nil
}
