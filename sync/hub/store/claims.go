package store

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"badged/sync/hub/access"
)

const claimColumns = `SELECT id, account, mac, code, doors, issued, ends, state, over, card, shown FROM claim `

func readClaim(scan scan) (c access.Claim, err error) {
	var doors string
	err = scan(idInto{&c.ID}, idInto{&c.Account}, idInto{&c.MAC}, idInto{&c.Code}, &doors, timeInto{&c.Issued},
		timeInto{&c.Ends}, &c.State, timeInto{&c.Over}, idInto{&c.Card}, flagInto{&c.Shown})
	if err == nil {
		err = json.Unmarshal([]byte(doors), &c.Doors)
	}
	return c, err
}

// Claim implements access.Claims.
func (x *tx) Claim(id access.ID) (access.Claim, error) {
	return first(x, claimColumns+`WHERE id = ?`, []any{id[:]}, readClaim)
}

// PutClaim implements access.Claims.
func (x *tx) PutClaim(c access.Claim) error {
	doors, err := json.Marshal(c.Doors)
	if err != nil {
		return fmt.Errorf("write claim %x: %w", c.ID, err)
	}
	_, err = x.exec(`INSERT INTO claim (id, account, mac, code, doors, issued, ends, state, over, card, shown)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET doors = excluded.doors, ends = excluded.ends, state = excluded.state,
			over = excluded.over, card = excluded.card, shown = excluded.shown`,
		c.ID[:], c.Account[:], c.MAC[:], c.Code[:], string(doors), millis(c.Issued), millis(c.Ends),
		string(c.State), millis(c.Over), c.Card[:], flag(c.Shown))
	x.changes.Claims[c.ID] = &c
	return err
}

// ListClaims implements access.Claims. A cursor is the time of issue and the id. No claim
// lives longer than access.LongestClaim, so that older ones need no look.
func (x *tx) ListClaims(q access.ClaimQuery) ([]access.Claim, string, error) {
	var c conditions
	if q.Account != (access.ID{}) {
		c.add("account = ?", q.Account[:])
	}
	if !q.Since.IsZero() {
		c.add("issued >= ? AND ends + 0 >= ?", millis(q.Since.Add(-access.LongestClaim)), millis(q.Since))
	}
	if q.After != "" {
		issued, id, err := afterIssue(q.After)
		if err != nil {
			return nil, "", err
		}
		c.add("(issued, id) < (?, ?)", issued, id)
	}
	// The index of issues has all that the filter looks at: only the page's rows are read.
	query := claimColumns + `WHERE id IN (SELECT id FROM claim ` + c.where() + ` ORDER BY issued DESC, id DESC LIMIT ?) ORDER BY issued DESC, id DESC`
	page, err := list(x, query, append(c.args, oneMore(q.Limit)), readClaim)
	return cut(page, q.Limit, err, func(c access.Claim) string {
		return fmt.Sprintf("%d.%s", millis(c.Issued), hex.EncodeToString(c.ID[:]))
	})
}

func afterIssue(cursor string) (issued int64, id []byte, err error) {
	ms, rest, found := strings.Cut(cursor, ".")
	issued, err = strconv.ParseInt(ms, 10, 64)
	if err != nil || !found || rest == "" {
		return 0, nil, access.ErrCursor
	}
	id, err = afterID(rest)
	return issued, id, err
}

// live is what holds of claims that can be used at a time.
const live = `state = 'live' AND ends > ? `

// LiveClaimsOf implements access.Claims.
func (x *tx) LiveClaimsOf(account access.ID, t time.Time) ([]access.Claim, error) {
	if account == (access.ID{}) {
		return list(x, claimColumns+`WHERE `+live+`ORDER BY ends`, []any{millis(t)}, readClaim)
	}
	return list(x, claimColumns+`WHERE `+live+`AND account = ? ORDER BY issued`, []any{millis(t), account[:]}, readClaim)
}

// CountLiveClaims implements access.Claims.
func (x *tx) CountLiveClaims(t time.Time, limit int) (n int, err error) {
	return n, x.one(`SELECT COUNT(*) FROM (SELECT 1 FROM claim WHERE `+live+`LIMIT ?) AS found`, []any{millis(t), limit}, &n)
}

// CodeIsLive implements access.Claims.
func (x *tx) CodeIsLive(code access.ID, t time.Time) (bool, error) {
	return x.hasRow(`SELECT 1 FROM claim WHERE code = ? AND `+live+`LIMIT 1`, code[:], millis(t))
}

// AnyClaimAt implements access.Claims. No claim lives longer than access.LongestClaim,
// so those that were issued before need no look.
func (x *tx) AnyClaimAt(t time.Time) (bool, error) {
	at, first := t.UnixMilli(), int64(math.MinInt64)
	if t.After(time.UnixMilli(0)) {
		first = t.Add(-access.LongestClaim).UnixMilli()
	}
	return x.hasRow(`SELECT 1 FROM claim WHERE issued <= ? AND issued >= ? AND ends + 0 > ? AND (over = 0 OR over > ?)
		ORDER BY issued DESC LIMIT 1`, at, first, at, at)
}

// hasRow reports whether a statement gives a row.
func (x *tx) hasRow(query string, args ...any) (bool, error) {
	found := false
	err := x.all(query, args, func(scan) error {
		found = true
		return nil
	})
	return found, err
}

// EachShown implements access.Claims.
func (x *tx) EachShown(t time.Time, fn func(access.Claim) error) error {
	return collect(x, claimColumns+`WHERE shown = 1 AND ends < ? ORDER BY ends`, []any{millis(t)}, readClaim, fn)
}
