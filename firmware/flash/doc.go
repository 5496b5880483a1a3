// Package flash writes cards: it finds the card among the disks of a machine, lays out what
// belongs on it, writes it in an order in which half a card never starts, and reads it back.
//
//	/sys, mountinfo ──► Machine.Disks ──► Choose ──► the one card, or a refusal with its reason
//	bundle, provisioning ──► Layout ──► Image ──► Write ──► PASS, or what is wrong with the card
//
// Only card_linux.go touches devices. All else is bytes and descriptions.
package flash
