// Package archtest holds tests that keep the house in order: who may import whom,
// which package is the door to which library, how long files and functions get, and
// whether the documents still say what the programs do.
//
// The tests parse the files themselves, for every operating system and build tag.
// They do not ask the go command: its answers are not among the inputs that the test
// cache watches, and a cached pass would hide an illegal import.
package archtest
