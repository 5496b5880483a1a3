package sqlite

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// The scratch memory of a split, see reserveScratch.
const (
	scratchSlots = 4
	scratchSize  = 4096     // of a page; one in the cache has a head too, and fits in no slot
	scratchCells = 12 << 10 // of the list of cells of the pages beside it
)

// reserveScratch reserves memory for what SQLite asks for whenever it splits a page of a
// table, and gives back at once: some slots of a page's size (SQLITE_CONFIG_PAGECACHE,
// https://sqlite.org/malloc.html#pagecache), and one block of a list's size that stays, so
// that the piece in which such blocks lie is never empty. The allocator of the translation
// maps pieces of 64 KiB from the kernel, and unmaps them when they are empty: without this,
// that is a tenth of the work of inserting rows. Where SQLite runs already, it works without
// the slots.
func reserveScratch(tls *libc.TLS) {
	slots := libc.Xmalloc(tls, scratchSlots*scratchSize)
	const size = 3 * 8
	args := tls.Alloc(size)
	defer tls.Free(size)
	if slots != 0 && lib.Xsqlite3_config(tls, lib.SQLITE_CONFIG_PAGECACHE, libc.VaList(args, slots, int32(scratchSize), int32(scratchSlots))) != lib.SQLITE_OK {
		libc.Xfree(tls, slots)
	}
	lib.Xsqlite3_malloc(tls, scratchCells)
}
