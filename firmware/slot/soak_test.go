//go:build soak

package slot_test

import "testing"

// Issue 12, 2: 300,000 updates in which the power fails up to four times, wherever that is.
func TestSoakPowerCuts(t *testing.T) {
	cutWhileRecovering(t, 300_000, 490)
}
