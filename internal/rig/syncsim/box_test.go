package syncsim

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/reader"
	"badged/sync/hub/fleet"
	"badged/sync/uplink"
	"badged/sync/wire"
)

// box is one terminal: its disk, what runs from it, and what the simulation knows of both.
type box struct {
	w    *world
	name string
	path string
	key  ed25519.PrivateKey

	board   machine
	store   *store.Store
	clock   *clock.Clock
	engine  *enroll.Engine
	machine *uplink.Machine // nil: not connected
	nonce   [16]byte
	ticks   int  // of the deadline that is planned; older ones do nothing
	offline bool // the network keeps it from connecting
	removed bool // somebody locked it out

	held // what is on its disk
	past []image
}

// held is what a disk holds, as far as the simulation checks it.
type held struct {
	events []string        // that were committed, by their identity
	order  uint64          // of the last of them
	denied map[string]bool // badges whose revocation was applied
}

func (h held) clone() held {
	return held{slices.Clone(h.events), h.order, maps.Clone(h.denied)}
}

// image is a copy of a disk.
type image struct {
	files map[string][]byte
	held  held
}

var suffixes = []string{"", "-wal", ".witness"}

func (w *world) newBox(name string, key ed25519.PrivateKey) *box {
	b := &box{w: w, name: name, key: key, held: held{denied: map[string]bool{}}}
	b.path = filepath.Join(w.dir, fmt.Sprintf("box%d.db", len(w.boxes)))
	w.boxes = append(w.boxes, b)
	return b
}

func (b *box) open() {
	s, err := store.Open(context.Background(), store.Options{Path: b.path, Terminal: b.name, Log: silent})
	if err != nil {
		b.w.wrong("open %s: %v", b.name, err)
		return
	}
	b.store = s
	b.clock = b.newClock()
	b.engine = enroll.NewEngine(s, siteKey, b.clock, b.name)
	if s.Recovered() != "" {
		b.w.wrong("the database of %s is taken for damaged", b.name)
	}
}

// halt ends what runs, as at a power cut that loses nothing that was committed.
func (b *box) halt() {
	b.machine = nil
	if b.store != nil {
		_ = b.store.Close()
	}
}

// copyDisk copies the disk as it is now.
func (b *box) copyDisk() image {
	img := image{files: map[string][]byte{}, held: b.held.clone()}
	for _, suffix := range suffixes {
		data, err := os.ReadFile(b.path + suffix)
		if err == nil {
			img.files[suffix] = data
		} else if !errors.Is(err, fs.ErrNotExist) {
			b.w.must(err)
		}
	}
	return img
}

// start runs the box from a disk.
func (b *box) start(img image) {
	b.halt()
	for _, suffix := range append([]string{"-shm"}, suffixes...) {
		_ = os.Remove(b.path + suffix)
	}
	for suffix, data := range img.files {
		b.w.must(os.WriteFile(b.path+suffix, data, 0o600))
	}
	b.held = img.held.clone()
	b.open()
	b.recordEvents() // what the start itself told
	b.connect()
}

// connect begins a connection, unless there is one.
func (b *box) connect() {
	if b.machine != nil || b.offline || b.store == nil {
		return
	}
	for i := range b.nonce {
		b.nonce[i] = byte(b.w.rand.Uint32())
	}
	b.machine = uplink.NewMachine(b.nonce, "sim")
	b.publish(wire.MsgStatus, wire.Status{Nonce: b.nonce, Online: true})
	b.do(b.machine.Start(time.Now()))
}

// drop ends the connection; the broker may tell the hub.
func (b *box) drop() {
	if b.machine == nil {
		return
	}
	if b.w.chance(0.7) {
		b.publish(wire.MsgStatus, wire.Status{Nonce: b.nonce})
	}
	b.machine = nil
}

// goOffline ends the connection and keeps the box from connecting.
func (b *box) goOffline() {
	b.drop()
	b.offline = true
}

// goOnline lets the box connect again.
func (b *box) goOnline() {
	b.offline = false
	b.connect()
}

func (b *box) publish(kind string, v any) {
	c := wire.Context{Site: siteID, Terminal: b.name}
	payload, err := wire.Seal(b.key, c.Of(wire.Up, kind), v)
	b.w.must(err)
	b.w.send(fleet.Message{Terminal: b.name, Kind: kind, Payload: payload})
}

// send carries a message to whichever hub runs when it arrives.
func (w *world) send(m fleet.Message) {
	w.seen = append(w.seen, m)
	if w.deaf {
		w.heldBack = append(w.heldBack, m)
		return
	}
	w.carry(func() { w.link.up <- m })
}

func (b *box) receive(m down) {
	switch {
	case b.machine == nil:
	case m.page != nil:
		b.do(b.machine.Page(time.Now(), *m.page))
	default:
		if a := m.ack; a.Nonce == b.nonce {
			b.w.logf("%s hears that the hub has %v of %x, born %x, copied %v, %s", b.path, a.Upto, a.Incarnation[:4], a.Born, a.Copied, a.Problem)
		}
		b.do(b.machine.Ack(time.Now(), *m.ack))
	}
}

