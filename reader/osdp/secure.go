package osdp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// The lengths of the secure channel.
const (
	blockLen  = aes.BlockSize
	randomLen = 8
	cuidLen   = 8
	cryptLen  = cuidLen + randomLen + blockLen // data of CCRYPT

	paddingMark = 0x80
)

// session is one secure channel (SIA OSDP 2.2, annex D.2 to D.5). Both sides make the
// same keys from the base key and a random number of the host; each message has a MAC
// that depends on all messages before it.
//
//	host                                  reader
//	CHLNG  RND.A              ------->
//	                          <-------    CCRYPT  cUID, RND.B, E(RND.A ‖ RND.B)
//	SCRYPT E(RND.B ‖ RND.A)   ------->
//	                          <-------    RMAC_I  E2(E1(server cryptogram))
//
// E encrypts with S-ENC, E1 and E2 with S-MAC1 and S-MAC2.
type session struct {
	enc, mac1, mac2 cipher.Block
	rndA, rndB      [randomLen]byte
	cmac, rmac      [blockLen]byte // the whole MAC of the last command and reply
}

// newSession makes the session's keys (annex D.4.1).
func newSession(key Key, rndA [randomLen]byte) *session {
	base := newAES([]byte(key.Reveal()))
	derive := func(kind byte) cipher.Block {
		x := [blockLen]byte{0x01, kind}
		copy(x[2:], rndA[:6])
		base.Encrypt(x[:], x[:])
		return newAES(x[:])
	}
	return &session{enc: derive(0x82), mac1: derive(0x01), mac2: derive(0x02), rndA: rndA}
}

// newAES makes a cipher of a key that has 16 bytes.
func newAES(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return b
}

// checkCryptogram takes the data of CCRYPT and reports whether the reader's cryptogram shows
// that it has the key (annex D.4.2).
func (s *session) checkCryptogram(crypt []byte) bool {
	if len(crypt) != cryptLen {
		return false
	}
	copy(s.rndB[:], crypt[cuidLen:])
	want := s.makeCryptogram(s.rndA, s.rndB)
	return equalBytes(want[:], crypt[cuidLen+randomLen:])
}

// hostCryptogram is the cryptogram by which the host shows that it has the key (annex D.4.3).
func (s *session) hostCryptogram() [blockLen]byte { return s.makeCryptogram(s.rndB, s.rndA) }

func (s *session) makeCryptogram(first, second [randomLen]byte) (x [blockLen]byte) {
	copy(x[:], first[:])
	copy(x[randomLen:], second[:])
	s.enc.Encrypt(x[:], x[:])
	return x
}

// startMACs takes the data of RMAC_I, with which the chain of MACs starts, and reports
// whether it is the right one (annex D.4.4).
func (s *session) startMACs(rmac []byte) bool {
	want := s.hostCryptogram()
	s.mac1.Encrypt(want[:], want[:])
	s.mac2.Encrypt(want[:], want[:])
	s.rmac = want
	return equalBytes(want[:], rmac)
}

// sealFrame appends a command to dst, which must be empty: data encrypted, MAC and check
// behind. A command without data has a MAC only (annex D.1.3).
func (s *session) sealFrame(dst []byte, f frame) []byte {
	f.block = []byte{scsCommand}
	if len(f.data) > 0 {
		f.block = []byte{scsCommandData}
		f.data = s.encryptData(&s.rmac, f.data)
	}
	p := f.appendHead(dst, macLen)
	s.cmac = s.macOf(&s.rmac, p[1:])
	return f.appendCheck(append(p, s.cmac[:macLen]...))
}

// openFrame checks the MAC of a frame of either side and decrypts its data, in place: whole
// tells whether that was possible. Data that a side sends unencrypted under its MAC stays
// as it is; data that cannot be decrypted is left out. If open reports false, the session
// is as it was.
func (s *session) openFrame(f *frame) bool {
	if !f.hasMAC() {
		return false
	}
	other, own, encrypted := &s.rmac, &s.cmac, byte(scsCommandData)
	if f.reply {
		other, own, encrypted = &s.cmac, &s.rmac, scsReplyData
	}
	sum := s.macOf(other, f.signedPart())
	if !equalBytes(sum[:macLen], f.mac) {
		return false
	}
	if f.kind() == encrypted {
		f.data, f.whole = s.decryptData(other, f.data)
	}
	*own = sum
	return true
}

// macOf is the whole MAC of a message: CBC from the other side's last MAC on, with S-MAC2
// for the last block and S-MAC1 for those before (annex D.5.1).
func (s *session) macOf(other *[blockLen]byte, p []byte) [blockLen]byte {
	x := *other
	for len(p) > blockLen {
		subtle.XORBytes(x[:], x[:], p[:blockLen])
		s.mac1.Encrypt(x[:], x[:])
		p = p[blockLen:]
	}
	var last [blockLen]byte
	if n := copy(last[:], p); n < blockLen {
		last[n] = paddingMark
	}
	subtle.XORBytes(x[:], x[:], last[:])
	s.mac2.Encrypt(x[:], x[:])
	return x
}

// encryptData gives data, always padded, encrypted by CBC from the inverse of the other
// side's last MAC on (annex D.5.2).
func (s *session) encryptData(other *[blockLen]byte, data []byte) []byte {
	p := make([]byte, (len(data)/blockLen+1)*blockLen)
	p[copy(p, data)] = paddingMark
	cipher.NewCBCEncrypter(s.enc, invertMAC(other)).CryptBlocks(p, p)
	return p
}

// decryptData is the opposite. Whole blocks without padding are data too: some readers save
// it. The MAC has vouched for them.
func (s *session) decryptData(other *[blockLen]byte, p []byte) ([]byte, bool) {
	if len(p)%blockLen != 0 {
		return nil, false
	}
	cipher.NewCBCDecrypter(s.enc, invertMAC(other)).CryptBlocks(p, p)
	if q, ok := bytes.CutSuffix(bytes.TrimRight(p, "\x00"), []byte{paddingMark}); ok {
		return q, true
	}
	return p, true
}

func invertMAC(mac *[blockLen]byte) []byte {
	x := *mac
	for i := range x {
		x[i] = ^x[i]
	}
	return x[:]
}

// equalBytes compares without telling by its time where the first difference is.
func equalBytes(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
