package hub

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"badged/internal/secret"
	"badged/sync/wire"
)

// Live codes of a site differ in at least two digits, so that one slip of the finger
// cannot claim for somebody else. At most one in liveShare possible codes is live:
// with a budget of 8 guesses on 100 live codes of 4 digits, less than one site in
// twelve that is guessed at loses a claim before it closes.
const (
	liveShare    = 100
	codeAttempts = 1000
)

var errTooManyCodes = errors.New("too many live codes")

// newCode draws a code of n digits that is neither easy to guess nor near a live
// one. near(code) reports whether a code is live.
func newCode(n int, near func(string) bool) (string, error) {
	for range codeAttempts {
		code, err := randomDigits(n)
		if err != nil {
			return "", err
		}
		if !constantStep(code) && !slices.ContainsFunc(neighbours(code), near) {
			return code, nil
		}
	}
	return "", errTooManyCodes
}

func randomDigits(n int) (string, error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(rand.Reader, limit)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", n, v), nil
}

// constantStep reports whether each digit follows from the one before by the same
// step, also past 9: 1111, 1234, 9876, 2468, 7890.
func constantStep(code string) bool {
	step := (code[1] - code[0] + 10) % 10
	for i := 2; i < len(code); i++ {
		if (code[i]-code[i-1]+10)%10 != step {
			return false
		}
	}
	return true
}

// neighbours are the code itself and all that differ from it in one digit.
func neighbours(code string) []string {
	out := []string{code}
	for i := range len(code) {
		for d := byte('0'); d <= '9'; d++ {
			if d != code[i] {
				out = append(out, code[:i]+string(d)+code[i+1:])
			}
		}
	}
	return out
}

// IssuedClaim is a new claim with its code, which is shown once and stored nowhere.
type IssuedClaim struct {
	ClaimRecord
	Code   secret.Text
	Voided bool // a former code of the account ended
}

// The bounds of a claim's life.
const (
	defaultClaimLife = time.Hour
	LongestClaim     = 30 * 24 * time.Hour
)

// IssueClaim gives an account the right to bind one card by typing a code. It ends
// the account's former claim. Life 0 is an hour; no doors are all doors of the site.
func (h *Hub) IssueClaim(ctx context.Context, account string, doors []string, life time.Duration) (IssuedClaim, error) {
	if life == 0 {
		life = defaultClaimLife
	}
	if life < time.Minute || life > LongestClaim {
		return IssuedClaim{}, invalid("a claim lives from 1 minute to 30 days, not %s", life)
	}
	var out IssuedClaim
	err := h.update(ctx, func(tx Tx) error {
		now := time.Now().UTC()
		id, err := claimant(tx, account, doors)
		if err != nil {
			return err
		}
		voided, err := voidClaims(tx, id, now)
		if err != nil {
			return err
		}
		rec := ClaimRecord{ID: randomID(), Account: id, Doors: doors, Issued: now, Ends: now.Add(life), State: wire.ClaimLive}
		code, err := h.codeFor(tx, now)
		if err != nil {
			return err
		}
		rec.MAC = h.siteKey.Claim(rec.ID, code)
		out = IssuedClaim{rec, secret.New(code), voided}
		return putClaim(tx, rec)
	})
	return out, err
}

// claimant finds the account of a new claim and checks that it and the doors are fit
// for one.
func claimant(tx Tx, account string, doors []string) (ID, error) {
	id, a, err := findAccount(tx, account)
	if err != nil {
		return id, err
	}
	if !mayOwn(a) {
		return id, conflict("account %s is %s and can own no card", account, a.State.String())
	}
	for _, d := range doors {
		if _, found, err := get[wire.Door](tx, wire.Doors, []byte(d)); err != nil || !found {
			return id, orMissing(err, "there is no door %q: `badgehub door list` shows them", d)
		}
	}
	s, err := site(tx)
	if err == nil && s.ClaimsClosed {
		err = conflict("claiming by keypad is closed after too many wrong codes: look at the events, then `badgehub site reopen`")
	}
	return id, err
}

// codeFor draws a code that keeps its distance from all live ones. Only their MACs
// are known, so every near code is tried against them.
func (h *Hub) codeFor(tx Tx, now time.Time) (string, error) {
	s, err := site(tx)
	if err != nil {
		return "", err
	}
	live, err := liveClaims(tx, now)
	if err != nil {
		return "", err
	}
	room := 1
	for range s.CodeDigits {
		room *= 10
	}
	code, err := "", errTooManyCodes
	if len(live) < room/liveShare {
		code, err = newCode(int(s.CodeDigits), func(near string) bool { return h.isLive(live, near) })
	}
	if errors.Is(err, errTooManyCodes) {
		return "", conflict("%d codes are live, as many as %d digits carry safely: wait until some end, "+
			"end some (`badgehub claim remove ID`), or use more digits (`badgehub site set --code-digits %d`)",
			len(live), s.CodeDigits, min(s.CodeDigits+1, 8))
	}
	return code, err
}

func (h *Hub) isLive(live []ClaimRecord, code string) bool {
	for _, c := range live {
		mac := h.siteKey.Claim(c.ID, code)
		if subtle.ConstantTimeCompare(mac[:], c.MAC[:]) == 1 {
			return true
		}
	}
	return false
}
