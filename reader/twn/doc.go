// Package twn decodes Elatec's readers: the lines of text that a TWN3 or TWN4 sends by
// itself (NewLines), and the Simple Protocol of a TWN4, in which the host asks (Simple).
package twn
