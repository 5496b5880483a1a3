package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

func (p *program) doorCommand() *cobra.Command {
	remove := &cobra.Command{
		Use: "remove DOOR", Short: "Remove a door with its grants", Args: cli.Args(1), Example: "  badgehub door remove lab",
		RunE: ask(p, send[any, none]("DELETE", "/v1/doors/{}", nothing), done("The door is gone, and its grants.")),
	}
	doors := list(p, "list", "List doors", "  badgehub door list\n  badgehub door list --group labs --search north", "/v1/doors", "NAME\tGROUP\tANONYMOUS\tFRESH-FOR\tSTALE\tUNKNOWN TIME",
		func(d api.Door) string {
			return tabbed(d.ID, d.Group, fmt.Sprint(d.Anonymous), freshFor(d), d.Stale, d.UnknownTime)
		}, func(c *cobra.Command, q *query) {
			q.named(c, searchName, "name (unless said), or group", "name", "group")
			q.flag(c, "group", "doors of this group")
		})
	return cli.Group("door", "Doors of the site", p.doorAdd(), doors, p.doorWho(), p.doorTry(), remove)
}

func (p *program) doorAdd() *cobra.Command {
	var anonymous bool
	var fresh time.Duration
	var stale, unknownTime, group string
	add := &cobra.Command{
		Use: "add DOOR", Short: "Make a door, or change the settings that are given", Args: cli.Args(1),
		Example: "  badgehub door add front\n  badgehub door add lab --group labs --fresh-for 24h --stale staff",
	}
	f := add.Flags()
	f.StringVar(&group, "group", "", "doors that get grants together; empty: none")
	f.BoolVar(&anonymous, "anonymous", false, "unknown cards make anonymous accounts here")
	f.DurationVar(&fresh, "fresh-for", 0, "how long its terminal may be without the hub, 1m or more; 0s: 72h (new door: 72h)")
	f.StringVar(&stale, "stale", "", "after that: deny, staff or allow (new door: deny)")
	f.StringVar(&unknownTime, "unknown-time", "", "time-limited grants without a known time: deny, staff or allow (new door: deny)")
	add.RunE = ask(p, func(ctx context.Context, c *api.Client, args []string) (api.Door, error) {
		seconds := int64((fresh + time.Second - 1) / time.Second) // half a second is not 0, which means 72h
		return c.SetDoor(ctx, api.DoorPatch{
			ID: args[0], Group: given(f.Changed, "group", &group), Anonymous: given(f.Changed, "anonymous", &anonymous),
			FreshFor: given(f.Changed, "fresh-for", &seconds),
			Stale:    given(f.Changed, "stale", &stale), UnknownTime: given(f.Changed, "unknown-time", &unknownTime),
		})
	}, func(w io.Writer, d api.Door) {
		printText(w, "door\t%s\ngroup\t%s\nanonymous\t%t\nfresh-for\t%s\nstale\t%s\nunknown-time\t%s\n",
			d.ID, d.Group, d.Anonymous, freshFor(d), d.Stale, d.UnknownTime)
	})
	return add
}

// freshFor is a door's time without the hub as a person writes it: 24h, not 24h0m0s.
func freshFor(d api.Door) string {
	life := 72 * time.Hour
	if d.FreshFor > 0 {
		life = time.Duration(d.FreshFor) * time.Second
	}
	text := life.String()
	if cut, ok := strings.CutSuffix(text, "m0s"); ok {
		text = cut + "m"
	}
	if cut, ok := strings.CutSuffix(text, "h0m"); ok {
		text = cut + "h"
	}
	return text
}

