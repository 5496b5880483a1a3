// Package hid decodes readers that type a badge as a USB keyboard does ("keyboard
// wedge"), and keypads that are keyboards. It is fed input reports, one at a time.
//
// A report goes through three steps:
//
//	reports  bits -> keys that were pressed, as the report descriptor lays them out
//	writer   keys -> characters, by the keyboard layout that the reader types for
//	Decoder  characters -> cards: terminator, prefix, suffix, charset, length, pauses
//
// Sources: «Device Class Definition for Human Interface Devices», version 1.11 (HID):
// section 6.2.2 for report descriptors, 8 for reports, appendix B.1 for the boot
// keyboard. «HID Usage Tables», version 1.12 (HUT): section 10 for the usages of
// the keyboard page (07). The characters of the keys are those that Windows and Linux
// give for the layouts «US», «French (legacy, AZERTY)» and «German».
package hid
