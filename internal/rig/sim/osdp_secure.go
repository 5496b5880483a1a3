package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// The types of security blocks (SIA OSDP 2.2, annex D.1.3).
const (
	scsChallenge   = 0x11 // CHLNG and the key that it means
	scsCryptogram  = 0x12 // CCRYPT
	scsServer      = 0x13 // SCRYPT
	scsInitialMAC  = 0x14 // RMAC_I
	scsCommandMAC  = 0x15 // command with MAC, no data
	scsAnswerMAC   = 0x16
	scsCommandData = 0x17 // command with MAC, data encrypted
	scsAnswerData  = 0x18
)

// The keys that a challenge can mean (annex D.1.3, SEC_BLK_DATA).
const (
	osdpDefaultKey = 0
	osdpOwnKey     = 1
)

// osdpSCBKD is the default key that every reader in install mode has (annex D.3.1).
const osdpSCBKD = "0123456789:;<=>?"

// osdpChannel is a reader's end of the secure channel.
//
//	         CHLNG answered            SCRYPT right
//	(closed) --------------> (asked) ----------------> (open)
//	   ^                        |                         |
//	   +------------------------+-------------------------+
//	     sequence 0, wrong cryptogram or MAC, restart
type osdpChannel struct {
	asked, open      bool
	enc, mac1, mac2  cipher.Block
	challenge        []byte   // RND.A and RND.B
	lastCmd, lastAns [16]byte // the whole MAC of the last command and answer
}

// ask makes the session's keys from a base key and both random numbers (annex D.4.1)
// and gives the reader's cryptogram.
func (c *osdpChannel) ask(key, rndA, rndB []byte) (cryptogram []byte) {
	base := mustAES(key)
	session := func(kind byte) cipher.Block {
		return mustAES(encryptBlock(base, append([]byte{1, kind}, rndA[:6]...)))
	}
	*c = osdpChannel{asked: true, enc: session(0x82), mac1: session(0x01), mac2: session(0x02)}
	c.challenge = append(bytes.Clone(rndA), rndB...)
	return encryptBlock(c.enc, c.challenge)
}

// checkCryptogram checks the host's cryptogram (annex D.4.3). With a right one the channel is
// open and RMAC_I is given; with a wrong one it is closed.
func (c *osdpChannel) checkCryptogram(server []byte) (initial []byte, ok bool) {
	if !c.asked {
		return nil, false
	}
	want := encryptBlock(c.enc, append(bytes.Clone(c.challenge[8:]), c.challenge[:8]...))
	if subtle.ConstantTimeCompare(want, server) == 0 {
		*c = osdpChannel{}
		return nil, false
	}
	c.asked, c.open = false, true
	c.lastAns = [16]byte(encryptBlock(c.mac2, encryptBlock(c.mac1, want)))
	return bytes.Clone(c.lastAns[:]), true
}

// openCommand checks the MAC of a command and gives its data in the clear.
func (c *osdpChannel) openCommand(f osdpFrame) (data []byte, ok bool) {
	if !c.open || f.signed == nil {
		return nil, false
	}
	mac := c.sum(c.lastAns, f.signed)
	if subtle.ConstantTimeCompare(mac[:osdpMAC], f.mac) == 0 {
		return nil, false
	}
	if f.block[0] == scsCommandData {
		if data, ok = c.decrypt(c.lastAns, f.data); !ok {
			return nil, false
		}
	} else if f.block[0] != scsCommandMAC || len(f.data) != 0 {
		return nil, false
	}
	c.lastCmd = mac
	return data, true
}

// seal makes the frame of an answer: data encrypted, MAC behind. shape is a block in which
// the data is left as it is; 0: none.
func (c *osdpChannel) seal(f osdpFrame, shape byte) []byte {
	f.block = []byte{scsAnswerMAC}
	switch {
	case shape != 0:
		f.block = []byte{shape}
	case len(f.data) > 0:
		f.block = []byte{scsAnswerData}
		f.data = c.encrypt(c.lastCmd, f.data)
	}
	p := buildOSDP(f, osdpMAC)
	c.lastAns = c.sum(c.lastCmd, p)
	return closeOSDP(append(p, c.lastAns[:osdpMAC]...), f.crc)
}

// sum is the MAC of a message (annex D.5.1): a CBC chain from the other side's last MAC
// on, with the first key for all blocks but the last.
func (c *osdpChannel) sum(iv [16]byte, p []byte) [16]byte {
	if len(p)%16 != 0 {
		p = osdpPad(p)
	}
	x := iv
	for ; len(p) > 0; p = p[16:] {
		subtle.XORBytes(x[:], x[:], p[:16])
		key := c.mac1
		if len(p) == 16 {
			key = c.mac2
		}
		key.Encrypt(x[:], x[:])
	}
	return x
}

// encrypt and decrypt are AES-CBC from the inverted last MAC of the other side on, with
// padding in any case (annex D.5.2).
func (c *osdpChannel) encrypt(mac [16]byte, p []byte) []byte {
	p = osdpPad(p)
	cipher.NewCBCEncrypter(c.enc, inverted(mac)).CryptBlocks(p, p)
	return p
}

func (c *osdpChannel) decrypt(mac [16]byte, p []byte) ([]byte, bool) {
	if len(p) == 0 || len(p)%16 != 0 {
		return nil, false
	}
	p = bytes.Clone(p)
	cipher.NewCBCDecrypter(c.enc, inverted(mac)).CryptBlocks(p, p)
	p = bytes.TrimRight(p, "\x00")
	return bytes.CutSuffix(p, []byte{0x80})
}

// osdpPad fills a copy of p up to whole blocks: 80, then zeros.
func osdpPad(p []byte) []byte {
	p = append(bytes.Clone(p), 0x80)
	return append(p, make([]byte, (16-len(p)%16)%16)...)
}

func inverted(mac [16]byte) []byte {
	for i := range mac {
		mac[i] = ^mac[i]
	}
	return mac[:]
}

// encryptBlock encrypts up to 16 bytes, filled up with zeros.
func encryptBlock(b cipher.Block, p []byte) []byte {
	var x [16]byte
	copy(x[:], p)
	b.Encrypt(x[:], x[:])
	return x[:]
}

// mustAES makes a cipher of a key that has 16 bytes.
func mustAES(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return b
}
