package manage

import (
	"strconv"

	"badged/sync/hub/web/page"
)

// poster is the sheet for the wall: what people must know before they present a card. How long
// data is kept stands on it as the site keeps it.
type poster struct {
	Points []posterPoint
	Notice string // address of the privacy notice
	QR     page.QR
}

type posterPoint struct{ Title, Text string }

func (m *manage) showPoster(r *page.Request) (page.Reply, error) {
	d := poster{Notice: m.URL + "/confidentialite"}
	for _, p := range []struct {
		name string
		args []any
	}{
		{"why", []any{r.Site.Name}}, {"what", nil},
		{"long", []any{number(r.Site.KeepEvents), number(r.Site.KeepAudit), number(r.Site.KeepMails)}},
		{"who", nil}, {"rights", nil},
	} {
		d.Points = append(d.Points, posterPoint{r.T("manage.poster." + p.name), r.T("manage.poster."+p.name+".text", p.args...)})
	}
	var err error
	d.QR, err = page.NewQR(d.Notice)
	return page.Show("manage/poster", r.T("manage.poster.title"), d), err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
