package enroll

import (
	"context"
	"strconv"
)

// The names of the counters of an epoch, which follows them.
const (
	budgetTally     = "wrong-codes/"
	budgetToldTally = "claims-closed-told/"
)

// tallyName names the counter of tries: while a claim is live the guess budget, which an operator
// renews by starting another epoch; otherwise a counter that only makes the work equal.
func (e *Engine) tallyName(live bool) string {
	if live {
		return budgetTally + strconv.FormatUint(e.index.Site().ClaimsEpoch, 10)
	}
	return "idle-codes"
}

// countTry counts a code before it is compared and reports whether the budget was
// spent already.
func (e *Engine) countTry(ctx context.Context, tally string) (spent bool, err error) {
	site := e.index.Site()
	err = e.store.Update(ctx, func(tx Tx) error {
		t, err := addTries(tx, tally, 1)
		spent = site.ClaimsClosed || t.Count > int64(site.GuessBudget)
		return err
	})
	return spent, err
}

// refundTry takes back the count of a code that was good.
func refundTry(tally string) func(Tx) error {
	return func(tx Tx) error {
		_, err := addTries(tx, tally, -1)
		return err
	}
}

func addTries(tx Tx, name string, n int64) (Tally, error) {
	t, err := tx.Tally(name)
	if err != nil {
		return t, err
	}
	t.Count += n
	return t, tx.PutTally(name, t)
}

// guesses is the use of an epoch's guess budget at this terminal.
type guesses struct {
	epoch uint64
	count int64
	told  bool // that claiming is closed
}

// ClaimingClosed reports whether no code can bind a card because too many wrong ones were
// typed: at this terminal, or, as the hub says, at several. A terminal where some of them were
// typed records an event about it, once for each time that an operator has opened claiming.
func (e *Engine) ClaimingClosed(ctx context.Context) bool {
	site := e.index.Site()
	if e.guesses == nil || e.guesses.epoch != site.ClaimsEpoch {
		e.guesses = &guesses{epoch: site.ClaimsEpoch}
		if e.store.View(ctx, e.guesses.readTries) != nil {
			e.guesses = nil
			return site.ClaimsClosed // the store fails, which is told apart
		}
	}
	closed := site.ClaimsClosed || e.guesses.count >= int64(site.GuessBudget)
	if closed && e.guesses.count > 0 && !e.guesses.told {
		e.guesses.told = e.store.Update(ctx, e.tellClaimsClosed) == nil
	}
	return closed
}

func (g *guesses) readTries(tx Tx) error {
	epoch := strconv.FormatUint(g.epoch, 10)
	spent, err := tx.Tally(budgetTally + epoch)
	if err != nil {
		return err
	}
	told, err := tx.Tally(budgetToldTally + epoch)
	g.count, g.told = spent.Count, told.Count > 0
	return err
}

// tellClaimsClosed reports the closing with its epoch, so that the hub can tell one that
// was opened since.
func (e *Engine) tellClaimsClosed(tx Tx) error {
	ev := e.newEvent(Point{}, EventDevice, Outcome(0), ClaimsClosed)
	ev.Count = e.guesses.epoch
	if err := tx.PutTally(budgetToldTally+strconv.FormatUint(e.guesses.epoch, 10), Tally{Count: 1}); err != nil {
		return err
	}
	return tx.Append(ev)
}
