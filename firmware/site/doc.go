// Package site makes each terminal of a site its own: from a file about the site, a roster with a
// row for each terminal and the configurations of its kinds of terminal come the settings that
// are written onto a card.
//
//	site.toml ──┐
//	roster.csv ─┼─► Site ─► Provision of a row ─► two copies on a card ─► the terminal's first start
//	door.toml ──┘
//
// Everything is read strictly: a key, a column or a name in braces that nobody knows is an error
// at the desk, not a surprise at the door.
package site
