package access

import (
	"fmt"
	"strconv"
	"time"

	"badged/sync/hub/audit"
)

// Claiming is whether cards can be claimed by keypad. It is no setting: wrong codes close
// claiming, and an operator opens it.
type Claiming struct {
	Closed bool
	Epoch  uint64 // grows each time that an operator opens claiming
}

// The names of values that are no settings.
const (
	closedValue    = "state.claims_closed"
	epochValue     = "state.claims_epoch"
	pinLengthValue = "state.pin_length"
)

// ReadClaiming tells whether cards can be claimed by keypad.
func ReadClaiming(tx Tx) (c Claiming, err error) {
	values, err := tx.Values()
	if err != nil {
		return c, err
	}
	c.Closed = values[closedValue] == "true"
	if text := values[epochValue]; text != "" {
		if c.Epoch, err = strconv.ParseUint(text, 10, 64); err != nil {
			err = fmt.Errorf("read how often claiming was opened: %w", err)
		}
	}
	return c, err
}

func keepClaiming(tx Tx, c Claiming) error {
	if err := tx.PutSetting(closedValue, strconv.FormatBool(c.Closed)); err != nil {
		return err
	}
	return tx.PutSetting(epochValue, strconv.FormatUint(c.Epoch, 10))
}

// Reopen is an operator's acknowledgement of too many wrong codes: claiming by keypad is
// open again, with a whole guess budget, at every terminal.
func Reopen(tx Tx) (Claiming, error) {
	c, err := ReadClaiming(tx)
	if err != nil {
		return c, err
	}
	was := c.Closed
	c.Closed = false
	c.Epoch++
	if err := keepClaiming(tx, c); err != nil {
		return c, err
	}
	return c, tx.Record(audit.Change{Action: "claims.reopen", Object: "site", Before: closing{Closed: was}, After: closing{}})
}

// closing is what an audit line tells about claiming.
type closing struct {
	Closed   bool   `json:"closed"`
	Terminal string `json:"terminal,omitempty"`
}

// CountWrongCode counts a code that a terminal refused at a time while a claim was live
// against the site's guess budget. When it is spent, claiming by keypad closes until an
// operator opens it; closed tells that this code closed it.
func CountWrongCode(tx Tx, terminal string, at time.Time) (closed bool, err error) {
	c, err := ReadClaiming(tx)
	if err != nil || c.Closed {
		return false, err
	}
	live, err := tx.AnyClaimAt(at)
	if err != nil || !live {
		return false, err
	}
	name := fmt.Sprintf("guesses/%d", c.Epoch)
	n, err := tx.Counter(name)
	if err != nil {
		return false, err
	}
	n++
	if err := tx.SetCounter(name, n); err != nil {
		return false, err
	}
	s, err := Settings(tx)
	if err != nil || n < uint64(s.GuessBudget) {
		return false, err
	}
	return true, closeClaims(tx, c, terminal)
}

// CloseClaims takes the word of a terminal at which the whole budget was spent: what is
// closed there must be closed everywhere, and be seen. One that speaks of another epoch
// than the present one changes nothing.
func CloseClaims(tx Tx, terminal string, epoch uint64) (closed bool, err error) {
	c, err := ReadClaiming(tx)
	if err != nil || c.Closed || c.Epoch != epoch {
		return false, err
	}
	return true, closeClaims(tx, c, terminal)
}

func closeClaims(tx Tx, c Claiming, terminal string) error {
	c.Closed = true
	if err := keepClaiming(tx, c); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "claims.close", Object: "site", Before: closing{}, After: closing{true, terminal}})
}
