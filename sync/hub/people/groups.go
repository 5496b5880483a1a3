package people

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// maxGroupName bounds the name of a group, in bytes.
const maxGroupName = 100

// FindGroup finds a group by its name, whatever the case.
func FindGroup(tx Tx, ref string) (Group, error) {
	ref = profile.CleanName(ref)
	if ref == "" {
		return Group{}, refuse(refusal.Invalid, CodeGroupRefEmpty, nil)
	}
	if len(ref) > maxGroupName || !profile.IsText(ref) {
		return Group{}, refuseGroupName()
	}
	g, err := tx.GroupByName(ref)
	if errors.Is(err, ErrNotFound) {
		err = refuse(refusal.Missing, CodeGroupNotFound, refusal.Fields{"group": ref})
	}
	return g, err
}

// AddGroup makes a group.
func AddGroup(tx Tx, name string) (Group, error) {
	name, err := cleanGroupName(name)
	if err != nil {
		return Group{}, err
	}
	g, err := tx.AddGroup(name)
	if err != nil {
		return g, refuseTaken(err, name)
	}
	return g, tx.Record(audit.Change{Action: "group.add", Object: groupObject(g), After: map[string]any{"name": name}})
}

// RenameGroup gives a group another name.
func RenameGroup(tx Tx, g Group, name string) (Group, error) {
	name, err := cleanGroupName(name)
	if err != nil || name == g.Name {
		return g, err
	}
	former := g.Name
	g.Name = name
	if err := tx.PutGroup(g); err != nil {
		return g, refuseTaken(err, name)
	}
	return g, tx.Record(audit.Change{
		Action: "group.rename", Object: groupObject(g), Before: map[string]any{"name": former}, After: map[string]any{"name": name},
	})
}

// RemoveGroup ends a group; its members stay. Its rights are access's to remove.
func RemoveGroup(tx Tx, g Group) error {
	if err := tx.DropGroup(g.ID); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "group.remove", Object: groupObject(g), Before: map[string]any{"name": g.Name}})
}

// SetMember puts an account in a group, or takes it out, and reports whether it was not so
// already. To be in a group that gives doors is a right at doors, so whoever changes it needs the
// one to manage those.
func SetMember(tx Tx, g Group, account ID, member bool) (changed bool, err error) {
	a, err := getLive(tx, account)
	if err != nil {
		return false, err
	}
	groups, err := tx.GroupsOf(account)
	if err != nil || slices.Contains(groups, g.ID) == member {
		return false, err
	}
	if err := errors.Join(NeedRank(tx, a), NeedGroup(tx, g.ID)); err != nil {
		return false, err
	}
	if err := tx.SetMember(g.ID, account, member); err != nil {
		return false, err
	}
	action := "group.leave"
	if member {
		action = "group.join"
	}
	return true, tx.Record(audit.Change{Action: action, Object: HexID(account), Subject: account, After: map[string]any{"group": g.Name}})
}

// NeedGroup refuses an account that may not change who is in a group.
func NeedGroup(tx Tx, group uint64) error {
	gives, err := tx.GivesDoors(group)
	if err != nil || !gives {
		return err
	}
	return NeedRight(tx, ManageDoors)
}

func cleanGroupName(name string) (string, error) {
	name = CleanName(name)
	if len(name) > maxGroupName || !profile.IsText(name) || strings.Trim(NameKey(name), " .-_") == "" {
		return "", refuseGroupName()
	}
	return name, nil
}

func refuseGroupName() error {
	return refuse(refusal.Invalid, CodeGroupName, refusal.Fields{"most": maxGroupName})
}

func refuseTaken(err error, name string) error {
	if errors.Is(err, ErrTaken) {
		return refuse(refusal.Conflict, CodeGroupTaken, refusal.Fields{"group": name})
	}
	return err
}

func groupObject(g Group) string { return "group " + strconv.FormatUint(g.ID, 10) }