func (p *program) grantCommand() *cobra.Command {
	grants := list(p, "list", "List grants", "  badgehub grant list --door front", "/v1/grants", "ID\tGRANT",
		func(g api.Grant) string { return tabbed(g.ID, p.grantLine(g)) }, func(c *cobra.Command, q *query) {
			q.flag(c, "account", "of this account itself")
			q.flag(c, "group", "of this group")
			q.flag(c, "door", "at this door itself")
			q.flag(c, "door-group", "at this group of doors")
		})
	remove := &cobra.Command{
		Use: "remove GRANT", Short: "End a grant", Args: cli.Args(1), Example: "  badgehub grant remove 5b0c...",
		RunE: ask(p, send[any, none]("DELETE", "/v1/grants/{}", nothing), done("The grant has ended.")),
	}
	return cli.Group("grant", "Who may use which door, and when", p.grantAdd(), grants, remove)
}

func (p *program) grantAdd() *cobra.Command {
	var n api.NewGrant
	var groups, doorGroups bool
	c := &cobra.Command{
		Use: "add WHO DOOR", Short: "Let an account or a group use a door or a group of doors, or deny it", Args: cli.Args(2),
		Example: "  badgehub grant add ada@example.com front\n" +
			"  badgehub grant add Staff labs --group --door-group --schedule office\n" +
			"  badgehub grant add anonym7 lab --from 2030-01-01 --to 2030-02-01     # the last day is included",
	}
	f := c.Flags()
	f.BoolVar(&groups, "group", false, "WHO is a group")
	f.BoolVar(&doorGroups, "door-group", false, "DOOR is a group of doors")
	f.StringVar(&n.Schedule, "schedule", "", "only at the hours of this schedule")
	f.StringVar(&n.From, "from", "", "from this day, or time in RFC 3339, on")
	f.StringVar(&n.To, "to", "", "until the end of this day, or until a time in RFC 3339")
	f.BoolVar(&n.Deny, "deny", false, "deny it, whatever other grants say")
	c.RunE = ask(p, send[api.NewGrant, api.Grant]("POST", "/v1/grants", func(args []string) (api.NewGrant, error) {
		who, where := &n.Account, &n.Door
		if groups {
			who = &n.Group
		}
		if doorGroups {
			where = &n.DoorGroup
		}
		*who, *where = args[0], args[1]
		return n, nil
	}), func(w io.Writer, g api.Grant) {
		if g.Existed {
			printText(w, "That grant is there already.\n")
		}
		printText(w, "grant %s: %s\n", g.ID, p.grantLine(g))
	})
	return c
}

func (p *program) grantLine(g api.Grant) string {
	who, where := g.AccountName, g.Door
	if g.Group != "" {
		who = p.tr("group") + " " + g.Group
	}
	if g.DoorGroup != "" {
		where = p.tr("doors of") + " " + g.DoorGroup
	}
	verb := p.tr("may use")
	if g.Deny {
		verb = p.tr("may not use")
	}
	line := fmt.Sprintf("%s %s %s", who, verb, where)
	if g.Schedule != "" {
		line += ", " + p.tr("schedule") + " " + g.Schedule
	}
	if !g.From.IsZero() {
		line += ", " + p.tr("from") + " " + clock(g.From)
	}
	if !g.To.IsZero() {
		line += ", " + p.tr("until") + " " + clock(g.To)
	}
	if !g.To.IsZero() && g.To.Before(time.Now()) {
		line += p.tr(" (over)")
	}
	if g.Rests {
		line += p.tr(" (rests: the account has not both a first and a last name)")
	}
	return line
}

