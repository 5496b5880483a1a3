// Package bundle is the one signed file that terminals are flashed and updated with. It is
// pure: bytes in, verified bytes out.
//
//	"badged-bundle-1\n"            16 bytes
//	u32 length, trust              statements, oldest first: who may sign, from which version on
//	u32 length, release            one statement: what the bundle holds
//	chunks                         zstd, one frame each, in the order of the release, to the end of the file
//
// A statement is something that was signed:
//
//	u8 count, then for each signature: public key (32 bytes), Ed25519 signature (64 bytes)
//	u32 length, payload            JSON
//
// Integers are big-endian. A signature covers a word for the kind of statement, a zero byte and
// the payload, so that a statement of one kind is never taken for the other.
//
//	             known Trust
//	                  │ Follow: each new version signed by enough root keys
//	                  ▼         of the version before it and of its own
//	bundle ──► trust ──► newest Trust
//	       ──► release ──► signed by enough release keys ──► Release ──► hash of each chunk ──► bytes
//
// Nothing is parsed as JSON, and nothing reaches the decompressor, before it was verified.
// Size and hash of every chunk stand in the release, and the chunks must fill the file exactly:
// a signature always covers the whole bundle.
//
// The rules are those of The Update Framework (threshold of keys, key rotation by a chain,
// no rollback, an end against freezing, no mixing), with one file and two roles instead of four
// of each.
package bundle
