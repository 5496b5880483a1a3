// Package mfrc522 drives NXP's MFRC522 on an SPI bus of the board: the RC522 modules, and
// clones such as the FM17522. It reads UIDs of 4, 7 and 10 bytes of ISO 14443 A cards.
//
// periph's own driver (periph.io/x/devices/v3/mfrc522, v3.7.4) is not used. It takes the
// second part of a UID of 10 bytes for the end of one of 7, and so gives a number that
// several cards have; it does not select the card at the second level, which is what
// proves the number by a CRC; it drops errors of the chip, among them that two cards
// answer at once; it cannot do without an interrupt line; and each wait that fails leaves
// a goroutine behind. The bus is periph's.
//
// The chip does not notice cards by itself: a card is asked for every 50 ms, which an
// interrupt line would not change. It is reset by a command, so its reset pin (RST) is
// tied to 3.3 V.
//
// Source: NXP MFRC522, data sheet revision 3.9: 8.1.2 (SPI), 9 (registers), 10 (commands);
// ISO/IEC 14443-3, 6.4 and 6.5 (type A: WUPA, anticollision, SELECT, HLTA), annex B
// (CRC_A).
package mfrc522
