package box

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"badged/sync/identity"
)

// A hub that was not reached, or that refuses, is asked again after joinWait, then twice as long each
// time.
const (
	joinWait     = 2 * time.Second
	mostJoinWait = time.Minute
)

// join makes this terminal one of its site, once: with the token of the card, or alone.
func (b *Box) join(ctx context.Context) error {
	if _, err := identity.Load(stateDir); !errors.Is(err, identity.ErrNotJoined) {
		return nil // what else is wrong with it, the agent says
	}
	if b.settings.Token.IsZero() {
		return b.standAlone()
	}
	for wait := joinWait; ; wait = min(2*wait, mostJoinWait) {
		b.agent.setState("joins the hub", false)
		cmd := exec.CommandContext(ctx, agentProgram, "join", b.settings.Token.Reveal(), "--config", configFile)
		cmd.Env = b.agent.env
		out, err := cmd.CombinedOutput()
		if err == nil {
			b.log.Info("joined the hub")
			return nil
		}
		b.agent.setState("has not joined the hub: "+lastLine(out), false)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// lastLine is what a program said last.
func lastLine(out []byte) string {
	text := strings.TrimRight(string(out), "\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// standAlone makes an identity for a terminal that has no hub.
func (b *Box) standAlone() error {
	id, err := identity.SelfMade(b.settings.Name, b.settings.Name)
	if err == nil {
		err = identity.Write(stateDir, id)
	}
	if err != nil {
		return err
	}
	return filepath.WalkDir(stateDir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, agentUser, badgedGID))
	})
}
