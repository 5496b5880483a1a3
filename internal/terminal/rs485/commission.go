package rs485

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"badged/internal/ctl"
	"badged/internal/keyfile"
	"badged/internal/secret"
	"badged/reader"
	"badged/reader/osdp"
)

// lookEvery is how often followStages asks for the stage of a commissioning. handOver is how
// long a new commissioning waits for one that was ended.
const (
	lookEvery = 50 * time.Millisecond
	handOver  = 2 * time.Second
)

// commissioning gives one reader a key. The key is on disk before the reader gets it.
type commissioning struct {
	*Reader
	keys keyfile.Folder
	log  *slog.Logger
	osdp.Commission
	tell  func(ctl.CommissionStep)
	keyed func() // the reader has its key
	told  string // the last step
}

// Commission gives a reader a new key within the time d. It calls tell with each step, and
// keyed when the reader has its key. An error is a *ctl.Refusal or about a file, and means
// that the commissioning did not begin.
func (ls Lines) Commission(ctx context.Context, name string, d time.Duration, cleared bool, tell func(ctl.CommissionStep), keyed func()) error {
	r := ls.findReader(name)
	switch {
	case r == nil:
		return newRefusal("reader %q does not speak osdp, and only osdp has keys", name)
	case r.KeyFile != "":
		return newRefusal("the key of reader %q comes from %s (take the option key_file away, and the agent keeps the key)", name, r.KeyFile)
	}
	select {
	case r.filing <- struct{}{}:
		defer func() { <-r.filing }()
	case <-time.After(handOver):
		return newRefusal("reader %q is being commissioned already", name)
	}
	c := commissioning{Reader: r, keys: ls.Keys, log: ls.Log, tell: tell, keyed: keyed,
		Commission: osdp.Commission{Until: time.Now().Add(d), Cleared: cleared}}
	if err := c.openTimeBox(ctx); err != nil {
		return err
	}
	c.followStages(ctx)
	return nil
}

// newRefusal makes the error of a commissioning that cannot begin now.
func newRefusal(format string, args ...any) error {
	return &ctl.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf(format, args...)}
}

// openTimeBox stores a new key, and tells the host to offer it to the reader until the time
// is over.
func (c *commissioning) openTimeBox(ctx context.Context) (err error) {
	if c.Key, err = osdp.NewKey(rand.Reader); err != nil {
		return err
	}
	if err := c.keys.Stage(c.Name, c.keyText()); err != nil {
		return err
	}
	doErr := c.doWhenOpen(ctx, time.Now().Add(lineBound), func() {
		err = c.line.host.Commission(time.Now(), c.Unit.Address, c.Commission)
	})
	if doErr == nil && err == nil {
		return nil
	}
	if werr := c.keys.Withdraw(c.Name, c.keyText()); werr != nil {
		return werr
	}
	if doErr != nil {
		return newRefusal("%v", doErr)
	}
	return newRefusal("%v", err)
}

// lineBound is how long a line may take to be opened again.
const lineBound = 10 * time.Second

// doWhenOpen calls fn on the host's goroutine as soon as the line is open. It fails if the
// line is not open at the time until.
func (c *commissioning) doWhenOpen(ctx context.Context, until time.Time, fn func()) error {
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		err := c.line.port.Do(ctx, fn)
		if err == nil || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

func (c *commissioning) keyText() secret.Text { return secret.New(c.Key.Hex()) }

// followStages reports each step until the commissioning or ctx ends.
func (c *commissioning) followStages(ctx context.Context) {
	c.tellStep(ctl.StepWaiting)
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		stage, why := c.askStage(ctx)
		switch stage {
		case osdp.Sent:
			c.tellStep(ctl.StepSent)
		case osdp.KeySet:
			c.tellStep(ctl.StepKeySet)
		case osdp.Secured:
			c.keepKey()
			return
		case osdp.Refused, osdp.Expired, osdp.Stopped:
			c.dropKey(stage, why)
			return
		}
		select {
		case <-ctx.Done():
			c.closeTimeBox()
			return
		case <-again.C:
		}
	}
}

