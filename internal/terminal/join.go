package terminal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"badged/internal/terminal/plan"
	"badged/sync/identity"
)

// Join exchanges a token for an identity and stores it in the plan's state folder. If root
// runs it, it changes to the owner of that folder, because the agent will run as that user.
func Join(ctx context.Context, p *plan.Plan, token string) (*identity.Identity, error) {
	if err := p.CheckFile(); err != nil {
		return nil, err // root must not act for whoever a stranger's configuration names
	}
	if err := becomeOwner(p.Config.StateDir); err != nil {
		return nil, err
	}
	if err := p.CheckTrust(); err != nil {
		return nil, err
	}
	t, err := identity.ParseToken(token)
	if err != nil {
		return nil, err
	}
	return identity.Join(ctx, t, p.Config.StateDir)
}

// becomeOwner changes from root to the owner of dir, so that new files there belong to the
// user that the agent runs as. It does nothing for other users, and where dir belongs to
// root or does not exist yet.
func becomeOwner(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := ownerOf(dir)
	if err != nil || uid == 0 {
		return err
	}
	if err := errors.Join(syscall.Setgroups([]int{gid}), syscall.Setgid(gid), syscall.Setuid(uid)); err != nil {
		return fmt.Errorf("become user %d, whom state_dir %s belongs to: %w", uid, dir, err)
	}
	return nil
}

// ownerOf returns the owner of dir; root if dir does not exist.
func ownerOf(dir string) (uid, gid int, err error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look whom state_dir belongs to: %w", err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid), nil
}
