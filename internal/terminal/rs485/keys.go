package rs485

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"badged/internal/health"
	"badged/internal/keyfile"
	"badged/internal/secret"
	"badged/reader/osdp"
)

// LoadKeys gives the hosts the keys of their readers, before any port is opened. A reader
// whose key cannot be read stays offline, and health says why.
func (ls Lines) LoadKeys() {
	holders := map[osdp.Key]string{}
	for _, r := range ls.readers() {
		err := r.loadKeys(ls.Keys, holders)
		clear := r.Unit.ClearText
		switch {
		case err != nil && clear:
			r.line.host.Bar(r.Unit.Address)
			ls.showBadKey(r, fmt.Errorf("there is a key for it, and yet its option secure is \"off\": it is not used (%w)", err),
				"take the option out; or, if the reader is to speak in the clear, delete its keys in "+ls.Keys.String())
		case err != nil:
			ls.showBadKey(r, err, "put the file right, and start the terminal again")
		case clear:
			ls.Health.Set(health.Item{
				Name: "line of reader " + r.Name, State: health.Warn,
				Text: "reader " + r.Name + " speaks in the clear, as its option secure = \"off\" says: whoever reaches its line can copy badges and make them up",
				Do:   "take the option out, then give the reader a key: badgectl osdp commission " + r.Name,
			})
		}
	}
}

// showBadKey shows that a reader stays offline because of its keys.
func (ls Lines) showBadKey(r *Reader, err error, do string) {
	ls.Health.Set(health.Item{Name: "key of reader " + r.Name, State: health.Fail, Text: err.Error(), Do: do})
}

// loadKeys gives the host the reader's keys. It fails if another reader of the terminal has
// the same key: holders maps keys to readers.
func (r *Reader) loadKeys(folder keyfile.Folder, holders map[osdp.Key]string) error {
	texts, err := folder.Load(r.Name)
	if r.KeyFile != "" {
		var text secret.Text
		text, err = keyfile.Read(r.KeyFile)
		texts = []secret.Text{text}
	}
	if err != nil {
		return err
	}
	var keys []osdp.Key
	for _, text := range texts {
		key, err := osdp.ParseKey(text.Reveal())
		if err != nil {
			return fmt.Errorf("read a key of reader %s: %w", r.Name, err)
		}
		if other := cmp.Or(holders[key], r.Name); other != r.Name {
			return fmt.Errorf("readers %s and %s have the same key: each can answer in the place of the other (commission one of them anew)", other, r.Name)
		}
		holders[key] = r.Name
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil
	}
	if err := r.line.host.SetKeys(r.Unit.Address, keys...); err != nil {
		return err
	}
	if r.KeyFile == "" && !folder.Confirmed(r.Name) {
		r.line.host.Doubt(r.Unit.Address)
	}
	return nil
}

// ConfirmKeys finds out, for readers with several keys on disk after a power cut, which one
// they have. It ends when all have shown it, or with ctx.
func (ls Lines) ConfirmKeys(ctx context.Context) error {
	const often = time.Second
	open := ls.unconfirmed()
	again := time.NewTicker(often)
	defer again.Stop()
	for len(open) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
		open = slices.DeleteFunc(open, func(r *Reader) bool { return ls.confirmKey(ctx, r) })
	}
	return nil
}

// unconfirmed returns the readers with a key that was not confirmed.
func (ls Lines) unconfirmed() []*Reader {
	return slices.DeleteFunc(ls.readers(), func(r *Reader) bool { return r.KeyFile != "" || !ls.Keys.Waits(r.Name) })
}

// confirmKey keeps the key that a reader has used, and reports whether it is confirmed now.
func (ls Lines) confirmKey(ctx context.Context, r *Reader) (done bool) {
	select {
	case r.filing <- struct{}{}:
		defer func() { <-r.filing }()
	default:
		return false // it is being commissioned, which settles it, or leaves it open
	}
	if !ls.Keys.Waits(r.Name) {
		return true
	}
	var key osdp.Key
	var online bool
	err := r.line.port.Do(ctx, func() {
		s, _ := r.line.host.Status(r.Unit.Address)
		key, online = r.line.host.Opened(r.Unit.Address)
		online = online && s.Online
	})
	if err != nil || !online {
		return false
	}
	if err := ls.Keys.Confirm(r.Name, secret.New(key.Hex())); err != nil {
		ls.Log.Warn("the key of an OSDP reader is not settled", "reader", r.Name, "err", err)
		return false
	}
	ls.Log.Info("OSDP reader has shown which key it has", "reader", r.Name)
	return true
}