func (p *program) scheduleCommand() *cobra.Command {
	set := &cobra.Command{
		Use: "set SCHEDULE WINDOW...", Short: "Make a schedule, or give one other windows", Args: cli.ArgsAtLeast(2),
		Example: "  badgehub schedule set office mon-fri/08:00-18:30 sat/09:00-12:00\n" +
			"  badgehub schedule set always mon-sun,holiday/00:00-24:00",
		RunE: ask(p, send[api.Schedule, api.Schedule]("POST", "/v1/schedules", func(args []string) (api.Schedule, error) {
			s := api.Schedule{Name: args[0], Windows: []api.Window{}}
			for _, text := range args[1:] {
				w, err := parseWindow(text)
				if err != nil {
					return s, err
				}
				s.Windows = append(s.Windows, w)
			}
			return s, nil
		}), func(w io.Writer, s api.Schedule) { printText(w, "schedule %s: %s\n", s.Name, p.windows(s)) }),
	}
	schedules := list(p, "list", "List schedules", "  badgehub schedule list", "/v1/schedules", "SCHEDULE\tOPEN",
		func(s api.Schedule) string { return tabbed(s.Name, p.windows(s)) }, func(c *cobra.Command, q *query) {
			q.named(c, searchName, byNameOrNewest, "name", "created")
		})
	remove := &cobra.Command{
		Use: "remove SCHEDULE", Short: "Remove a schedule that no grant names", Args: cli.Args(1), Example: "  badgehub schedule remove office",
		RunE: ask(p, send[any, none]("DELETE", "/v1/schedules/{}", nothing), done("The schedule is gone.")),
	}
	return cli.Group("schedule", "When grants are in force", set, schedules, remove)
}

// weekdays are the names of a window's days, in their order.
var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"}

// parseWindow reads mon-fri,holiday/08:00-18:30.
func parseWindow(text string) (w api.Window, err error) {
	bad := cli.Usagef("%q is not a window such as mon-fri/08:00-18:30 or sat,holiday/09:00-12:00", text)
	dayText, hours, ok1 := strings.Cut(text, "/")
	from, to, ok2 := strings.Cut(hours, "-")
	if !ok1 || !ok2 {
		return w, bad
	}
	w.From, w.To = from, to
	for part := range strings.SplitSeq(dayText, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		i, j := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if i < 0 || j < i {
			return w, bad
		}
		w.Days = append(w.Days, weekdays[i:j+1]...)
	}
	return w, nil
}

func (p *program) windows(s api.Schedule) string {
	if all := windowsOf(s); len(all) > 0 {
		return strings.Join(all, "; ")
	}
	return p.tr("never")
}

// windowsOf are the windows of a schedule as `schedule set` takes them, but for the comma
// between days.
func windowsOf(s api.Schedule) (all []string) {
	for _, w := range s.Windows {
		all = append(all, fmt.Sprintf("%s %s-%s", strings.Join(w.Days, ","), w.From, w.To))
	}
	return all
}

func (p *program) holidayCommand() *cobra.Command {
	add := &cobra.Command{
		Use: "add DAY [NAME]", Short: "Make a day a holiday", Args: cli.ArgsBetween(1, 2), Example: "  badgehub holiday add 2026-12-25 Noël",
		RunE: ask(p, send[api.Holiday, api.Holiday]("POST", "/v1/holidays", func(args []string) (api.Holiday, error) {
			return api.Holiday{Day: args[0], Name: strings.Join(args[1:], " ")}, nil
		}), func(w io.Writer, h api.Holiday) { printText(w, "holiday %s %s\n", h.Day, h.Name) }),
	}
	days := list(p, "list", "List holidays", "  badgehub holiday list --since today", "/v1/holidays", "DAY\tNAME",
		func(h api.Holiday) string { return tabbed(h.Day, h.Name) }, func(c *cobra.Command, q *query) {
			q.named(c, searchName, "day (unless said), or latest (the latest day first)", "day", "latest")
			q.flag(c, "since", "from today or a day (2030-01-31) on")
		})
	remove := &cobra.Command{
		Use: "remove DAY", Short: "Make a day an ordinary one", Args: cli.Args(1), Example: "  badgehub holiday remove 2026-12-25",
		RunE: ask(p, send[any, none]("DELETE", "/v1/holidays/{}", nothing), done("It is an ordinary day.")),
	}
	return cli.Group("holiday", "Days on which schedules keep their holiday hours", add, days, remove)
}
