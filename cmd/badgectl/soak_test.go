//go:build cards && soak

package main

import "testing"

// FIRMWARE's goal: 50 terminals, each with its own settings on its card.
func TestSoakRosterOf50(t *testing.T) { flashRoster(t, 50) }
