// Package syncsim plays a site in one process and from one seed: terminals with their real
// stores, engines and uplinks, and a real hub, on real SQLite files in memory. Network,
// disks and clocks are the simulation's. They lose, repeat, delay and reorder; terminals and
// the hub crash, go back to older disks and are copied; clocks jump; one terminal is removed
// and another one is a rogue. When the faults end, what everybody was told must hold. There
// is nothing to import: everything is in the tests.
package syncsim
