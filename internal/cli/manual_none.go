//go:build !manual

package cli

import "github.com/spf13/cobra"

// offerManual adds nothing: a program that people install needs no generator of manuals.
func offerManual(*cobra.Command) {}
