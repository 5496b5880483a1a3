package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"badged/internal/config"
	"badged/internal/ctl"
)

// Commission implements ctl.Agent.
func (s *status) Commission(ctx context.Context, name string, d time.Duration, tell func(ctl.CommissionStep)) error {
	readers := s.plan.cfg.Readers
	i := slices.IndexFunc(readers, func(c config.Reader) bool { return c.Name == name })
	if i < 0 {
		return &ctl.Refusal{Status: http.StatusNotFound, Text: fmt.Sprintf("there is no reader %.40q (`badgectl readers` lists them)", name)}
	}
	return &ctl.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf("reader %q speaks %s, and only osdp has keys", name, readers[i].Protocol)}
}
