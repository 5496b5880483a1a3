package uplink_test

import (
	"crypto/ed25519"
	"testing"
	"testing/synctest"
	"time"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// updates note what the hub says about releases.
type updates struct {
	state   *wire.Update
	offers  []wire.Release
	pieces  []wire.Piece
	wants   chan wire.Want
	changed chan struct{}
}

func (u *updates) State() *wire.Update      { return u.state }
func (u *updates) Offered(r wire.Release)   { u.offers = append(u.offers, r) }
func (u *updates) Arrived(p wire.Piece)     { u.pieces = append(u.pieces, p) }
func (u *updates) Wants() <-chan wire.Want  { return u.wants }
func (u *updates) Changed() <-chan struct{} { return u.changed }

// Issue 12, 5: an offer counts in the connection that it was made in, so that nobody can keep one
// and play it later; a piece counts whenever it comes. How the terminal stands is told at once when
// it changes.
func TestAnOfferOfAnotherConnectionIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		u := &updates{state: &wire.Update{Board: "rpi-4"}, wants: make(chan wire.Want), changed: make(chan struct{}, 1)}
		r.up = uplink.New(uplink.Options{
			Store: r.store, Dial: r.hub.dial, Site: "lyon", Terminal: "hall", Agent: "test", Key: terminalKey,
			HubKey: hubKey.Public().(ed25519.PublicKey), Clock: r, Updates: u, Log: silent, OnState: r.onState,
		})
		r.run(func() {
			r.after(time.Second)
			r.hub.send(wire.MsgRelease, wire.Release{Nonce: [16]byte{9}, Version: "old"})
			r.hub.send(wire.MsgRelease, wire.Release{Nonce: r.hub.nonce, Version: "1.4.0"})
			r.hub.send(wire.MsgPiece, wire.Piece{Index: 7})
			r.after(time.Second)
			if len(u.offers) != 1 || u.offers[0].Version != "1.4.0" || len(u.pieces) != 1 || u.pieces[0].Index != 7 {
				t.Errorf("offers %+v, pieces %+v", u.offers, u.pieces)
			}
			u.wants <- wire.Want{Pieces: []uint64{3}}
			hellos := len(r.hub.hellos)
			u.state = &wire.Update{Board: "rpi-4", Done: 1}
			u.changed <- struct{}{}
			r.after(time.Second)
			if len(r.hub.hellos) != hellos+1 || r.hub.hellos[hellos].Update == nil || r.hub.hellos[hellos].Update.Done != 1 {
				t.Errorf("after a change, %d hellos", len(r.hub.hellos)-hellos)
			}
			if len(r.hub.wants) != 1 || r.hub.wants[0].Pieces[0] != 3 {
				t.Errorf("asked for %+v", r.hub.wants)
			}
		})
	})
}
