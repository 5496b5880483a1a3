// Package box is what runs first on a terminal that starts from a card: it makes a Linux of the
// kernel and the archive beside it, brings the network up, keeps the agent running, and is what an
// update is made and judged by.
//
//	mounts ─► modules ─► the card: settings, record of updates ─► the terminal's own file system
//	  ├─► network: link, VLAN, DHCP or a fixed address, name servers ─► time
//	  ├─► agent: join, run, watch, start again
//	  ├─► trial: commit the slot, or reboot into the one of before
//	  └─► socket and console: status, update, rollback
//
// The card is read once. After that, only the terminal's own file system and updates need it.
package box
