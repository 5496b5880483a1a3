package store

import "badged/sync/hub/people"

const (
	noticeColumns = `SELECT version, since, fr, en, short_fr, short_en, link FROM notice `
	sqlAnswersOf  = `SELECT account, version, answer, at, channel, terminal FROM acknowledgement WHERE account = ?
		ORDER BY version DESC, answer DESC`
)

func readNotice(scan scan) (n people.Notice, err error) {
	return n, scan(&n.Version, timeInto{&n.Since}, &n.Text.French, &n.Text.English, &n.Short.French, &n.Short.English, &n.Link)
}

// LatestNotice implements people.Notices.
func (x *tx) LatestNotice() (people.Notice, error) {
	return first(x, noticeColumns+`ORDER BY version DESC LIMIT 1`, nil, readNotice)
}

// Notice implements people.Notices.
func (x *tx) Notice(version uint64) (people.Notice, error) {
	return first(x, noticeColumns+`WHERE version = ?`, []any{version}, readNotice)
}

// EachNotice implements people.Notices.
func (x *tx) EachNotice(fn func(people.Notice) error) error {
	return collect(x, noticeColumns+`ORDER BY version DESC LIMIT 1000`, nil, readNotice, fn)
}

// AddNotice implements people.Notices.
func (x *tx) AddNotice(n people.Notice) error {
	_, err := x.exec(`INSERT INTO notice (version, since, fr, en, short_fr, short_en, link) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		n.Version, millis(n.Since), n.Text.French, n.Text.English, n.Short.French, n.Short.English, n.Link)
	x.changes.Notice = &n
	return err
}

// PutAnswer implements people.Notices.
func (x *tx) PutAnswer(k people.Acknowledgement) error {
	_, err := x.exec(`INSERT INTO acknowledgement (account, version, answer, at, channel, terminal) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, version, answer) DO UPDATE SET at = excluded.at, channel = excluded.channel, terminal = excluded.terminal`,
		k.Account[:], k.Version, string(k.Answer), millis(k.At), string(k.Channel), k.Terminal)
	x.changes.OffersOf[k.Account] = true
	return err
}

// AnswersOf implements people.Notices.
func (x *tx) AnswersOf(account people.ID) ([]people.Acknowledgement, error) {
	return list(x, sqlAnswersOf, []any{account[:]}, func(scan scan) (k people.Acknowledgement, err error) {
		return k, scan(idInto{&k.Account}, &k.Version, &k.Answer, timeInto{&k.At}, &k.Channel, &k.Terminal)
	})
}

// DropAnswers implements people.Notices.
func (x *tx) DropAnswers(account people.ID) error {
	_, err := x.exec(`DELETE FROM acknowledgement WHERE account = ?`, account[:])
	x.changes.OffersOf[account] = true
	return err
}
