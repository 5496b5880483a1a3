// Package pcscd is a reader at the PC/SC daemon of the machine, pcscd, which it speaks to
// without the daemon's library, over its Unix socket.
//
// Every message of ours is a header, its length and its command, and what the command has
// as a C structure; the answer is the same structure, filled in. All numbers are of 32
// bits in the machine's own byte order.
//
//	CMD_VERSION              major minor rv                                      4 4 0
//	SCARD_ESTABLISH_CONTEXT  scope context rv
//	SCARD_CONNECT            context name[128] share protocols card protocol rv
//	SCARD_TRANSMIT           card (protocol length)(sent) n (protocol length)(received) n rv
//	                         and behind it, each way, the n bytes of the APDU
//	SCARD_DISCONNECT         card disposition rv
//	CMD_WAIT_READER_STATE_CHANGE   nothing; the answer is the state of 16 readers, and later,
//	                         when one changes, (timeout rv)
//	CMD_STOP_WAITING_READER_STATE_CHANGE   nothing; the answer is (timeout rv), unless that
//	                         came already
//
// So who waits gets exactly one (timeout rv), whether something changes or it stops waiting.
//
// Source: pcsc-lite 1.9.9, src/winscard_msg.h, winscard_svc.c, winscard_clnt.c and
// eventhandler.h (protocol 4:4, which later daemons speak too); PCSC/pcsclite.h (values).
package pcscd
