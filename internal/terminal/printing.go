package terminal

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"slices"

	"badged/internal/config"
	"badged/internal/cups"
	"badged/internal/health"
	"badged/internal/printjobs"
	"badged/internal/terminal/plan"
)

// printersOf returns the print queue of each print point with a printer, by the point's name.
func printersOf(cfg *config.Config) map[string]string {
	list := map[string]string{}
	for _, p := range cfg.Points {
		if p.Printer != "" {
			list[p.Name] = p.Printer
		}
	}
	return list
}

// printAccount is the user name by which the agent asks the print server.
func printAccount(cfg config.Print) (string, error) {
	if cfg.Account != "" {
		return cfg.Account, nil
	}
	me, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find out as whom to ask the print server: %w; or set account in [print]", err)
	}
	return me.Username, nil
}

// openPrinting makes the service of held print jobs, if a print point has a printer.
func (t *terminal) openPrinting() error {
	cfg := t.plan.Config.Print
	printers := printersOf(t.plan.Config)
	if len(printers) == 0 {
		return nil
	}
	account, err := printAccount(cfg)
	if err != nil {
		return err
	}
	t.printing = printjobs.New(printjobs.Options{
		Server: cups.New(cfg.Socket, account), Socket: cfg.Socket, Queues: cfg.Queues, Printers: printers,
		Rules: printjobs.OwnerRules{Domains: cfg.Domains, TrustProfiles: cfg.TrustProfiles},
		Panel: t.agent, Editable: func() bool { return t.store.Index().Site().EditProfile },
		KeepFor: cfg.KeepFor, Health: t.health, Log: t.log,
	})
	return nil
}

// CheckPrinting checks the print server that a plan names, and returns a line for each thing
// that badged needs otherwise. If another user than the agent's runs it, it leaves out what
// only the agent may see.
func CheckPrinting(ctx context.Context, p *plan.Plan) (lines []string) {
	cfg, printers := p.Config.Print, []string{}
	for _, queue := range printersOf(p.Config) {
		printers = append(printers, queue)
	}
	if len(printers) == 0 {
		return nil
	}
	slices.Sort(printers)
	account, err := printAccount(cfg)
	if err != nil {
		return []string{err.Error()}
	}
	uid, _, err := ownerOf(p.Config.StateDir)
	items := printjobs.Probe(ctx, printjobs.ProbeOptions{
		Server: cups.New(cfg.Socket, account), Socket: cfg.Socket, Queues: cfg.Queues, Printers: slices.Compact(printers),
		Agent: err == nil && uid == os.Geteuid(), // the agent runs as the owner of its state
	})
	for _, it := range items {
		if it.State != health.OK {
			lines = append(lines, it.Name+": "+it.Text+" ("+it.Do+")")
		}
	}
	return lines
}
