// Package osdp is the host's side of OSDP: SIA OSDP 2.2, which is IEC 60839-11-5. Up
// to 126 readers share an RS-485 line; each has an address, is asked in turn and
// answers within 200 ms.
//
// Bus is the host (the standard's access control unit) of one line. Monitor listens to
// both directions of somebody else's. They share one frame codec and one secure
// channel. Everything here is pure: no I/O, no clock, no goroutine.
//
// The line is taken for hostile:
//
//   - Every reader has a key of its own and is spoken to inside the secure channel
//     only. There is no fall-back to clear text; a reader may use it only if its
//     Unit says so, which Status shows.
//   - Keys that can be guessed are refused, and so is the default key, except while
//     Bus.Commission gives a reader its first key: on request, for a limited time.
//   - KEYSET is sent inside the channel only, and only by Bus.Commission. A reader that
//     lost its key, or says that it has no secure channel, stays offline and raises an alarm.
//   - Badges and keys count encrypted and with their MAC only. What else a reader replies
//     may be odd: it is not believed, and the reader is used all the same.
//   - Inside the channel nothing counts without its MAC, except BUSY (wait) and NAK,
//     which can only make the host open the channel again.
//
// The five attacks of Bishop Fox's «Badge of Shame» (Black Hat USA 2023) each have a
// test: optional encryption, capability downgrade, install mode, weak keys, key capture.
package osdp
