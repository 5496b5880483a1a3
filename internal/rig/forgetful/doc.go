// Package forgetful is a file system in memory that knows what a power cut would leave of
// it: what was synced is kept, and of the rest nothing, all, or some blocks in any order,
// one of them torn. The kernel mounts it (FUSE), so that a program on it makes its real
// system calls. It has one folder of plain files.
//
// fsync(2) and fdatasync(2) of a file keep its content and its size. A name, new or
// changed, is kept by fsync of the folder only.
package forgetful