// do does what the machine wants done, as uplink's connection does.
func (b *box) do(effects []uplink.Effect) {
	for len(effects) > 0 && b.machine != nil {
		more, err := b.doOne(effects[0])
		if err != nil {
			b.w.logf("%s drops: %v", b.path, err)
			b.drop()
			b.w.after(time.Second+b.w.upTo(4*time.Second), b.connect)
			return
		}
		effects = append(effects[1:], more...)
	}
	b.planTick()
}

func (b *box) planTick() {
	if b.machine == nil {
		return
	}
	b.ticks++
	n, m := b.ticks, b.machine
	b.w.after(max(time.Until(m.Deadline()), time.Millisecond), func() {
		if b.machine == m && b.ticks == n {
			b.do(m.Tick(time.Now()))
		}
	})
}

// doOne does one thing that the machine wants done, and gives what it wants next.
func (b *box) doOne(e uplink.Effect) ([]uplink.Effect, error) {
	ctx, now := context.Background(), time.Now()
	switch e := e.(type) {
	case uplink.Locate:
		pos, err := b.store.Position(ctx)
		return b.machine.Located(now, pos), err
	case uplink.Say:
		b.publish(wire.MsgHello, e.Hello)
	case uplink.Send:
		b.publish(e.Frame.Stream.String(), e.Frame)
	case uplink.Fetch:
		batch, err := b.store.Pending(ctx, e.Stream, e.After, 8, wire.MaxFrameBytes)
		return b.machine.Events(now, e.Stream, batch), err
	case uplink.Forget:
		err := b.store.Acked(ctx, e.Durable)
		if errors.Is(err, wire.ErrFork) {
			b.w.logf("%s is a fork", b.path)
			return b.machine.Forked(now), nil
		}
		return nil, err
	case uplink.Apply:
		err := b.store.Apply(ctx, e.Pages)
		if err != nil && !errors.Is(err, wire.ErrHash) {
			return nil, err
		}
		b.recordDenied()
		return b.machine.Applied(now, e.Pages, err), nil
	case uplink.Renew:
		for i := range e.Incarnation {
			if e.Incarnation[i] == 0 {
				e.Incarnation[i] = byte(b.w.rand.Uint32())
			}
		}
		b.w.logf("%s goes on as %x", b.path, e.Incarnation[:4])
		err := b.store.Reincarnate(ctx, e.Incarnation)
		b.recordEvents()
		return nil, err
	case uplink.SetTime:
		b.hearTime(e.At)
	case uplink.Drop:
		return nil, e.Why
	}
	return nil, nil
}

// recordEvents keeps for the checks which events came to the disk.
func (b *box) recordEvents() {
	b.w.must(b.store.Update(context.Background(), func(enroll.Tx) error { return nil })) // behind what was queued
	tail, err := b.store.Tail(context.Background(), 1000)
	b.w.must(err)
	for _, e := range tail {
		if e.Order > b.order {
			b.order = e.Order
			b.events = append(b.events, identity(b.name, e.Order, uint64(e.Kind), uint64(e.Reason), e.Card, e.Account, e.Number, e.At.Wall.UnixMilli()))
		}
	}
	select {
	case <-b.store.Wake():
		if b.machine != nil {
			b.do(b.machine.Wake(time.Now()))
		}
	default:
	}
}

// identity is what makes an event the same at the terminal and at the hub.
func identity(terminal string, order, kind, reason uint64, card, account [16]byte, number uint64, at int64) string {
	return fmt.Sprintf("%s/%d kind %d reason %d card %x account %x number %d at %d", terminal, order, kind, reason, card[:4], account[:4], number, at)
}

// recordDenied keeps for the checks which revocations have been applied here.
func (b *box) recordDenied() {
	for badge := range b.w.revoked {
		if k, ok := b.store.Index().Card(siteKey.Card(badge), "front"); ok && k.Binding.State != enroll.BindingActive {
			b.denied[badge] = true
		}
	}
}

// present holds an unknown or known badge to the printer.
func (b *box) present(badge string) {
	hall := enroll.Point{Name: "hall", Kind: enroll.Print}
	d := b.engine.Card(context.Background(), hall, reader.NewNumber(badge), reader.TextCard(badge))
	b.w.logf("%s: %s at the printer: reason %d, number %d", b.path, badge, d.Reason, d.Account.Number)
	b.recordEvents()
}

var front = enroll.Point{Name: "front", Kind: enroll.DoorP, Door: "front"}

// knock holds a member's badge to the door.
func (b *box) knock(badge string) {
	d := b.engine.Card(context.Background(), front, reader.NewNumber(badge), reader.TextCard(badge))
	if d.Open && b.denied[badge] {
		b.w.wrong("%s opens to %s, whose revocation it had applied", b.path, badge)
	}
	b.recordEvents()
}
