package people

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// Words is a text in both languages.
type Words struct{ French, English string }

// In is the text in a language.
func (w Words) In(lang string) string {
	if lang == "en" {
		return w.English
	}
	return w.French
}

// Notice is one version of what the organisation tells people about their data. Versions
// count from 1; the last one is in force.
type Notice struct {
	Version uint64
	Since   time.Time
	Text    Words  // the whole, in paragraphs
	Short   Words  // for a panel without a keyboard
	Link    string // of the whole on the web; empty: none
}

// Answer is what somebody said to a notice.
type Answer string

// The answers.
const (
	Accepted Answer = "accepted" // read, and agreed to
	Declined Answer = "refused"
)

// Channel is where somebody answered.
type Channel string

// The channels.
const (
	OnPanel Channel = "panel"
	OnWeb   Channel = "web"
)

// Acknowledgement is what an account answered to a version: when it first agreed, and when
// it last refused.
type Acknowledgement struct {
	Account  ID
	Version  uint64
	Answer   Answer
	At       time.Time
	Channel  Channel
	Terminal string // of a panel
}

// Notices keeps the versions and the answers.
type Notices interface {
	LatestNotice() (Notice, error)           // ErrNotFound
	Notice(version uint64) (Notice, error)   // ErrNotFound
	EachNotice(fn func(Notice) error) error  // newest first, at most 1000
	AddNotice(Notice) error                  // under a version of its own
	PutAnswer(Acknowledgement) error         // in place of the one with this account, version and answer
	AnswersOf(ID) ([]Acknowledgement, error) // newest version first
	DropAnswers(account ID) error
}

// The longest texts of a notice, in bytes: a row with both languages fits in one page of the
// wire.
const (
	maxNotice = 12 << 10
	maxShort  = 600
)

// PublishNotice puts a new version in force. Everybody is asked again.
func PublishNotice(tx Tx, n Notice) (Notice, error) {
	latest, err := tx.LatestNotice()
	if err != nil && !errors.Is(err, ErrNotFound) {
		return n, err
	}
	n.Version, n.Since, n.Link = latest.Version+1, tx.Now, strings.TrimSpace(n.Link)
	for _, text := range []struct {
		words *Words
		most  int
	}{{&n.Text, maxNotice}, {&n.Short, maxShort}} {
		if err := text.words.clean(text.most); err != nil {
			return n, err
		}
	}
	if n.Link != "" && !isWebLink(n.Link) {
		return n, refuse(refusal.Invalid, CodeNoticeLink, refusal.Fields{"most": maxLink})
	}
	if err := tx.AddNotice(n); err != nil {
		return n, err
	}
	return n, tx.Record(audit.Change{Action: "notice.publish", Object: n.object(), After: map[string]any{
		"fr": n.Text.French, "en": n.Text.English, "short_fr": n.Short.French, "short_en": n.Short.English, "link": n.Link,
	}})
}

// clean gives both texts in one form, and refuses what cannot be shown.
func (w *Words) clean(most int) error {
	for _, text := range []*string{&w.French, &w.English} {
		lines := strings.Split(strings.ReplaceAll(*text, "\r\n", "\n"), "\n")
		for i, l := range lines {
			lines[i] = strings.TrimRight(strings.ReplaceAll(l, "\t", " "), " ")
		}
		*text = strings.Trim(strings.Join(lines, "\n"), "\n")
		if len(*text) > most || strings.TrimSpace(*text) == "" || slices.ContainsFunc(lines, func(l string) bool { return !profile.IsText(l) }) {
			return refuse(refusal.Invalid, CodeNoticeText, refusal.Fields{"most": most})
		}
	}
	return nil
}

// Acknowledge keeps what somebody answered to a version. Their first agreement and their last
// refusal stay; the same answer again changes nothing, and leaves no line.
func Acknowledge(tx Tx, k Acknowledgement) error {
	a, err := getLive(tx, k.Account)
	if err != nil {
		return err
	}
	if a.Kind == Service {
		return refuse(refusal.Conflict, CodeKind, refusal.Fields{"account": HexID(a.ID), "kind": a.Kind})
	}
	if k.Version == 0 {
		return refuse(refusal.Missing, CodeNoticeNotFound, refusal.Fields{"version": 0})
	}
	if _, err := FindNotice(tx, k.Version); err != nil {
		return err
	}
	if k.Answer != Accepted && k.Answer != Declined || k.Channel != OnPanel && k.Channel != OnWeb {
		return refuse(refusal.Invalid, CodeNoticeAnswer, nil)
	}
	answers, err := tx.AnswersOf(k.Account)
	if err != nil {
		return err
	}
	for _, former := range answers {
		if former.Version == k.Version && former.Answer == k.Answer && (k.Answer == Accepted || !k.At.After(former.At)) {
			return nil
		}
	}
	if err := tx.PutAnswer(k); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "notice." + string(k.Answer), Object: HexID(k.Account), Subject: k.Account,
		After: map[string]any{"version": k.Version, "channel": k.Channel}})
}

// FindNotice gives a version; 0 means the one in force.
func FindNotice(tx Tx, version uint64) (n Notice, err error) {
	if version == 0 {
		n, err = tx.LatestNotice()
	} else {
		n, err = tx.Notice(version)
	}
	if errors.Is(err, ErrNotFound) {
		err = refuse(refusal.Missing, CodeNoticeNotFound, refusal.Fields{"version": version})
	}
	return n, err
}

// DueNotice is the notice that an account must agree to before anything else; not due: there
// is none, or it agreed to the version in force.
func DueNotice(tx Tx, a Account) (n Notice, due bool, err error) {
	if a.Kind == Service {
		return n, false, nil
	}
	n, err = tx.LatestNotice()
	if errors.Is(err, ErrNotFound) {
		return n, false, nil
	}
	if err != nil {
		return n, false, err
	}
	version, err := AgreedTo(tx, a.ID)
	return n, version < n.Version, err
}

// AgreedTo is the newest version that an account agreed to; 0: none.
func AgreedTo(tx Tx, id ID) (uint64, error) {
	answers, err := tx.AnswersOf(id)
	for _, k := range answers {
		if k.Answer == Accepted {
			return k.Version, err
		}
	}
	return 0, err
}

// moveAnswers gives the account that stays what one that ends answered: it was the same
// person.
func moveAnswers(tx Tx, from, into ID) error {
	answers, err := tx.AnswersOf(from)
	if err != nil {
		return err
	}
	for _, k := range answers {
		k.Account = into
		if err := Acknowledge(tx, k); err != nil {
			return err
		}
	}
	return tx.DropAnswers(from)
}

func (n Notice) object() string { return "notice " + strconv.FormatUint(n.Version, 10) }
