// Package store keeps what a terminal knows, in one SQLite file: the events with
// their outbox, what the hub has sent, what the terminal has changed since, the
// leased numbers and the counters. It implements enroll.Store for the engine and the
// store of sync/uplink for the connection to the hub, and is the one place that knows
// both the domain and the wire.
//
// # Commits
//
// One goroutine writes. What is queued while it commits goes into its next
// transaction, in the order of the calls. A commit that fails makes the store
// failed: Queue and Update fail at once, and Failed says why. Events that were taken
// already are kept and tried again until the disk has room; then the store works
// again, and one event (enroll.EventsLost) tells how many Queue refused meanwhile.
// After an error of the disk itself it stays failed until it is opened again, because a
// second sync can report success for what the first one lost.
//
// # Who is right, the hub or the terminal
//
// hub_row holds what the hub said, byte for byte, and its set hash is kept with every
// change. local_row holds what this terminal did to an account, a card or a claim,
// with the place (mark) of the security event that tells the hub. Neither ever
// overwrites the other; what counts is their merge:
//
//	account  state, kind and number are the hub's as soon as it has a row. Name, state of the
//	         address, language and end are the terminal's where it changed them (compared with
//	         the hub's row of that time, base), else the hub's.
//	         That it was merged stays.
//	         An anonymous account that lapsed and began anew, with another number, is the
//	         terminal's until the hub's row changes.
//	card     the terminal's, until a row of the hub's comes: that one wins, whatever it says.
//	         Only while it still gives the card to the anonymous account that the terminal
//	         took it from, and does not know of that, the terminal's stays.
//	claim    used or void wins over live, whoever says it.
//
// A local row ends when
//
//   - a row of the hub's comes for it and it is a card (that was not moved, see above); or the claim is no longer live
//     there; or it is an account and the hub has its event;
//   - the hub removes the row: revocations always win, also over what is still in
//     the outbox, except over what was made in the place of that very row, of which the
//     hub has not heard;
//   - the hub had its event when Position was last asked for, and then sends the
//     collection: as a snapshot without the row, or, for an account or a card whose row
//     the hub has, in any way. (A snapshot that was made before the hub had the
//     event could otherwise take the account of a person who has just enrolled.)
//
// So a snapshot never takes what is still in the outbox. In the other direction,
// Update refuses with enroll.ErrTaken to bind a card that belongs to another account
// (but a person takes one from an anonymous account) or was revoked since the engine
// looked, and to use a claim that is not live any more.
//
// # Accounts that lapse
//
// An anonymous account that nobody made their own lapses. The engine then takes its card
// for unknown, whoever still has the rows. The hub removes its own; PurgeLapsed removes
// what the hub never had. Used numbers stand in the table lease, which nothing shrinks, so
// none comes back.
//
// # Large changes
//
// More than a few hundred rows at once would keep the one writer busy while people
// wait. They are compared with what is there; only what differs is written, in short
// transactions, first to hub_stage, where nobody looks. One small transaction then
// declares them valid, with revision and set hash, and short ones move them, rows that
// take rights away first. A crash before that transaction changes nothing, a crash
// after it continues at the next start.
package store
