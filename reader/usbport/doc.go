// Package usbport feeds the reports of USB readers to a decoder, and hides what keyboards
// type from the console and the panel. It is the only importer of go-evdev, and the only
// package that knows hidraw.
//
// A reader that types its number is a keyboard to Linux, which shows it in three
// places, all below one interface of one USB device:
//
//	/sys/devices/.../usb1/1-1/1-1.2              the device, in the port 1-1.2
//	    1-1.2:1.0                                its interface 0
//	        0003:08FF:0009.0001                  what the HID layer made of it
//	            hidraw/hidraw0                   the reports as they came: /dev/hidraw0
//	            input/input5/event3              the keys that they mean: /dev/input/event3
//
// The reports are read from hidraw, where nothing is lost to a keyboard layout.
// Reading them does not keep the keys from the console, and taking the event node
// for oneself (EVIOCGRAB) does not keep them from hidraw, so a Port does both. It
// takes the event nodes of the whole device, because a composite device may type
// on any of its interfaces.
//
// Between the moment in which the kernel knows a new keyboard and the one in which
// it has an event node to take, its keys would reach the console. Where the agent
// may (as root, Linux 5.11 and later) it closes that gap by the input device's
// attribute "inhibited" and by making the text console deaf for a moment, and undoes
// both when the event node is taken.
//
// It finds plugged-in devices by the kernel's uevents. It does not rely on node numbers: it
// looks a device up by its Spec each time.
//
// Sources: Documentation/hid/hidraw.rst, Documentation/input/input.rst and
// include/uapi/linux/{hidraw,input,usbdevice_fs}.h of Linux; Device Class
// Definition for HID 1.11; netlink(7).
package usbport
