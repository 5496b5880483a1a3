package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"badged/internal/config"
	"badged/internal/ctl"
	"badged/internal/keyfile"
	"badged/internal/secret"
	"badged/reader"
	"badged/reader/osdp"
)

// commissionLook is how often a commissioning is looked at. handOver is how long one
// that was ended may take to be over.
const (
	commissionLook = 50 * time.Millisecond
	handOver       = 2 * time.Second
)

// commissioning is the giving of a key to one reader. The key is on disk before the
// reader gets it.
type commissioning struct {
	*osdpReader
	keys keyfile.Folder
	log  *slog.Logger
	osdp.Commission
	tell  func(ctl.CommissionStep)
	keyed func() // the reader has its key
	told  string // the last step
}

// Commission implements ctl.Agent.
func (s *status) Commission(ctx context.Context, name string, d time.Duration, cleared bool, tell func(ctl.CommissionStep)) error {
	r, err := s.commissionable(name)
	if err != nil {
		return err
	}
	select {
	case r.filing <- struct{}{}:
		defer func() { <-r.filing }()
	case <-time.After(handOver):
		return conflict("reader %q is being commissioned already", name)
	}
	c := commissioning{osdpReader: r, keys: s.osdpKeys(), log: s.log, tell: tell,
		Commission: osdp.Commission{Until: time.Now().Add(d), Cleared: cleared},
		keyed:      func() { s.agent.Keyed(ctx, name) }}
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.run(ctx)
	return nil
}

// commissionable finds a reader whose key the agent keeps.
func (s *status) commissionable(name string) (*osdpReader, error) {
	configured := s.plan.cfg.Readers
	i := slices.IndexFunc(configured, func(c config.Reader) bool { return c.Name == name })
	if i < 0 {
		return nil, &ctl.Refusal{Status: http.StatusNotFound, Text: fmt.Sprintf("there is no reader %.40q (`badgectl readers` lists them)", name)}
	}
	r := s.plan.osdpReader(name)
	switch {
	case r == nil:
		return nil, conflict("reader %q speaks %s, and only osdp has keys", name, configured[i].Protocol)
	case r.keyFile != "":
		return nil, conflict("the key of reader %q comes from %s (take the option key_file away, and the agent keeps the key)", name, r.keyFile)
	}
	return r, nil
}

func conflict(format string, args ...any) error {
	return &ctl.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf(format, args...)}
}

// begin puts a new key on disk and opens the time box.
func (c *commissioning) begin(ctx context.Context) (err error) {
	if c.Key, err = osdp.NewKey(rand.Reader); err != nil {
		return err
	}
	if err := c.keys.Stage(c.name, c.text()); err != nil {
		return err
	}
	doErr := c.patiently(ctx, time.Now().Add(lineBound), func() {
		err = c.line.host.Commission(time.Now(), c.address, c.Commission)
	})
	if doErr == nil && err == nil {
		return nil
	}
	if werr := c.keys.Withdraw(c.name, c.text()); werr != nil {
		return werr
	}
	if doErr != nil {
		return conflict("%v", doErr)
	}
	return conflict("%v", err)
}

// lineBound is how long a line may take to be opened again.
const lineBound = 10 * time.Second

// patiently does fn at the host as soon as the line is open, or fails when it is not
// until then.
func (c *commissioning) patiently(ctx context.Context, until time.Time, fn func()) error {
	again := time.NewTicker(commissionLook)
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

func (c *commissioning) text() secret.Text { return secret.New(c.Key.Hex()) }

// run tells how it goes until it is over, or ctx is.
func (c *commissioning) run(ctx context.Context) {
	c.step(ctl.StepWaiting)
	again := time.NewTicker(commissionLook)
	defer again.Stop()
	for {
		stage, why := c.look(ctx)
		switch stage {
		case osdp.Sent:
			c.step(ctl.StepSent)
		case osdp.KeySet:
			c.step(ctl.StepKeySet)
		case osdp.Secured:
			c.secured()
			return
		case osdp.Refused, osdp.Expired, osdp.Stopped:
			c.failed(stage, why)
			return
		}
		select {
		case <-ctx.Done():
			c.stop()
			return
		case <-again.C:
		}
	}
}

// look asks how far it is. While the line is not open there is nothing new, until the
// time is over.
func (c *commissioning) look(ctx context.Context) (stage osdp.Stage, why reader.Why) {
	err := c.line.port.Do(ctx, func() { stage, why = c.line.host.Commissioned(c.address) })
	if err != nil && time.Now().After(c.Until) {
		return osdp.Expired, reader.Lost
	}
	return stage, why
}

// stop closes the time box: whoever wanted the key set is gone. A line that is not open
// is waited for: the box must not be open when it is again.
func (c *commissioning) stop() {
	stage, why := osdp.Stopped, reader.Why("")
	err := c.patiently(context.Background(), c.Until, func() {
		c.line.host.StopCommission(time.Now(), c.address)
		stage, why = c.line.host.Commissioned(c.address)
	})
	if err == nil && stage == osdp.Secured {
		c.secured()
		return
	}
	c.failed(stage, why)
}

// step tells a step, once.
func (c *commissioning) step(step string) {
	if step != c.told {
		c.told = step
		c.tell(ctl.CommissionStep{Reader: c.name, Step: step, Until: c.Until})
	}
}

// secured keeps the key for good.
func (c *commissioning) secured() {
	if err := c.keys.Confirm(c.name, c.text()); err != nil {
		c.fail(err.Error(), "make room: the reader works, and its key is on disk as one that waits")
		return
	}
	c.step(ctl.StepKeySet) // it may have passed between two looks
	c.step(ctl.StepSecured)
	c.keyed()
	c.log.Info("OSDP reader has a new key", "reader", c.name)
}

// failed drops a key that the reader was never sent, and tells why.
func (c *commissioning) failed(stage osdp.Stage, why reader.Why) {
	if !c.gave() {
		if err := c.keys.Withdraw(c.name, c.text()); err != nil {
			c.log.Warn("a key that was never used stays on disk", "reader", c.name, "err", err)
		}
	}
	text, do := commissionFailure(stage, why)
	if why == reader.WrongKey && !c.Cleared {
		do += "; if it had a key and you have cleared it, add --cleared"
	}
	c.fail(text, do)
}

// gave tells whether the reader may have the key.
func (c *commissioning) gave() (gave bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := c.line.port.Do(ctx, func() { gave = c.line.host.GaveKey(c.address) })
	return gave || err != nil
}

func (c *commissioning) fail(text, do string) {
	c.tell(ctl.CommissionStep{Reader: c.name, Step: ctl.StepFailed, Until: c.Until, Text: text, Do: do})
	c.log.Warn("OSDP reader was not commissioned", "reader", c.name, "err", text)
}

// commissionFailure says why a reader has no new key, and what to do.
func commissionFailure(stage osdp.Stage, why reader.Why) (text, do string) {
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
