package kiosk

import (
	"slices"
	"strconv"

	"badged/enroll"
	"badged/internal/printjobs"
)

// The pages of services: one, away from its tile; and all, where the jobs leave no room for
// them.
const (
	pageService  = "service"
	pageServices = "services"
)

// tilesAboveJobs is how many tiles stand above the jobs.
const tilesAboveJobs = 4

// mayPrint reports whether who is logged in sees print jobs: where the hub says who sees
// which service, printing must be one of them.
func mayPrint(s enroll.Screen) bool {
	return !s.Offering || slices.ContainsFunc(s.Offers, func(o enroll.Offer) bool { return o.Kind == enroll.ServicePrint })
}

// tile is a service as a large button.
type tile struct {
	ID   uint64
	Icon string
	Name string
	Text string // what to do with it here: a key of the catalogue
}

// kinds are the picture of each kind of service, and what to do with it.
var kinds = map[enroll.ServiceKind]tile{
	enroll.ServicePrint: {Icon: "print", Text: "service.print"},
	enroll.ServiceCopy:  {Icon: "copy", Text: "service.copy"},
	enroll.ServiceScan:  {Icon: "scan", Text: "service.copy"},
	enroll.ServiceFax:   {Icon: "fax", Text: "service.copy"},
	enroll.ServiceLink:  {Icon: "link", Text: "service.link"},
}

func (v view) tileOf(o enroll.Offer) tile {
	t, ok := kinds[o.Kind]
	if !ok { // of a later hub
		t = kinds[enroll.ServiceCopy]
	}
	t.ID, t.Name = o.ID, inLang(v.Lang, o.French, o.English)
	return t
}

// Tiles is the services that the page shows: where the jobs are listed, some of those beside
// printing. Printing alone needs none.
func (v view) Tiles() (tiles []tile) {
	other := false
	for _, o := range v.Screen.Offers {
		isPrint := o.Kind == enroll.ServicePrint
		other = other || !isPrint
		if !isPrint || !v.Prints() {
			tiles = append(tiles, v.tileOf(o))
		}
	}
	switch {
	case !other:
		return nil
	case v.Prints() && v.Page != pageServices && len(tiles) > tilesAboveJobs:
		return append(tiles[:tilesAboveJobs-1], tile{Icon: "more", Name: v.T("service.all")})
	}
	return tiles
}

// To is where a tile leads.
func (v view) To(t tile) string {
	if t.ID == 0 {
		return v.Base + "/services"
	}
	return v.Base + "/service?id=" + strconv.FormatUint(t.ID, 10)
}

// Fixed reports whether the page is as high as the panel, and a part of it scrolls.
func (v view) Fixed() bool {
	switch v.Page {
	case pageEdit, pageDelete, pageIdle:
		return false
	case pageNotice, pageService, pageServices, pageBadge:
		return true
	default:
		return v.Session != "" && (v.Prints() || v.Screen.ByPIN || len(v.Tiles()) > 0)
	}
}

// NoService reports whether nothing is assigned to the person.
func (v view) NoService() bool {
	return v.Session != "" && v.Screen.Offering && len(v.Screen.Offers) == 0
}

// Chosen is the service that the page is about.
func (v view) Chosen() tile {
	o, _ := v.offer(v.Service)
	return v.tileOf(o)
}

// ChosenText is what to do with it here.
func (v view) ChosenText() string { return v.T(v.Chosen().Text) }

// ChosenLink is where it leads.
func (v view) ChosenLink() link {
	o, _ := v.offer(v.Service)
	return newLink(o.Link)
}

func (v view) offer(id uint64) (enroll.Offer, bool) {
	i := slices.IndexFunc(v.Screen.Offers, func(o enroll.Offer) bool { return o.ID == id })
	if i < 0 {
		return enroll.Offer{}, false
	}
	return v.Screen.Offers[i], true
}

// jobsOf is the jobs that a session may see.
func (k *Kiosk) jobsOf(p *point, s enroll.Screen) printjobs.Held {
	if !mayPrint(s) || gate(s, pageHome) == pageNotice {
		return printjobs.Held{}
	}
	return k.held(p, s.Session)
}
