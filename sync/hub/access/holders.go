package access

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"badged/internal/passage"
	"badged/sync/hub/people"
)

// WhoQuery chooses whom a list of those with a right to a door shows.
type WhoQuery struct {
	Passing bool   // who passes at the moment only
	After   string // cursor that a former page gave
	Limit   int    // 0: 100
}

// mostAsked bounds for how many people one page of a list asks the rule.
const mostAsked = 500

// WhoMayPass answers «who can open this door?»: everybody with a grant that does not deny,
// whether it is in force or not, each once, with what a terminal would decide at a moment.
// Groups come first, in the order of their numbers, with their members by name; then come
// people with grants of their own. A page may be short, even empty, while more follow.
func WhoMayPass(tx Tx, door string, at passage.Moment, q WhoQuery) (page []Passing, next string, err error) {
	d, err := FindDoor(tx, door)
	if err != nil {
		return nil, "", err
	}
	p, err := newPorter(tx, d, at)
	if err != nil {
		return nil, "", err
	}
	groups, err := tx.GroupsWithGrant(d)
	if err != nil {
		return nil, "", err
	}
	w := walk{porter: p, groups: groups, passing: q.Passing, limit: pageOf(q.Limit)}
	if err := w.moveTo(q.After); err != nil {
		return nil, "", err
	}
	for !w.over && len(w.page) < w.limit && w.asked < mostAsked {
		if err := w.step(); err != nil {
			return nil, "", orCursor(err)
		}
	}
	return w.page, w.cursor(), nil
}

// walk is the way through the holders of grants. Its place is a member of a group, or behind
// all groups an account.
type walk struct {
	*porter
	groups  []uint64 // ascending
	passing bool
	limit   int

	page  []Passing
	asked int
	over  bool
	at    int    // in groups; len(groups): people with grants of their own
	after string // cursor within
}

// The cursors begin with one of these.
const (
	ofGroup = "g"
	ofOwn   = "a"
)

// moveTo moves the walk to the place of a cursor. A group that has lost its grants meanwhile
// is left out.
func (w *walk) moveTo(cursor string) error {
	if cursor == "" {
		return nil
	}
	if after, ok := strings.CutPrefix(cursor, ofOwn); ok {
		w.at, w.after = len(w.groups), after
		return nil
	}
	number, after, ok := strings.Cut(strings.TrimPrefix(cursor, ofGroup), ".")
	n, err := strconv.ParseUint(number, 10, 63)
	if !ok || err != nil || !strings.HasPrefix(cursor, ofGroup) {
		return orCursor(ErrCursor)
	}
	var found bool
	if w.at, found = slices.BinarySearch(w.groups, n); found {
		w.after = after
	}
	return nil
}

func (w *walk) cursor() string {
	switch {
	case w.over:
		return ""
	case w.at < len(w.groups):
		return ofGroup + strconv.FormatUint(w.groups[w.at], 10) + "." + w.after
	default:
		return ofOwn + w.after
	}
}

// step reads as many people as the page has room for.
func (w *walk) step() error {
	room := min(w.limit-len(w.page), mostAsked-w.asked)
	if w.at < len(w.groups) {
		return w.stepGroup(room)
	}
	return w.stepOwn(room)
}

func (w *walk) stepGroup(room int) error {
	members, next, err := w.tx.ListAccounts(people.Query{Group: w.groups[w.at], After: w.after, Limit: room})
	if err != nil {
		return err
	}
	w.asked += len(members)
	for _, a := range members {
		if err := w.addHolder(a, w.groups[w.at]); err != nil {
			return err
		}
	}
	if w.after = next; next == "" {
		w.at++
	}
	return nil
}

func (w *walk) stepOwn(room int) error {
	after, err := hex.DecodeString(w.after)
	if err != nil || len(after) != 0 && len(after) != len(ID{}) {
		return ErrCursor
	}
	ids, err := w.tx.AccountsWithGrant(w.door, after, room)
	if err != nil {
		return err
	}
	w.asked += len(ids)
	for _, id := range ids {
		a, err := w.tx.Account(id)
		if err == nil && !a.State.Final() {
			err = w.addHolder(a, 0)
		}
		if _, err = isFound(err); err != nil {
			return err
		}
		w.after = hex.EncodeToString(id[:])
	}
	w.over = len(ids) < room
	return nil
}

// addHolder decides for an account and adds it to the page, unless an earlier group has it.
// Group 0 comes after all others.
func (w *walk) addHolder(a people.Account, group uint64) error {
	groups, err := w.tx.GroupsOf(a.ID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		_, has := slices.BinarySearch(w.groups, g)
		if has && (group == 0 || g < group) {
			return nil
		}
	}
	decided, err := w.decide(a)
	if err == nil && (decided.Passes() || !w.passing) {
		w.page = append(w.page, decided)
	}
	return err
}
