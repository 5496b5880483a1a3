package osdp

// The commands that this host sends or a Monitor looks into (SIA OSDP 2.2, annex A).
const (
	cmdPoll   = 0x60
	cmdID     = 0x61
	cmdCap    = 0x62
	cmdLocal  = 0x64 // LSTAT
	cmdLED    = 0x69
	cmdBuz    = 0x6A
	cmdText   = 0x6B
	cmdComSet = 0x6E
	cmdKeySet = 0x75
	cmdChlng  = 0x76
	cmdScrypt = 0x77
)

// The replies (annex A). None of those that these commands have comes in several
// messages; the ones that do belong to smart cards, biometry and files.
const (
	replyACK    = 0x40
	replyNAK    = 0x41
	replyID     = 0x45
	replyCap    = 0x46
	replyLocal  = 0x48 // LSTATR
	replyInput  = 0x49
	replyOutput = 0x4A
	replyHead   = 0x4B // RSTATR
	replyRaw    = 0x50
	replyFmt    = 0x51
	replyKeypad = 0x53
	replyCom    = 0x54
	replyCrypt  = 0x76
	replyRMAC   = 0x78
	replyBusy   = 0x79
	replyMaker  = 0x90 // MFGREP
)

// The codes of NAK that say more than «not this command» (section 7.3).
const (
	nakCheck    = 1 // CRC or checksum of the command
	nakCommand  = 3 // it does not know the command
	nakSequence = 4
	nakBlock    = 5 // no such security block: it has no secure channel
	nakSecurity = 6 // the secure channel is missing, or cannot be opened like this
)

// The types of security blocks (annex D.1.3). From scsCommand on a frame has a MAC.
const (
	scsChlng       = 0x11
	scsCrypt       = 0x12
	scsScrypt      = 0x13
	scsRMAC        = 0x14
	scsCommand     = 0x15 // MAC
	scsReply       = 0x16
	scsCommandData = 0x17 // MAC, data encrypted
	scsReplyData   = 0x18
)

// secretReply reports whether a reply says what nobody on the line may read or make up.
func secretReply(code byte) bool { return code == replyRaw || code == replyFmt || code == replyKeypad }

// tellsState reports whether a reply only tells how a reader is.
func tellsState(code byte) bool { return code >= replyLocal && code <= replyHead }

// The capabilities that matter here (annex B).
const (
	capLED      = 4
	capBuz      = 5
	capText     = 6
	capSecurity = 9
)

// aes128 is the bit of capSecurity that promises the secure channel.
const aes128 = 1
