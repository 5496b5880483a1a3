//go:build cards && soak

package flash_test

import (
	"testing"

	"badged/firmware/board"
)

// Issue 12, 2: cards of all boards and sizes, before the judges.
func TestSoakJudges(t *testing.T) {
	judgeCards(t, board.Names(), []int64{400 << 20, 512 << 20, 1_000_000_000, 2 << 30, 4<<30 + 512, 31_914_983_424, 128_177_930_240})
}