// askStage asks the host for the stage. While the line is not open the stage is zero, and
// Expired when the time is over.
func (c *commissioning) askStage(ctx context.Context) (stage osdp.Stage, why reader.Why) {
	err := c.line.port.Do(ctx, func() { stage, why = c.line.host.Commissioned(c.Unit.Address) })
	if err != nil && time.Now().After(c.Until) {
		return osdp.Expired, reader.Lost
	}
	return stage, why
}

// closeTimeBox ends the time box, because the person who wanted the key set is gone. It waits
// for a line that is not open: the box must be closed before the line opens again.
func (c *commissioning) closeTimeBox() {
	stage, why := osdp.Stopped, reader.Why("")
	err := c.doWhenOpen(context.Background(), c.Until, func() {
		c.line.host.StopCommission(time.Now(), c.Unit.Address)
		stage, why = c.line.host.Commissioned(c.Unit.Address)
	})
	if err == nil && stage == osdp.Secured {
		c.keepKey()
		return
	}
	c.dropKey(stage, why)
}

// tellStep reports a step once.
func (c *commissioning) tellStep(step string) {
	if step != c.told {
		c.told = step
		c.tell(ctl.CommissionStep{Reader: c.Name, Step: step, Until: c.Until})
	}
}

// keepKey makes the new key the reader's only one, and reports that.
func (c *commissioning) keepKey() {
	if err := c.keys.Confirm(c.Name, c.keyText()); err != nil {
		c.tellFailure(err.Error(), "make room: the reader works, and its key is on disk as one that waits")
		return
	}
	c.tellStep(ctl.StepKeySet) // it may have passed between two looks
	c.tellStep(ctl.StepSecured)
	c.keyed()
	c.log.Info("OSDP reader has a new key", "reader", c.Name)
}

// dropKey deletes the new key unless the reader may have it, and reports the failure.
func (c *commissioning) dropKey(stage osdp.Stage, why reader.Why) {
	if !c.mayHaveKey() {
		if err := c.keys.Withdraw(c.Name, c.keyText()); err != nil {
			c.log.Warn("a key that was never used stays on disk", "reader", c.Name, "err", err)
		}
	}
	text, do := describeFailure(stage, why)
	if why == reader.WrongKey && !c.Cleared {
		do += "; if it had a key and you have cleared it, add --cleared"
	}
	c.tellFailure(text, do)
}

// mayHaveKey reports whether the reader may have the key.
func (c *commissioning) mayHaveKey() (gave bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := c.line.port.Do(ctx, func() { gave = c.line.host.GaveKey(c.Unit.Address) })
	return gave || err != nil
}

func (c *commissioning) tellFailure(text, do string) {
	c.tell(ctl.CommissionStep{Reader: c.Name, Step: ctl.StepFailed, Until: c.Until, Text: text, Do: do})
	c.log.Warn("OSDP reader was not commissioned", "reader", c.Name, "err", text)
}

// describeFailure explains why a reader has no new key, and what to do.
func describeFailure(stage osdp.Stage, why reader.Why) (text, do string) {
	switch {
	case stage == osdp.Stopped:
		return "it was ended before it was done", "begin again; `badgectl readers` tells whether the reader works"
	case why == reader.WrongKey:
		return "the reader answers, but is not in install mode: it has a key that the agent does not know",
			"clear its key as its manual says (with a configuration card, a button, or the maker's app), and begin again"
	case why == reader.Insecure, why == reader.Downgraded:
		return "the reader does not offer the secure channel",
			"update its firmware or switch it to OSDP with secure channel; if it did offer it once, look at its cable: somebody may be on it"
	case why == reader.Refused:
		return "the reader refuses the key", "clear its key as its manual says, and begin again"
	case why == reader.Silent, why == reader.Lost, why == "":
		return "the time is over, and the reader did not answer",
			"check its power, the wires A and B, its address (options.address) and its speed (baud), and begin again"
	default:
		return "the time is over, and the reader has no new key (" + string(why) + ")",
			"check its cable, clear its key as its manual says, and begin again"
	}
}
